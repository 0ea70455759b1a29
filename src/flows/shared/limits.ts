import { CAPTCHA_ATTRIBUTE, type Solution } from '../../captcha/captcha.ts';
import type { CaptchaPurpose, Config } from '../../config/config.ts';
import type { Queryable } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import type { Counter, RateLimiter } from '../../limits/rate-limits.ts';
import { emailLimitSubject } from '../../mail/email-address.ts';
import type { Caller } from './caller.ts';
import type { Deps } from './deps.ts';

type OperationOf<Limit> = Limit extends `${infer Operation}Unaddressed` ? Operation : never;

/** An operation that is limited for callers: per address, and for all callers without a known address together. */
type LimitedOperation = OperationOf<keyof Config['limits']>;

/**
 * Returns the counter of a caller for one operation, by address. Callers whose address is not known share one limit, so that
 * hiding the address does not avoid it.
 */
export function callerCounter(
  { config: { limits } }: Deps,
  { device: { address } }: Caller,
  operation: LimitedOperation,
): Counter {
  return address === null
    ? { limit: limits[`${operation}Unaddressed`], subject: '' }
    : { limit: limits[`${operation}PerAddress`], subject: address };
}

/**
 * Returns the counter of an account's wrong passwords at the login. Two accounts of version 0.1 may have spellings of one
 * mailbox. Each has its own counter, which a sign-in to the other one does not clear.
 * @param stored the address as the account has it; null if no account was found
 */
export function accountCounter(deps: Deps, typed: string, stored: string | null): Counter {
  const unknown = emailLimitSubject(typed); // in either case, so that it is the same work
  return { limit: deps.config.limits.loginPerAccount, subject: stored ?? unknown };
}

/**
 * Returns the part of a shared limit that needs no captcha. If a captcha is configured, the last fifth is for callers who solve one.
 */
const openToAll = ({ limit }: Counter): number => Math.floor(limit.count * 0.8);

/** The counter of an admitted caller, and whether the caller may use all of its limit. */
export type AdmittedCaller = Pick<CaptchaDemand, 'captchaAttribute'> & {
  counter: Counter;
  mayUseAll: boolean;
};

/**
 * Demands a captcha of a caller who does not share the counter. A separate counter with the same limit counts wrong solutions,
 * since each costs a call of the provider.
 * @throws AuthError `required` or `captcha_failed` (captchaToken), `busy`, `unavailable`, `rate_limited`
 */
export async function demandCaptcha(
  { captcha, rateLimiter }: Deps,
  { limit, ...counter }: Counter,
  solution: Solution,
): Promise<void> {
  const wrongSolutions = { ...counter, limit: { ...limit, name: `${limit.name}_captcha` } };
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
async function requireRoom(rateLimiter: RateLimiter, counter: Counter): Promise<number> {
  const [{ count, wait } = { count: 0, wait: 0 }] = await rateLimiter.look([counter]);
  if (count >= counter.limit.count)
    throw new AuthError('rate_limited', { retryAfterSeconds: Math.max(1, wait) });
  return count;
}

type CaptchaDemand = {
  operation: LimitedOperation;
  captchaToken: string;
  /** How the edge spells `captchaToken`, for errors. */
  captchaAttribute?: string | undefined;
  alwaysFor?: CaptchaPurpose;
};

/**
 * Demands a captcha before the call is counted: always if the configuration asks for one. Callers without a known address share
 * a limit. Once four fifths of it are used, each of them needs a captcha, so that the rest costs a client one captcha per call.
 * @throws AuthError `required` or `captcha_failed` (captchaToken), `busy`, `unavailable`, `rate_limited`
 */
export async function admitCaller(
  deps: Deps,
  by: Caller,
  { operation, captchaToken, captchaAttribute, alwaysFor }: CaptchaDemand,
): Promise<AdmittedCaller> {
  const { captcha, rateLimiter } = deps;
  const counter = callerCounter(deps, by, operation);
  const solution = { token: captchaToken, address: by.device.address, attribute: captchaAttribute };
  if (alwaysFor !== undefined && captcha.isRequiredFor(alwaysFor)) {
    if (by.device.address === null) await captcha.demand(solution);
    else await demandCaptcha(deps, counter, solution);
    return { counter, mayUseAll: true };
  }
  if (!captcha.isConfigured || by.device.address !== null) return { counter, mayUseAll: true };
  const count = await requireRoom(rateLimiter, counter);
  if (count < openToAll(counter)) return { counter, mayUseAll: false, captchaAttribute };
  await captcha.demand(solution);
  return { counter, mayUseAll: true };
}

/**
 * Counts what an admitted caller causes: a hash, or a mail.
 * @param tx the transaction that causes it
 * @throws AuthError `rate_limited`; `required` (captchaToken) for a caller without a captcha, if others were faster
 */
export async function countCaller(
  { rateLimiter }: Deps,
  { counter, mayUseAll, captchaAttribute = CAPTCHA_ATTRIBUTE }: AdmittedCaller,
  tx?: Queryable,
): Promise<void> {
  if (mayUseAll) return rateLimiter.consume([counter], tx);
  if (!(await rateLimiter.attemptWithin(counter, openToAll(counter), tx)))
    throw new AuthError('required', { attribute: captchaAttribute });
}
