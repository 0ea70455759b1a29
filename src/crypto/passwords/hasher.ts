import { hash, verify } from 'argon2';
import { AuthError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { HashGate } from '../hash-gate.ts';
import { ARGON2_PARAMETERS, isOwnHash, OWN_KIND } from './argon2.ts';
import { createFailurePace } from './failure-pace.ts';
import { HashError, type StoredHash } from './hash-parts.ts';
import { readStoredHash } from './stored-hash.ts';
import { isPasswordText, isPasswordTooLong, normalizePassword } from './text.ts';

export type PasswordHasher = {
  /** Hashes a password with argon2id, in PHC format. @throws AuthError `invalid` if it is not well-formed, `busy` */
  hash(password: string): Promise<string>;
  /**
   * Tells whether the password fits the hash, which may be one of another system. The hash is null for an unknown user, or one
   * without a password. Then it does the same work against a hash that no password fits: the time does not disclose which accounts
   * exist. A stored text that is not a hash, or one that costs too much, is a hash that no password fits. The log names its owner.
   * @param userId the owner of the hash, for the log
   * @throws AuthError `busy`
   */
  verify(storedHash: string | null, password: string, userId?: string): Promise<boolean>;
  /** Tells whether the gateway would make another kind of hash today. Never throws. */
  isOutdated(storedHash: string): boolean;
  /** Learns how long foreign hashes take, from samples of those that are stored. Failed checks last as long from then on. @throws AuthError `busy` */
  learn(storedHashes: readonly string[]): Promise<void>;
};

export type HasherOptions = Readonly<{
  log: Log;
  /** Finds a key of Firebase by its id; null if not found. */
  findSignerKey(id: string): Promise<Buffer | null>;
}>;

/** A hash that is ready to be verified, with the key that it needs. */
type Target = { stored: StoredHash; signerKey: Buffer | null };

/** Creates a password hasher. Its hashes go through the gate. */
export async function createPasswordHasher(
  gate: HashGate,
  { log, findSignerKey }: HasherOptions,
): Promise<PasswordHasher> {
  const unmatchable = await hash(crypto.randomUUID(), ARGON2_PARAMETERS);
  const unfitting: Target = {
    stored: {
      kind: OWN_KIND,
      text: 'either',
      signerKeyId: null,
      fits: (password) => verify(unmatchable, password),
    },
    signerKey: null,
  };
  const pace = createFailurePace();

  async function readTarget(storedHash: string, userId: string | undefined): Promise<Target | null> {
    try {
      const stored = readStoredHash(storedHash);
      const { signerKeyId } = stored;
      const signerKey = signerKeyId === null ? null : await findSignerKey(signerKeyId);
      if (signerKeyId === null || signerKey !== null) return { stored, signerKey };
      log.error({ userId, signerKeyId }, 'A password hash needs a signer key that is not stored.');
    } catch (error) {
      if (!(error instanceof HashError)) throw error;
      log.error({ userId, fault: error.fault }, 'A stored password hash cannot be verified.');
    }
    return null;
  }

  /** Verifies one or two spellings of the password, in one turn of the gate. */
  function check({ stored, signerKey }: Target, texts: readonly string[], userId: string | undefined) {
    return gate.run(async () => {
      const startedAt = performance.now();
      let fits = false;
      try {
        for (const text of texts) fits ||= await stored.fits(text, signerKey);
      } catch (error) {
        if (stored.kind === OWN_KIND) throw error;
        log.error({ userId, err: error }, 'A stored password hash could not be verified.');
      }
      if (stored.kind !== OWN_KIND) pace.note(stored.kind, performance.now() - startedAt);
      return { fits, startedAt };
    });
  }

  return {
    async hash(password) {
      if (!isPasswordText(password)) throw new AuthError('invalid', { attribute: 'password' });
      return gate.run(() => hash(normalizePassword(password), ARGON2_PARAMETERS));
    },
    async verify(storedHash, password, userId) {
      const isPossible = password !== '' && isPasswordText(password) && !isPasswordTooLong(password);
      const target = storedHash === null ? null : await readTarget(storedHash, userId);
      const texts = textsFor((target ?? unfitting).stored.text, isPossible ? password : '');
      const { fits, startedAt } = await check(target ?? unfitting, texts, userId);
      if (fits && target !== null && isPossible) return true;
      await pace.wait(startedAt);
      return false;
    },
    isOutdated: (storedHash) => !isOwnHash(storedHash),
    async learn(storedHashes) {
      const learned = new Set<string>();
      for (const storedHash of storedHashes) {
        const target = await readTarget(storedHash, undefined);
        if (target === null || learned.has(target.stored.kind)) continue;
        learned.add(target.stored.kind);
        await check(target, [crypto.randomUUID()], undefined);
      }
    },
  };
}

/** The spellings of a password that a hash may have been made of. */
function textsFor(text: StoredHash['text'], typed: string): readonly string[] {
  const normalized = normalizePassword(typed);
  if (text === 'typed') return [typed];
  return text === 'nfkc' || normalized === typed ? [normalized] : [normalized, typed];
}
