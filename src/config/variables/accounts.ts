import { z } from 'zod';
import { captchaPurposes } from '../captcha.ts';
import { flag, httpUrl, integer, list, text } from '../parsers.ts';

/** What people may do about their accounts, and what proves that they are people. */
export const accountVariables = {
  SIGNUP: flag().prefault('on').meta({ description: '`off` refuses new accounts.' }),
  REQUIRE_VERIFIED_EMAIL: flag().prefault('off').meta({
    description:
      '`on` refuses the login of a user with an unverified address. Sign-up then opens no session.',
  }),
  EMAIL_EXISTS: flag().prefault('on').meta({
    description: '`off` refuses `emailExists`. Sign-up still tells that an address is taken.',
  }),
  APP_URL: httpUrl().optional().meta({
    description: 'The application. The pages of mailed links lead on to it.',
    shownDefault: 'none',
  }),
  CAPTCHA_PROVIDER: z.enum(['turnstile', 'hcaptcha']).optional().meta({
    description: 'Provider of the captcha: turnstile (Cloudflare) or hcaptcha.',
    shownDefault: 'none',
  }),
  CAPTCHA_SECRET: text().optional().meta({
    description: "The provider's secret key. Required with CAPTCHA_PROVIDER.",
    secret: true,
  }),
  CAPTCHA_SITE_KEY: text().optional().meta({
    description: "The provider's site key. Clients find it in `authConfig`. Required with CAPTCHA_PROVIDER.",
  }),
  CAPTCHA_FOR: list()
    .pipe(z.array(z.enum(captchaPurposes)).min(1))
    .prefault('resend,forgot_password')
    .meta({
      description:
        'Operations that always need a captcha: resend (of the verification mail), forgot_password, signup.',
    }),
  CAPTCHA_VERIFY_URL: httpUrl().optional().meta({
    description: 'Where the gateway checks solutions.',
    shownDefault: "the provider's",
  }),
  PASSWORD_MIN_LENGTH: integer(1, 128)
    .prefault('8')
    .meta({ description: 'Characters a password must have.' }),
  PASSWORD_HASH_CONCURRENCY: integer(1, 64).optional().meta({
    description: 'Passwords hashed at once.',
    shownDefault: 'the cores, at most UV_THREADPOOL_SIZE - 2',
  }),
  UV_THREADPOOL_SIZE: integer(1, 1024).prefault('4').meta({
    description:
      "Node's own: threads for hashing, signing and files. Set it to the cores plus two where there are more than two.",
  }),
  PASSWORD_HASH_QUEUE: integer(1, 10_000).prefault('150').meta({
    description: 'Hashes that may wait. The gateway refuses more with `busy`.',
  }),
};
