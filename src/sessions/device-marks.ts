import { randomBytes } from 'node:crypto';
import { createSecretDeriver } from '../crypto/derived-secrets.ts';
import { isOneOf } from '../crypto/secrets.ts';
import type { User } from '../users/users.ts';

type MarkedUser = Pick<User, 'id' | 'emailVerifiedAt'>;

/**
 * Marks of the browsers on which people have signed in. Browsers keep them in a cookie; the gateway does not. A mark tells a
 * reader nothing, and is not good for signing in. A device that holds one has a counter of wrong passwords of its own, and
 * needs no notice of a new sign-in.
 */
export type DeviceMarks = {
  /**
   * The cookie with a mark of this user beside those that it has of others.
   * @param cookie the one at hand, if there is any
   */
  add(user: MarkedUser, cookie: string | null): string;
  /**
   * The device's id where the cookie has a mark of this user; null for a forged, foreign or old one.
   * @param user null for an unknown account, which takes the same work
   */
  find(user: MarkedUser | null, cookie: string | null): string | null;
};

/** People whom one browser remembers. */
const MAX_MARKS = 5;
const COOKIE = /^([\w-]{22})((?:\.[\w-]{43}){1,5})$/;
const MAX_COOKIE_LENGTH = 22 + 44 * MAX_MARKS;

/** A mark counts in the period that it was made in and in four more: for 12 to 15 months. */
const PERIOD_MS = 90 * 86_400_000;
const PERIODS = 5;

/** For how many seconds a mark counts at least: the lifetime of the cookie that holds it. */
export const DEVICE_MARK_SECONDS = ((PERIODS - 1) * PERIOD_MS) / 1000;

const UNKNOWN: MarkedUser = { id: '', emailVerifiedAt: null };

type Parsed = { device: string; marks: string[] };

function parse(cookie: string | null): Parsed | null {
  if (cookie === null || cookie.length > MAX_COOKIE_LENGTH) return null;
  const [, device, marks] = COOKIE.exec(cookie) ?? [];
  return device === undefined || marks === undefined ? null : { device, marks: marks.slice(1).split('.') };
}

/**
 * What a mark is made of. A mark from before the address was proved is worth nothing after it: a stranger may have signed
 * up with the address, and signed in on a device of their own.
 */
const markedText = ({ id, emailVerifiedAt }: MarkedUser, device: string, period: number): string =>
  JSON.stringify([id, emailVerifiedAt?.toISOString() ?? null, device, period]);

/** @param keys the key-encryption keys: the first makes marks, all know them again */
export function createDeviceMarks(keys: readonly Uint8Array[], now: () => number = Date.now): DeviceMarks {
  const prefix = 'pdm';
  const deriver = createSecretDeriver(keys, 'device mark', prefix);
  const bare = (secret: string) => secret.slice(prefix.length + 1);
  const period = () => Math.floor(now() / PERIOD_MS);

  /** Every text that a mark of this user on this device may have now. */
  const marksOf = (user: MarkedUser, device: string): string[] =>
    Array.from({ length: PERIODS }, (_, age) => markedText(user, device, period() - age))
      .flatMap((text) => deriver.deriveAll(text))
      .map(bare);

  return {
    add(user, cookie) {
      const known = parse(cookie);
      const device = known?.device ?? randomBytes(16).toString('base64url');
      const mine = marksOf(user, device);
      const others = (known?.marks ?? []).filter((mark) => !isOneOf(mine, mark));
      const mark = bare(deriver.derive(markedText(user, device, period())));
      return [device, mark, ...others.slice(0, MAX_MARKS - 1)].join('.');
    },
    find(user, cookie) {
      const known = parse(cookie);
      if (known === null) return null;
      const mine = marksOf(user ?? UNKNOWN, known.device);
      const found = known.marks.filter((mark) => isOneOf(mine, mark)).length > 0;
      return found && user !== null ? known.device : null;
    },
  };
}
