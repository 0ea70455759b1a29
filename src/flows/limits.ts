import type { Deps } from '../deps.ts';
import type { Limit } from '../environment/parsers.ts';
import { addressLimitSubject } from '../limits/client-address.ts';
import type { LimitedSubject } from '../limits/rate-limits.ts';
import { emailLimitSubject } from '../mail/email-address.ts';
import type { Caller } from './sign-in.ts';

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
 * The per-address limit of a purpose; all callers whose address nobody can vouch for share one, so that hiding it is no
 * way around the limit.
 */
export function callerLimit(deps: Deps, purpose: LimitedPurpose, caller: Caller): LimitedSubject {
  const [known, unknown] = limitsOf(deps, purpose);
  return caller.address === null
    ? { purpose: `${purpose}_unaddressed`, subject: '', limit: unknown }
    : { purpose: `${purpose}_address`, subject: addressLimitSubject(caller.address), limit: known };
}

/** Wrong passwords of an account, wherever they are tried: at the login, or as the current password. */
export const accountLimit = (deps: Deps, email: string): LimitedSubject => ({
  purpose: 'login_account',
  subject: emailLimitSubject(email),
  limit: deps.config.limits.loginPerAccount,
});
