import { flag, httpUrl } from '../parsers.ts';
import { variable } from '../variable.ts';
import type { Environment } from '../variables.ts';

/** What users may do about their accounts. */
export const accountVariables = {
  SIGNUP: variable({ parser: flag(), default: 'on', description: '`off` refuses new accounts.' }),
  REQUIRE_VERIFIED_EMAIL: variable({
    parser: flag(),
    default: 'off',
    description:
      '`on` refuses a login until the user has verified their address. A sign-up then opens no session.',
  }),
  EMAIL_EXISTS: variable({
    parser: flag(),
    default: 'on',
    description:
      '`off` refuses to say whether an address has an account. A sign-up still refuses a taken address.',
  }),
  APP_URL: variable({
    parser: httpUrl(),
    description: 'URL of the application. The pages behind mailed links lead to it.',
    shownDefault: 'none',
  }),
};

export const accountConfig = (e: Environment) => ({
  signup: e.SIGNUP,
  /** Whether a login needs a verified address. */
  requireVerifiedEmail: e.REQUIRE_VERIFIED_EMAIL,
  /** Whether a caller may ask if an address has an account. */
  emailExists: e.EMAIL_EXISTS,
  /** The application. The pages behind mailed links lead to it. */
  appUrl: e.APP_URL ?? null,
});
