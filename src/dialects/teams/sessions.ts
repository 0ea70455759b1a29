import { z } from 'zod';
import { authenticateToken } from '../../flows/shared/authenticate.ts';
import { login } from '../../flows/sign-in/login.ts';
import { refresh } from '../../flows/sign-in/refresh.ts';
import { renewTokens } from '../../flows/sign-in/renew-tokens.ts';
import { signup } from '../../flows/sign-in/signup.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { newPasswordErrors } from '../errors.ts';
import { text } from '../texts.ts';
import { refreshOrAccessToken, requireBearer } from './bearer.ts';
import { CAPTCHA, EMAIL, PASSWORD, Tokens, tokensAnswer } from './objects.ts';

/** Login, registration and refresh. */
export const sessionEndpoints = (deps: GatewayDeps): Endpoint[] => [
  endpoint({
    method: 'POST',
    path: '/api/login',
    docs: {
      operationId: 'login',
      summary: 'Sign in',
      answers: { 200: { description: 'The user is signed in.', schema: Tokens } },
      errors: [
        ...(['captcha_failed', 'invalid_credentials', 'account_disabled', 'email_not_verified'] as const),
        ...(['rate_limited', 'busy', 'no_signing_key', 'claims_failed'] as const),
      ],
    },
    body: z.object({ email: EMAIL, password: PASSWORD, captchaToken: CAPTCHA }),
    async handle({ caller, body }, c) {
      const tokens = await login(deps, caller, body);
      return c.json(tokensAnswer(tokens, tokens.refreshToken));
    },
  }),
  endpoint({
    method: 'POST',
    path: '/api/register',
    docs: {
      operationId: 'register',
      summary: 'Register',
      description: 'The gateway mails a link that verifies the address.',
      answers: { 200: { description: 'The user is registered and signed in.', schema: Tokens } },
      errors: [
        ...newPasswordErrors,
        ...(['already_registered', 'signup_disabled', 'email_not_verified', 'captcha_failed'] as const),
        ...(['rate_limited', 'busy', 'unavailable', 'no_signing_key', 'claims_failed'] as const),
      ],
    },
    body: z.object({
      email: EMAIL,
      password: PASSWORD,
      name: text("The user's name.", 'Alice'),
      captchaToken: CAPTCHA,
    }),
    async handle({ caller, body: { captchaToken = '', ...person } }, c) {
      const tokens = await signup(deps, caller, { ...person, captchaToken, teamName: null });
      return c.json(tokensAnswer(tokens, tokens.refreshToken));
    },
  }),
  endpoint({
    method: 'GET',
    changesState: true,
    path: '/api/refresh',
    docs: {
      operationId: 'refresh',
      summary: 'Get new tokens for a session',
      description:
        'The client sends its refresh token, and gets a new one for it. A client that holds nothing else sends an unexpired user token, until the session ends. A vault token is refused.',
      security: refreshOrAccessToken,
      answers: { 200: { description: 'The new tokens.', schema: Tokens } },
      errors: [
        ...(['unauthenticated', 'invalid_refresh_token', 'refresh_token_reused'] as const),
        ...(['rate_limited', 'no_signing_key', 'claims_failed'] as const),
      ],
    },
    authenticate: ({ request }) => requireBearer(request),
    async handle({ caller, by: token }, c) {
      if (token.split('.').length === 3) {
        const viewer = await authenticateToken(deps, caller, { token });
        return c.json(tokensAnswer(await renewTokens(deps, viewer), null));
      }
      const tokens = await refresh(deps, caller, { refreshToken: token });
      return c.json(tokensAnswer(tokens, tokens.refreshToken));
    },
  }),
];
