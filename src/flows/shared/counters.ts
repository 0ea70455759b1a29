import type { Config } from '../../config/config.ts';
import type { Counter } from '../../limits/rate-limits.ts';
import { emailLimitSubject } from '../../mail/email-address.ts';
import type { Caller } from './caller.ts';
import type { Deps } from './deps.ts';

type OperationOf<Limit> = Limit extends `${infer Operation}Unaddressed` ? Operation : never;

/** An operation that is limited for callers: per address, and for all callers without a known address together. */
export type LimitedOperation = OperationOf<keyof Config['limits']>;

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
