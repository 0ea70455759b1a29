import { randomBytes } from 'node:crypto';
import { createSecretDeriver } from '../crypto/derived-secrets.ts';
import { isOneOf } from '../crypto/secrets.ts';
import type { User } from '../users/users.ts';

type MarkedUser = Pick<User, 'id' | 'emailVerifiedAt'>;

/**
 * Marks that tell on which browsers a person has signed in. Browsers keep the marks in a cookie; the gateway stores
 * none. A mark does not disclose the person, and does not sign in. A device with a mark of the account has its own
 * counter of wrong passwords. A sign-in on it causes no mail.
 */
export type DeviceMarks = {
  /**
   * Adds a mark of this user to the marks of other users in the cookie.
   * @param cookie the value that the browser sent; null if not sent
   * @returns the new value of the cookie
   */
  add(user: MarkedUser, cookie: string | null): string;
  /**
   * Finds the id of the device if the cookie has a mark of this user. Null if the mark is forged, expired or of another
   * user.
   * @param user null for an unknown account, which takes the same work
   */
  find(user: MarkedUser | null, cookie: string | null): string | null;
};

/** How many users one cookie can hold marks of. */
const MAX_MARKS = 5;
const COOKIE = /^([\w-]{22})((?:\.[\w-]{43}){1,5})$/;
const MAX_COOKIE_LENGTH = 22 + 44 * MAX_MARKS;

/** A mark is valid in the period in which it was made and in the next four: for 12 to 15 months. */
const PERIOD_MS = 90 * 86_400_000;
const PERIODS = 5;

/** The minimum lifetime of a mark in seconds. It is the lifetime of the cookie that holds the mark. */
export const DEVICE_MARK_SECONDS = ((PERIODS - 1) * PERIOD_MS) / 1000;

const UNKNOWN: MarkedUser = { id: '', emailVerifiedAt: null };

type Parsed = { device: string; marks: string[] };

function parse(cookie: string | null): Parsed | null {
  if (cookie === null || cookie.length > MAX_COOKIE_LENGTH) return null;
  const [, device, marks] = COOKIE.exec(cookie) ?? [];
  return device === undefined || marks === undefined ? null : { device, marks: marks.slice(1).split('.') };
}

/**
 * The text from which a mark is derived. It holds the time at which the address was proven, so that older marks end
 * with it. A stranger may have signed up with the address before, and signed in on a device of their own.
 */
const markedText = ({ id, emailVerifiedAt }: MarkedUser, device: string, period: number): string =>
  JSON.stringify([id, emailVerifiedAt?.toISOString() ?? null, device, period]);

/**
 * Creates the marks of devices.
 * @param keys the key-encryption keys: the first key makes marks, every key recognises them
 * @param now the clock, in milliseconds
 */
export function createDeviceMarks(keys: readonly Uint8Array[], now: () => number = Date.now): DeviceMarks {
  const prefix = 'pdm';
  const deriver = createSecretDeriver(keys, 'device mark', prefix);
  const bare = (secret: string) => secret.slice(prefix.length + 1);
  const period = () => Math.floor(now() / PERIOD_MS);

  /** Every mark of this user on this device that is valid now: one for each period and key. */
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
