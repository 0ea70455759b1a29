/** What a captcha may be asked for, as CAPTCHA_FOR names it. */
export const captchaPurposes = ['resend', 'forgot_password', 'signup'] as const;
export type CaptchaPurpose = (typeof captchaPurposes)[number];

export const CAPTCHA_VERIFY_URLS = {
  turnstile: 'https://challenges.cloudflare.com/turnstile/v0/siteverify',
  hcaptcha: 'https://api.hcaptcha.com/siteverify',
} as const;

export type CaptchaConfig = Readonly<{
  provider: keyof typeof CAPTCHA_VERIFY_URLS;
  secret: string;
  siteKey: string;
  verifyUrl: string;
  purposes: readonly CaptchaPurpose[];
}>;

type CaptchaVariables = {
  CAPTCHA_PROVIDER?: keyof typeof CAPTCHA_VERIFY_URLS | undefined;
  CAPTCHA_SECRET?: string | undefined;
  CAPTCHA_SITE_KEY?: string | undefined;
  CAPTCHA_VERIFY_URL?: string | undefined;
  CAPTCHA_FOR: readonly CaptchaPurpose[];
};

/** Null without a provider. What goes with one and is missing is told by the name of its variable. */
export function captchaConfig(
  variables: CaptchaVariables,
  missing: (name: string) => void = () => {},
): CaptchaConfig | null {
  const {
    CAPTCHA_PROVIDER: provider,
    CAPTCHA_SECRET: secret = '',
    CAPTCHA_SITE_KEY: siteKey = '',
  } = variables;
  if (provider === undefined) return null;
  if (secret === '') missing('CAPTCHA_SECRET');
  if (siteKey === '') missing('CAPTCHA_SITE_KEY');
  const verifyUrl = variables.CAPTCHA_VERIFY_URL ?? CAPTCHA_VERIFY_URLS[provider];
  return { provider, secret, siteKey, verifyUrl, purposes: variables.CAPTCHA_FOR };
}
