import { z } from 'zod';
import { captchaPurposes } from '../captcha.ts';
import { flag, httpUrl, integer, list, text } from '../parsers.ts';
import { variable } from '../variable.ts';

/** What people may do about their accounts, and what proves that they are people. */
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
  CAPTCHA_PROVIDER: variable({
    parser: z.enum(['turnstile', 'hcaptcha']),
    description: 'Captcha to be solved: turnstile (Cloudflare) or hcaptcha.',
    shownDefault: 'none',
  }),
  CAPTCHA_SECRET: variable({
    parser: text(),
    description: "The provider's secret key. Required with CAPTCHA_PROVIDER.",
    secret: true,
  }),
  CAPTCHA_SITE_KEY: variable({
    parser: text(),
    description:
      "The provider's site key, which clients find in `authConfig`. Required with CAPTCHA_PROVIDER.",
  }),
  CAPTCHA_FOR: variable({
    parser: list().pipe(z.array(z.enum(captchaPurposes)).min(1)),
    default: 'resend,forgot_password',
    description: 'What needs a captcha: resend (of the verification mail), forgot_password, signup.',
  }),
  CAPTCHA_VERIFY_URL: variable({
    parser: httpUrl(),
    description: 'Where solutions are checked.',
    shownDefault: "the provider's",
  }),
  PASSWORD_MIN_LENGTH: variable({
    parser: integer(1, 128),
    default: '8',
    description: 'Characters a password must have.',
  }),
  PASSWORD_HASH_CONCURRENCY: variable({
    parser: integer(1, 64),
    description: 'Passwords hashed at once.',
    shownDefault: 'the cores, at most UV_THREADPOOL_SIZE - 2',
  }),
  UV_THREADPOOL_SIZE: variable({
    parser: integer(1, 1024),
    default: '4',
    description:
      "Node's own: threads for hashing, signing and files. Set it to the cores plus two where there are more than two.",
  }),
  PASSWORD_HASH_QUEUE: variable({
    parser: integer(1, 10_000),
    default: '150',
    description: 'Hashes that may wait; more are refused with `busy`.',
  }),
};
