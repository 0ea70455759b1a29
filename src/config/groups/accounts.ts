import { flag, httpUrl } from '../parsers.ts';
import { variable } from '../variable.ts';
import type { Environment } from '../variables.ts';

/** What people may do about their accounts. */
export const accountVariables = {
  SIGNUP: variable({ parser: flag(), default: 'on', description: '`off` refuses new accounts.' }),
  REQUIRE_VERIFIED_EMAIL: variable({
    parser: flag(),
    default: 'off',
    description:
      '`on` refuses the login of whoever has not verified their address; sign-up then signs nobody in.',
  }),
  EMAIL_EXISTS: variable({
    parser: flag(),
    default: 'on',
    description: '`off` tells nobody whether an address has an account; sign-up still refuses a taken one.',
  }),
  APP_URL: variable({
    parser: httpUrl(),
    description: 'The application, to which the pages of mailed links lead on.',
    shownDefault: 'none',
  }),
};

export const accountConfig = (e: Environment) => ({
  signup: e.SIGNUP,
  /** Whether a login needs a verified address. */
  requireVerifiedEmail: e.REQUIRE_VERIFIED_EMAIL,
  /** Whether a caller may ask if an address has an account. */
  emailExists: e.EMAIL_EXISTS,
  /** The application, to which the pages of mailed links lead on. */
  appUrl: e.APP_URL ?? null,
});
