import { z } from 'zod';
import { httpUrl, list, text } from '../parsers.ts';
import { variable } from '../variable.ts';
import type { Environment } from '../variables.ts';

const VERIFY_URLS = {
  turnstile: 'https://challenges.cloudflare.com/turnstile/v0/siteverify',
  hcaptcha: 'https://api.hcaptcha.com/siteverify',
} as const;

/** The captcha, and the operations that require it. */
export const captchaVariables = {
  CAPTCHA_PROVIDER: variable({
    parser: z.enum(['turnstile', 'hcaptcha']),
    description: 'Provider of the captcha: turnstile (Cloudflare) or hcaptcha.',
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
      "The provider's site key. Clients read it from `authConfig`. Required with CAPTCHA_PROVIDER.",
  }),
  CAPTCHA_FOR: variable({
    parser: list().pipe(z.array(z.enum(['resend', 'forgot_password', 'signup'])).min(1)),
    default: 'resend,forgot_password',
    description:
      'Operations that always need a captcha: resend (of the verification mail), forgot_password, signup.',
  }),
  CAPTCHA_VERIFY_URL: variable({
    parser: httpUrl(),
    description: 'URL at which the gateway checks a solution.',
    shownDefault: "the provider's",
  }),
};

/** Returns a captcha of null without a provider. */
export function captchaConfig(e: Environment) {
  const provider = e.CAPTCHA_PROVIDER;
  const captcha =
    provider === undefined
      ? null
      : {
          provider,
          secret: e.CAPTCHA_SECRET ?? '',
          siteKey: e.CAPTCHA_SITE_KEY ?? '',
          verifyUrl: e.CAPTCHA_VERIFY_URL ?? VERIFY_URLS[provider],
          purposes: e.CAPTCHA_FOR,
        };
  return { captcha };
}

/** Names the variables that a provider needs and that are not set. */
export function captchaProblems(e: Environment): string[] {
  if (e.CAPTCHA_PROVIDER === undefined) return [];
  return (['CAPTCHA_SECRET', 'CAPTCHA_SITE_KEY'] as const)
    .filter((name) => e[name] === undefined)
    .map((name) => `${name}: required with CAPTCHA_PROVIDER`);
}
