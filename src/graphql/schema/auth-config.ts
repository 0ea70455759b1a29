import type { CaptchaConfig } from '../../config/config.ts';
import { builder } from '../builder.ts';

const CaptchaInfo = builder.objectRef<CaptchaConfig>('CaptchaInfo');

CaptchaInfo.implement({
  description:
    'The captcha that some operations ask for. Where the gateway does not know the addresses of its callers (behind Hasura), `login`, `signup` and `forgotPassword` ask everybody for one once so many calls came that only a fifth is left of what strangers share. They say so by code `required`, attribute `captchaToken`.',
  fields: (t) => ({
    provider: t.exposeString('provider', { description: '`turnstile` or `hcaptcha`.' }),
    siteKey: t.exposeString('siteKey', { description: 'For the provider’s widget.' }),
    requiredFor: t.stringList({
      description:
        'Which operations ask for it every time: `resend` (of the verification mail), `forgot_password`, `signup`.',
      resolve: ({ purposes }) => [...purposes],
    }),
  }),
});

const AuthConfig = builder.objectRef<{
  signup: boolean;
  requireVerifiedEmail: boolean;
  emailExists: boolean;
  captcha: CaptchaConfig | null;
  refreshCookie: boolean;
  passwordMinLength: number;
  accessTokenSeconds: number;
  issuer: string;
  audience: string;
  jwksUrl: string;
}>('AuthConfig');

AuthConfig.implement({
  description: 'What this gateway offers. Holds nothing secret: every role may ask.',
  fields: (t) => ({
    signup: t.exposeBoolean('signup', { description: 'Whether new accounts are accepted.' }),
    requireVerifiedEmail: t.exposeBoolean('requireVerifiedEmail', {
      description: 'Whether logging in takes a verified address.',
    }),
    emailExists: t.exposeBoolean('emailExists', {
      description: 'Whether one may ask if an address has an account.',
    }),
    captcha: t.expose('captcha', {
      type: CaptchaInfo,
      nullable: true,
      description: 'The captcha to be solved; null where there is none.',
    }),
    refreshCookie: t.exposeBoolean('refreshCookie', {
      description: 'Whether browsers may keep the refresh token in an httpOnly cookie.',
    }),
    passwordMinLength: t.exposeInt('passwordMinLength', {
      description: 'How many characters a new password must have.',
    }),
    accessTokenSeconds: t.exposeInt('accessTokenSeconds', {
      description: 'For how many seconds an access token is good.',
    }),
    issuer: t.exposeString('issuer', { description: 'The `iss` of every token.' }),
    audience: t.exposeString('audience', { description: 'The `aud` of every token.' }),
    jwksUrl: t.exposeString('jwksUrl', { description: 'Where the public keys that verify the tokens are.' }),
  }),
});

builder.queryField('authConfig', (t) =>
  t.field({
    type: AuthConfig,
    description: 'What this gateway offers and how its tokens are verified.',
    resolve: (_root, _args, { deps: { config } }) => ({
      signup: config.signup,
      requireVerifiedEmail: config.requireVerifiedEmail,
      emailExists: config.emailExists,
      captcha: config.captcha,
      refreshCookie: config.refreshCookie !== 'off',
      passwordMinLength: config.passwords.minLength,
      accessTokenSeconds: config.tokens.accessTtlSeconds,
      issuer: config.tokens.issuer,
      audience: config.tokens.audience,
      jwksUrl: `${config.publicUrl}/.well-known/jwks.json`,
    }),
  }),
);
