import { z } from 'zod';
import { requestPasswordReset } from '../../flows/account/request-password-reset.ts';
import { resetPassword } from '../../flows/account/reset-password.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { newPasswordErrors } from '../errors.ts';
import { text } from '../texts.ts';
import { CAPTCHA, EMAIL, PASSWORD, Status } from './objects.ts';

/** The reset of a forgotten password. */
export const passwordEndpoints = (deps: GatewayDeps): Endpoint[] => [
  endpoint({
    method: 'POST',
    path: '/api/forgot-passsword',
    docs: {
      operationId: 'forgotPassword',
      summary: 'Mail a link that sets a new password',
      description: 'The answer does not tell whether an account has the address.',
      answers: { 200: { description: 'The request is accepted.', schema: Status } },
      errors: ['captcha_failed', 'rate_limited'],
    },
    body: z.object({ email: EMAIL, captchaToken: CAPTCHA }),
    async handle({ caller, body: { email, captchaToken = '' } }, c) {
      await requestPasswordReset(deps, caller, { email, captchaToken });
      return c.json({ status: 'ok' });
    },
  }),
  endpoint({
    method: 'POST',
    path: '/api/reset-passsword',
    docs: {
      operationId: 'resetPassword',
      summary: 'Set a new password with the token of the mail',
      description: 'Every session and every pending token of the user ends.',
      answers: { 200: { description: 'The password is set.', schema: Status } },
      errors: [...newPasswordErrors, 'invalid_token', 'busy', 'unavailable'],
    },
    body: z.object({ token: text('The token of the mail.', 'pot_…'), newPassword: PASSWORD }),
    async handle({ caller, body }, c) {
      await resetPassword(deps, caller, body);
      return c.json({ status: 'ok' });
    },
  }),
];
