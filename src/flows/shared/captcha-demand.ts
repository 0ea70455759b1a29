import { CAPTCHA_ATTRIBUTE, type Solution } from '../../captcha/captcha.ts';
import type { CaptchaPurpose } from '../../config/config.ts';
import type { Queryable } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import type { Counter, RateLimiter } from '../../limits/rate-limits.ts';
import type { Caller } from './caller.ts';
import { callerCounter, type LimitedOperation } from './counters.ts';
import type { Deps } from './deps.ts';

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
