import { z } from 'zod';
import { flag, httpUrl } from '../parsers.ts';
import { variable } from '../variable.ts';
import type { Environment } from '../variables.ts';

const modes = {
  on: 'on',
  true: 'on',
  1: 'on',
  off: 'off',
  false: 'off',
  0: 'off',
  invited: 'invited',
} as const;

/** Who may sign up: everyone, no one, or people who show the token of an invitation. */
const signupMode = () =>
  z
    .enum(['on', 'off', 'invited', 'true', 'false', '1', '0'], { error: 'must be on, off or invited' })
    .transform((value) => modes[value]);

/** What users may do about their accounts. */
export const accountVariables = {
  SIGNUP: variable({
    parser: signupMode(),
    default: 'on',
    description:
      'With `invited` a person needs the token of a mailed invitation, which an operator or a member of a team makes. `off` refuses every `signup`. An operator can create and invite users in any case. [Sign-up](#sign-up) says more.',
  }),
  REQUIRE_VERIFIED_EMAIL: variable({
    parser: flag(),
    default: 'off',
    description:
      '`on` refuses a login until the user has verified their address. A sign-up then opens no session.',
  }),
  ANONYMOUS_SIGN_IN: variable({
    parser: flag(),
    default: 'off',
    description:
      '`on` lets a person sign in without an address: `signInAnonymously`. The account is new each time. Sign-up has to be on.',
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
  /** Who may sign up. */
  signup: e.SIGNUP,
  /** Whether a login needs a verified address. */
  requireVerifiedEmail: e.REQUIRE_VERIFIED_EMAIL,
  /** Whether a person may sign in without an address. */
  anonymousSignIn: e.ANONYMOUS_SIGN_IN,
  /** Whether a caller may ask if an address has an account. */
  emailExists: e.EMAIL_EXISTS,
  /** The application. The pages behind mailed links lead to it. */
  appUrl: e.APP_URL ?? null,
});
