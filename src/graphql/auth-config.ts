import { builder } from './builder.ts';

const AuthConfig = builder.objectRef<{
  signup: boolean;
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
    resolve: (_root, _args, { deps: { config, tokens } }) => ({
      signup: config.signup,
      refreshCookie: config.refreshCookie !== 'off',
      passwordMinLength: config.passwords.minLength,
      accessTokenSeconds: tokens.accessTtlSeconds,
      issuer: tokens.issuer,
      audience: tokens.audience,
      jwksUrl: `${config.publicUrl}/.well-known/jwks.json`,
    }),
  }),
);
