import type { Solution } from '../../captcha/captcha.ts';
import type { CaptchaPurpose } from '../../config/captcha.ts';
import type { Limit } from '../../config/parsers.ts';
import type { Queryable } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { addressLimitSubject } from '../../limits/address-subject.ts';
import type { LimitedSubject, RateLimiter } from '../../limits/rate-limits.ts';
import { emailLimitSubject } from '../../mail/email-address.ts';
import type { Caller } from './caller.ts';
import type { Deps } from './deps.ts';

type LimitedPurpose = 'login' | 'signup' | 'password_reset' | 'email_exists';

function limitsOf(deps: Deps, purpose: LimitedPurpose): [perAddress: Limit, unaddressed: Limit] {
  const { limits } = deps.config;
  switch (purpose) {
    case 'login':
      return [limits.loginPerAddress, limits.loginUnaddressed];
    case 'signup':
      return [limits.signupPerAddress, limits.signupUnaddressed];
    case 'password_reset':
      return [limits.passwordResetPerAddress, limits.passwordResetUnaddressed];
    case 'email_exists':
      return [limits.emailExistsPerAddress, limits.emailExistsUnaddressed];
  }
}

/**
 * The rate limit of a caller for one purpose: per address. Callers whose address is not known share one limit, so that hiding the
 * address does not avoid it.
 */
export function callerLimit(deps: Deps, by: Caller, purpose: LimitedPurpose): LimitedSubject {
  const [known, unknown] = limitsOf(deps, purpose);
  return by.device.address === null
    ? { purpose: `${purpose}_unaddressed`, subject: '', limit: unknown }
    : { purpose: `${purpose}_address`, subject: addressLimitSubject(by.device.address), limit: known };
}

/**
 * The rate limit of wrong passwords of one account at the login. Two accounts from before addresses were canonical may have
 * spellings of one mailbox: each has a counter of its own, which a sign-in to the other one does not clear.
 * @param stored the address as the account has it; null if no account was found
 */
export function accountLimit(deps: Deps, typed: string, stored: string | null): LimitedSubject {
  const unknown = emailLimitSubject(typed); // in either case, so that it is the same work
  return {
    purpose: 'login_account',
    subject: stored ?? unknown,
    limit: deps.config.limits.loginPerAccount,
  };
}

/**
 * The part of a shared limit that needs no captcha. Where a captcha is configured, the last fifth is for callers who solve one.
 */
const openToAll = ({ limit }: LimitedSubject): number => Math.floor(limit.count * 0.8);

/** What a caller is admitted to: their limit, and whether they may use all of it. */
export type AdmittedCaller = { limit: LimitedSubject; mayUseAll: boolean };

/**
 * Demands a captcha of a caller who can be told apart. Wrong solutions are counted apart, with the limit of the operation, since
 * each costs a call of the provider.
 * @throws AuthError `required` or `captcha_failed` (captchaToken), `busy`, `unavailable`, `rate_limited`
 */
export async function demandCaptcha(
  { captcha, rateLimiter }: Deps,
  limit: LimitedSubject,
  solution: Solution,
): Promise<void> {
  const wrongSolutions = { ...limit, purpose: `${limit.purpose}_captcha` };
  await requireRoom(rateLimiter, wrongSolutions);
  try {
    await captcha.demand(solution);
  } catch (error) {
    if (error instanceof AuthError && error.code === 'captcha_failed')
      await rateLimiter.attempt([wrongSolutions]);
    throw error;
  }
}

/**
 * Looks at a rate limit without counting, and returns how much of it is used.
 * @throws AuthError `rate_limited` if all of it is used
 */
async function requireRoom(rateLimiter: RateLimiter, limit: LimitedSubject): Promise<number> {
  const [{ count, wait } = { count: 0, wait: 0 }] = await rateLimiter.look([limit]);
  if (count >= limit.limit.count)
    throw new AuthError('rate_limited', { retryAfterSeconds: Math.max(1, wait) });
  return count;
}

type CaptchaDemand = { purpose: LimitedPurpose; captchaToken: string; alwaysFor?: CaptchaPurpose };

/**
 * Demands a captcha before the call is counted: always if the configuration asks for one, and of everyone once four fifths of the
 * limit are used that callers without a known address share. A client that spends the rest then solves a captcha each time.
 * @throws AuthError `required` or `captcha_failed` (captchaToken), `busy`, `unavailable`, `rate_limited`
 */
export async function admitCaller(
  deps: Deps,
  by: Caller,
  { purpose, captchaToken, alwaysFor }: CaptchaDemand,
): Promise<AdmittedCaller> {
  const { captcha, rateLimiter } = deps;
  const limit = callerLimit(deps, by, purpose);
  const solution = { token: captchaToken, address: by.device.address };
  if (alwaysFor !== undefined && captcha.isRequiredFor(alwaysFor)) {
    if (by.device.address === null) await captcha.demand(solution);
    else await demandCaptcha(deps, limit, solution);
    return { limit, mayUseAll: true };
  }
  if (!captcha.isConfigured || by.device.address !== null) return { limit, mayUseAll: true };
  const count = await requireRoom(rateLimiter, limit);
  if (count < openToAll(limit)) return { limit, mayUseAll: false };
  await captcha.demand(solution);
  return { limit, mayUseAll: true };
}

/**
 * Counts what an admitted caller causes: a hash, or a mail.
 * @param tx the transaction that causes it
 * @throws AuthError `rate_limited`; `required` (captchaToken) for a caller without a captcha, if others were faster
 */
export async function countCaller(
  { rateLimiter }: Deps,
  { limit, mayUseAll }: AdmittedCaller,
  tx?: Queryable,
): Promise<void> {
  if (mayUseAll) return rateLimiter.consume([limit], tx);
  if (!(await rateLimiter.attemptWithin(limit, openToAll(limit), tx)))
    throw new AuthError('required', { attribute: 'captchaToken' });
}
