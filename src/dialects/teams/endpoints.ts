import { z } from 'zod';
import { AuthError } from '../../errors.ts';
import { emailExists } from '../../flows/account/email-exists.ts';
import { requestEmailVerification } from '../../flows/account/request-email-verification.ts';
import { requestPasswordReset } from '../../flows/account/request-password-reset.ts';
import { resetPassword } from '../../flows/account/reset-password.ts';
import { verifyEmailAndSignIn } from '../../flows/account/verify-email.ts';
import { authenticateToken } from '../../flows/shared/authenticate.ts';
import type { Viewer } from '../../flows/shared/caller.ts';
import { login } from '../../flows/sign-in/login.ts';
import { refresh } from '../../flows/sign-in/refresh.ts';
import { isUserToken, renewTokens } from '../../flows/sign-in/renew-tokens.ts';
import { signup } from '../../flows/sign-in/signup.ts';
import { viewerOrNull } from '../../graphql/viewer.ts';
import { bearerToken, SEND_BEARER } from '../../request/bearer.ts';
import { identifyCaller } from '../../request/caller.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import { readQuery } from '../../request/url-encoded.ts';
import type { IssuedTokens } from '../../sessions/tokens.ts';
import { type Endpoint, endpoint, optionalText, text } from '../endpoint.ts';

const EMAIL = text('The email address.', 'alice@example.com');
const PASSWORD = text('The password.', 'correct horse');
const CAPTCHA = optionalText('The solved captcha, where one is asked for.');

const Tokens = z.object({
  userToken: z.string().meta({ description: "The user's access token." }),
  vaultToken: z
    .string()
    .nullable()
    .meta({ description: 'The token of the active team; null while there is none.' }),
  refreshToken: z
    .string()
    .nullable()
    .meta({ description: 'For refresh; null where the one at hand stays good.' }),
});
const Status = z.object({ status: z.literal('ok') });
const signedIn = { 200: { description: 'Signed in.', schema: Tokens } };

const tokensAnswer = (tokens: IssuedTokens, refreshToken: string | null): z.output<typeof Tokens> => ({
  userToken: tokens.accessToken,
  vaultToken: tokens.teamToken,
  refreshToken,
});

/** The token that this dialect takes as `Authorization: Bearer`. @throws AuthError `unauthenticated` */
function requireBearer(headers: Parameters<typeof bearerToken>[0]): string {
  const token = bearerToken(headers);
  if (token === null) throw new AuthError('unauthenticated', { message: SEND_BEARER });
  return token;
}

/** A user token is one that renews its session. @throws AuthError `unauthenticated` for any other kind */
function requireUserToken(viewer: Viewer): Viewer {
  if (isUserToken(viewer)) return viewer;
  throw new AuthError('unauthenticated', { message: 'Send the user token.' });
}

/** The teams API: accounts, email verification, user and team tokens. The paths are spelled as its documents spell them. */
export const teamsEndpoints = (deps: GatewayDeps): Endpoint[] => [
  ...sessionEndpoints(deps),
  ...verificationEndpoints(deps),
  ...passwordEndpoints(deps),
];

const sessionEndpoints = (deps: GatewayDeps): Endpoint[] => [
  endpoint({
    method: 'POST',
    path: '/api/login',
    operationId: 'login',
    dialect: 'Teams',
    summary: 'Signs in',
    body: z.object({ email: EMAIL, password: PASSWORD, captchaToken: CAPTCHA }),
    answers: signedIn,
    errors: [
      'captcha_failed',
      'invalid_credentials',
      'account_disabled',
      'email_not_verified',
      'rate_limited',
      'busy',
      'no_signing_key',
    ],
    async handle(c, request, input) {
      const tokens = await login(deps, identifyCaller(deps, request), input);
      return c.json(tokensAnswer(tokens, tokens.refreshToken));
    },
  }),
  endpoint({
    method: 'POST',
    path: '/api/register',
    operationId: 'register',
    dialect: 'Teams',
    summary: 'Registers a person; a mail confirms the address',
    body: z.object({
      email: EMAIL,
      password: PASSWORD,
      name: text("The person's name.", 'Alice'),
      captchaToken: CAPTCHA,
    }),
    answers: signedIn,
    errors: [
      ...([
        'min_length',
        'max_length',
        'already_registered',
        'signup_disabled',
        'email_not_verified',
      ] as const),
      ...(['captcha_failed', 'rate_limited', 'busy', 'no_signing_key'] as const),
    ],
    async handle(c, request, input) {
      const tokens = await signup(deps, identifyCaller(deps, request), {
        ...input,
        captchaToken: input.captchaToken ?? '',
        teamName: null,
      });
      return c.json(tokensAnswer(tokens, tokens.refreshToken));
    },
  }),
  endpoint({
    method: 'GET',
    changesState: true,
    path: '/api/refresh',
    operationId: 'refresh',
    dialect: 'Teams',
    summary: 'New tokens for a session',
    description:
      'By refresh token, which is exchanged; or by an unexpired user token, for clients that hold nothing else, up to the absolute end of the session. A vault token is refused.',
    security: 'refreshOrAccessToken',
    answers: signedIn,
    errors: [
      'unauthenticated',
      'invalid_refresh_token',
      'refresh_token_reused',
      'rate_limited',
      'no_signing_key',
    ],
    async handle(c, request) {
      const token = requireBearer(request.headers);
      const caller = identifyCaller(deps, request);
      if (token.split('.').length === 3) {
        const viewer = await authenticateToken(deps, caller, { token });
        return c.json(tokensAnswer(await renewTokens(deps, viewer), null));
      }
      const tokens = await refresh(deps, caller, { refreshToken: token });
      return c.json(tokensAnswer(tokens, tokens.refreshToken));
    },
  }),
];

const verificationEndpoints = (deps: GatewayDeps): Endpoint[] => [
  endpoint({
    method: 'GET',
    changesState: true,
    path: '/api/verify-email/:token',
    operationId: 'verifyEmail',
    dialect: 'Teams',
    summary: 'Verifies an address, makes the default team and project, and signs in',
    description:
      'For programs. The link in the mail opens a page instead, so that mail scanners do not use the token up. With a user token of the account its session stays. Without one all earlier sessions end, and the password is suspended: signing in with it answers `email_not_verified` and mails the page, on which showing it makes it count again.',
    parameters: { token: { in: 'path', description: 'The token of the mail.' } },
    answers: signedIn,
    errors: ['invalid_token', 'no_signing_key'],
    async handle(c, request) {
      const caller = identifyCaller(deps, request);
      const by = (await viewerOrNull(caller)) ?? caller;
      const input = { token: c.req.param('token') ?? '', proof: 'optional' } as const;
      const tokens = await verifyEmailAndSignIn(deps, by, input);
      return c.json(tokensAnswer(tokens, tokens.refreshToken));
    },
  }),
  endpoint({
    method: 'GET',
    changesState: true,
    path: '/api/resend-email-verification',
    operationId: 'resendEmailVerification',
    dialect: 'Teams',
    summary: 'Mails the verification link again',
    security: 'accessToken',
    parameters: { capcha: { in: 'query', description: 'The solved captcha, where one is asked for.' } },
    answers: { 200: { description: 'On its way. The tokens are renewed.', schema: Tokens } },
    errors: ['unauthenticated', 'required', 'captcha_failed', 'rate_limited', 'no_signing_key'],
    async handle(c, request) {
      const token = requireBearer(request.headers);
      const caller = identifyCaller(deps, request);
      const viewer = requireUserToken(await authenticateToken(deps, caller, { token }));
      const captchaToken = readQuery(request).get('capcha') ?? '';
      await requestEmailVerification(deps, viewer, { captchaToken });
      return c.json(tokensAnswer(await renewTokens(deps, viewer), null));
    },
  }),
  endpoint({
    method: 'GET',
    path: '/api/exist-email/:email',
    operationId: 'emailExists',
    dialect: 'Teams',
    summary: 'Whether an address has an account',
    parameters: { email: { in: 'path', description: 'The address.' } },
    answers: { 200: { description: 'Whether it has.', schema: z.boolean() } },
    errors: ['feature_disabled', 'required', 'rate_limited'],
    async handle(c, request) {
      const email = c.req.param('email') ?? '';
      return c.json(await emailExists(deps, identifyCaller(deps, request), { email }));
    },
  }),
];

const passwordEndpoints = (deps: GatewayDeps): Endpoint[] => [
  endpoint({
    method: 'POST',
    path: '/api/forgot-passsword',
    operationId: 'forgotPassword',
    dialect: 'Teams',
    summary: 'Mails a link that sets a new password',
    description: 'The answer does not tell whether an account has the address.',
    body: z.object({ email: EMAIL, captchaToken: CAPTCHA }),
    answers: { 200: { description: 'Heard.', schema: Status } },
    errors: ['captcha_failed', 'rate_limited'],
    async handle(c, request, { email, captchaToken = '' }) {
      await requestPasswordReset(deps, identifyCaller(deps, request), { email, captchaToken });
      return c.json({ status: 'ok' });
    },
  }),
  endpoint({
    method: 'POST',
    path: '/api/reset-passsword',
    operationId: 'resetPassword',
    dialect: 'Teams',
    summary: 'Sets a new password by the token of the mail',
    description: 'Ends every session and every pending token of the person.',
    body: z.object({ token: text('The token of the mail.', 'pot_…'), newPassword: PASSWORD }),
    answers: { 200: { description: 'Done.', schema: Status } },
    errors: ['min_length', 'max_length', 'invalid_token', 'busy'],
    async handle(c, request, input) {
      await resetPassword(deps, identifyCaller(deps, request), input);
      return c.json({ status: 'ok' });
    },
  }),
];
