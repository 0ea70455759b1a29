import { AuthError } from '../../errors.ts';
import { addressLimitSubject } from '../../limits/address-subject.ts';
import type { Counter } from '../../limits/rate-limits.ts';
import { hasSignedInFrom } from '../../sessions/known-addresses.ts';
import type { FoundUser } from '../../users/users.ts';
import type { Caller } from './caller.ts';
import { admitCaller, countCaller } from './captcha-demand.ts';
import { accountCounter } from './counters.ts';
import type { Deps } from './deps.ts';
import type { CountedAttempt } from './password-attempts.ts';

/** How an account knows the place of a login. */
type Place = 'anywhere' | 'known address' | 'known device';

export type LoginAttempt = CountedAttempt & Readonly<{ place: Place }>;

type LoginSubject = Readonly<{
  /** The address or number as the person typed it. */
  typed: string;
  /** The same as the account has it; null if not found. */
  stored: string | null;
  captchaToken: string;
  captchaAttribute: string | undefined;
  deviceCookie: string | null;
  /** The account of the address; null if not found. */
  found: FoundUser | null;
}>;

/**
 * Counts a login before its password is checked, so that concurrent guesses are all counted. A login that the lock of its
 * account refuses costs no hash, and is not counted for the caller. A login that the caller's limit refuses is not counted for
 * the account.
 *
 * Ten wrong passwords lock an account for strangers, but not for its owner. A device that holds the account's mark has a
 * counter of its own, and so has an address from which the account was signed in to. An unknown account takes the same
 * work.
 *
 * @throws AuthError `rate_limited`, `required` or `captcha_failed` (captchaToken), `unavailable`
 */
export async function admitLogin(deps: Deps, by: Caller, subject: LoginSubject): Promise<LoginAttempt> {
  const { found, captchaToken, captchaAttribute } = subject;
  const { place, failures } = await findCounter(deps, by, subject);
  const [standing] = await deps.rateLimiter.look([failures]);
  if (standing !== undefined && standing.count >= failures.limit.count)
    throw new AuthError('rate_limited', { retryAfterSeconds: Math.max(1, standing.wait) });
  const demand = { operation: 'login', captchaToken, captchaAttribute } as const;
  await countCaller(deps, await admitCaller(deps, by, demand));
  const isLast = await deps.rateLimiter.consumeOne(failures);
  const lock = { userId: found?.user.id ?? null, details: { tried: 'login', from: place } };
  return { place, failures, isLast, lock };
}

async function findCounter(
  deps: Deps,
  by: Caller,
  { typed, stored, found, deviceCookie }: LoginSubject,
): Promise<Pick<LoginAttempt, 'place' | 'failures'>> {
  const account = accountCounter(deps, typed, stored);
  const device = deps.deviceMarks.find(found?.user ?? null, deviceCookie);
  const isKnown = await hasSignedInFrom(deps.db, found?.user.id ?? null, by.device.address);
  // A new password has new counters: wrong passwords before a reset do not count after it.
  const counter = (...where: string[]): Counter => ({
    ...account,
    subject: JSON.stringify([found?.user.id, found?.passwordHash, ...where]),
  });
  if (device !== null) return { place: 'known device', failures: counter('device', device) };
  if (isKnown && by.device.address !== null)
    return { place: 'known address', failures: counter('address', addressLimitSubject(by.device.address)) };
  return { place: 'anywhere', failures: account };
}
