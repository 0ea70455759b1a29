import type { LeakedPasswordsConfig } from '../config/config.ts';
import { sha1Of } from '../crypto/passwords/sha1.ts';
import { AuthError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Outbound } from '../outbound/outbound.ts';
import { OutboundError } from '../outbound/outbound-error.ts';
import { version } from '../version.ts';
import { createRangeCache } from './range-cache.ts';

export type LeakedPasswords = {
  /**
   * Tells whether a password is known from data leaks. The service learns the first 20 bits of its SHA-1 hash only.
   * @throws AuthError `unavailable` if the service does not answer and PWNED_PASSWORDS is `closed`
   */
  isLeaked(password: string): Promise<boolean>;
};

/** How many questions are asked at once. While the service is slow, new passwords must not fill the whole gateway. */
const MAX_QUESTIONS = 50;

/** The digits of a hash that the service learns. About a million ranges hold some 900 hashes each. */
const PREFIX_LENGTH = 5;

/** The rest of a hash and how often it leaked, for example `0018A45C4D1DEF81644B54AB7F969B88D65:3`. */
const LINE = /^([0-9A-F]{35}):(\d+)$/;

/** Reads an answer. Entries with a count of zero are padding: they hide how many hashes the range has. */
function parseRange(text: string): Set<string> {
  const found = new Set<string>();
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const [, rest, count] = LINE.exec(line.trim().toUpperCase()) ?? [];
    if (rest === undefined) throw new OutboundError('unusable_answer');
    if (Number(count) > 0) found.add(rest);
  }
  return found;
}

/** Creates the check against the service Have I Been Pwned, or one with the same API. Without a configuration it finds nothing. */
export function createLeakedPasswords(
  config: LeakedPasswordsConfig | null,
  { outbound, log }: { outbound: Outbound; log: Log },
): LeakedPasswords {
  if (config === null) return { isLeaked: async () => false };
  let questions = 0;
  const headers = { 'add-padding': 'true', 'user-agent': `Portcullis/${version}` };
  const ask = async (prefix: string): Promise<Set<string>> => {
    if (questions >= MAX_QUESTIONS) throw new OutboundError('busy');
    questions += 1;
    try {
      const url = new URL(`range/${prefix}`, config.url);
      const { status, body } = await outbound.request(url, { method: 'GET', headers });
      if (status !== 200 || body === null) throw new OutboundError('unusable_answer');
      return parseRange(body.toString('latin1'));
    } finally {
      questions -= 1;
    }
  };
  const findRange = createRangeCache(ask);
  return {
    async isLeaked(password) {
      const hash = sha1Of(password);
      try {
        return (await findRange(hash.slice(0, PREFIX_LENGTH))).has(hash.slice(PREFIX_LENGTH));
      } catch (error) {
        if (!(error instanceof OutboundError)) throw error;
        log.warn({ reason: error.code }, 'A password could not be looked up in data leaks.');
        if (config.unavailable === 'accept') return false;
        throw new AuthError('unavailable', { retryAfterSeconds: 5 });
      }
    },
  };
}
