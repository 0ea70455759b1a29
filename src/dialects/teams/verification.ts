import { z } from 'zod';
import { emailExists } from '../../flows/account/email-exists.ts';
import { requestEmailVerification } from '../../flows/account/request-email-verification.ts';
import { verifyEmailAndSignIn } from '../../flows/account/verify-email.ts';
import { renewTokens } from '../../flows/sign-in/renew-tokens.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import { viewerOrNull } from '../../request/viewer.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { accessToken, requireUserToken } from './bearer.ts';
import { CAPTCHA_DESCRIPTION, Tokens, tokensAnswer } from './objects.ts';

/** What concerns an address: its verification, and whether it has an account. */
export const verificationEndpoints = (deps: GatewayDeps): Endpoint[] => [
  endpoint({
    method: 'GET',
    changesState: true,
    path: '/api/verify-email/:token',
    docs: {
      operationId: 'verifyEmail',
      summary: 'Verify an email address, make the default team and project, and sign in',
      description:
        "This is for programs. The mailed link opens a page instead, so that mail scanners do not use the token up. If the client sends the account's user token, that session stays. Otherwise all earlier sessions end, and the password is suspended. Signing in with a suspended password answers `email_not_verified` and mails the page. The password counts again after the user has entered it there.",
      answers: {
        200: { description: 'The address is verified, and the user is signed in.', schema: Tokens },
      },
      errors: ['invalid_token', 'no_signing_key', 'claims_failed'],
    },
    params: z.object({ token: z.string().meta({ description: 'The token of the mail.' }) }),
    async handle({ caller, params: { token } }, c) {
      const by = (await viewerOrNull(caller)) ?? caller;
      const tokens = await verifyEmailAndSignIn(deps, by, { token, proof: 'optional' });
      return c.json(tokensAnswer(tokens, tokens.refreshToken));
    },
  }),
  endpoint({
    method: 'GET',
    changesState: true,
    path: '/api/resend-email-verification',
    docs: {
      operationId: 'resendEmailVerification',
      summary: 'Mail the verification link again',
      security: accessToken,
      answers: {
        200: {
          description:
            'The tokens are renewed. If the address and the password are proven already, the gateway sends no mail.',
          schema: Tokens,
        },
      },
      errors: [
        'unauthenticated',
        'required',
        'captcha_failed',
        'rate_limited',
        'no_signing_key',
        'claims_failed',
      ],
    },
    authenticate: (incoming) => requireUserToken(deps, incoming),
    query: z.object({ capcha: z.string().optional().meta({ description: CAPTCHA_DESCRIPTION }) }),
    async handle({ by: viewer, query: { capcha: captchaToken = '' } }, c) {
      await requestEmailVerification(deps, viewer, { captchaToken, captchaAttribute: 'capcha' });
      return c.json(tokensAnswer(await renewTokens(deps, viewer), null));
    },
  }),
  endpoint({
    method: 'GET',
    path: '/api/exist-email/:email',
    docs: {
      operationId: 'emailExists',
      summary: 'Tell whether an email address has an account',
      answers: { 200: { description: 'Whether the address has an account.', schema: z.boolean() } },
      errors: ['feature_disabled', 'required', 'rate_limited'],
    },
    params: z.object({ email: z.string().meta({ description: 'The email address.' }) }),
    async handle({ caller, params: { email } }, c) {
      return c.json(await emailExists(deps, caller, { email }));
    },
  }),
];
