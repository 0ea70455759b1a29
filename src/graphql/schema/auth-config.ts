import type { CaptchaConfig } from '../../config/config.ts';
import { builder } from '../builder.ts';
import { paragraphs } from '../descriptions.ts';

const CaptchaInfo = builder.objectRef<CaptchaConfig>('CaptchaInfo');

CaptchaInfo.implement({
  description: paragraphs(
    'The captcha of this gateway. Some fields need its solution as `captchaToken`.',
    'The fields in `requiredFor` always need it. `login`, `signup`, `forgotPassword` and `emailExists` need it for a while under heavy load. Clients whose address the gateway does not know share one rate limit for each of these fields. Behind a Hasura without a proxy in front of it, these are all clients. When only a fifth is left of the limit, they need the captcha.',
    'The gateway then answers `required` for the attribute `captchaToken`. Show the captcha, and call again with its solution. The answer is `captcha_failed` if the solution is wrong. It is `unavailable` if the provider does not answer.',
  ),
  fields: (t) => ({
    provider: t.exposeString('provider', {
      description: 'The provider of the captcha: `turnstile` or `hcaptcha`.',
    }),
    siteKey: t.exposeString('siteKey', { description: 'The site key, for the widget of the provider.' }),
    requiredFor: t.stringList({
      description:
        'The fields that always need the captcha: `resend` for `resendEmailVerification`, `forgot_password` for `forgotPassword`, and `signup`.',
      resolve: ({ purposes }) => [...purposes],
    }),
  }),
});

const AuthConfig = builder.objectRef<{
  signup: boolean;
  signupByInvitation: boolean;
  anonymousSignIn: boolean;
  providers: string[];
  requireVerifiedEmail: boolean;
  emailExists: boolean;
  captcha: CaptchaConfig | null;
  refreshCookie: boolean;
  passwordMinLength: number;
  passwordRequiredCharacters: string[];
  accessTokenSeconds: number;
  personalTokenSeconds: number | null;
  issuer: string;
  audience: string;
  jwksUrl: string;
}>('AuthConfig');

AuthConfig.implement({
  description: 'The settings of this gateway that a client needs. They contain no secret.',
  fields: (t) => ({
    signup: t.exposeBoolean('signup', {
      description: 'Whether everyone may sign up: `signup` needs no invitation.',
    }),
    signupByInvitation: t.exposeBoolean('signupByInvitation', {
      description: 'Whether `signup` accepts the token of an invitation: see `SignupInput.invitationToken`.',
    }),
    anonymousSignIn: t.exposeBoolean('anonymousSignIn', {
      description: 'Whether `signInAnonymously` is switched on.',
    }),
    providers: t.exposeStringList('providers', {
      description: 'The names of the providers for `signInWithProvider`.',
    }),
    requireVerifiedEmail: t.exposeBoolean('requireVerifiedEmail', {
      description:
        'Whether `login` needs a verified email address. If true, `signup` does not sign in: it answers `email_not_verified`.',
    }),
    emailExists: t.exposeBoolean('emailExists', {
      description: 'Whether `emailExists` answers. If false, its error code is `feature_disabled`.',
    }),
    captcha: t.expose('captcha', {
      type: CaptchaInfo,
      nullable: true,
      description: 'The captcha that some fields need. Null if this gateway has no captcha.',
    }),
    refreshCookie: t.exposeBoolean('refreshCookie', {
      description:
        'Whether a browser may keep the refresh token in an httpOnly cookie: see `LoginInput.cookie`.',
    }),
    passwordMinLength: t.exposeInt('passwordMinLength', {
      description: 'The number of characters that a new password must have at least.',
    }),
    passwordRequiredCharacters: t.exposeStringList('passwordRequiredCharacters', {
      description: 'Groups of characters. A new password must have at least one character of each group.',
    }),
    accessTokenSeconds: t.exposeInt('accessTokenSeconds', {
      description: 'The lifetime of an access token in seconds.',
    }),
    personalTokenSeconds: t.exposeInt('personalTokenSeconds', {
      nullable: true,
      description:
        'The longest lifetime of a personal access token in seconds: see `createAccessToken`. Null if personal access tokens are switched off.',
    }),
    issuer: t.exposeString('issuer', { description: 'The `iss` claim of every token.' }),
    audience: t.exposeString('audience', {
      description: 'The `aud` claim of the tokens that GraphQL issues.',
    }),
    jwksUrl: t.exposeString('jwksUrl', {
      description: 'The address of the public keys (JWKS) that verify the tokens.',
    }),
  }),
});

builder.queryField('authConfig', (t) =>
  t.field({
    type: AuthConfig,
    description: 'The settings of this gateway, and how to verify its tokens. Every client may ask.',
    resolve: (_root, _args, { deps: { config } }) => ({
      signup: config.signup === 'on',
      signupByInvitation: config.signup !== 'off',
      anonymousSignIn: config.anonymousSignIn && config.signup === 'on',
      providers: config.providers.map(({ name }) => name),
      requireVerifiedEmail: config.requireVerifiedEmail,
      emailExists: config.emailExists,
      captcha: config.captcha,
      refreshCookie: config.refreshCookie !== 'off',
      passwordMinLength: config.passwords.minLength,
      passwordRequiredCharacters: [...config.passwords.requiredCharacters],
      accessTokenSeconds: config.tokens.accessTtlSeconds,
      personalTokenSeconds: config.personalTokens.perUser > 0 ? config.personalTokens.maxTtlSeconds : null,
      issuer: config.tokens.issuer,
      audience: config.tokens.audience,
      jwksUrl: `${config.publicUrl}/.well-known/jwks.json`,
    }),
  }),
);
