import { changePassword } from '../../flows/account/change-password.ts';
import { requestPasswordReset } from '../../flows/account/request-password-reset.ts';
import { resetPassword } from '../../flows/account/reset-password.ts';
import { builder } from '../builder.ts';
import { requireAccountHolder } from '../viewer.ts';
import { OkPayload, ok } from './ok-payload.ts';

const NEW_PASSWORD = 'At least `authConfig.passwordMinLength` characters, taken as they are.';

const ForgotPasswordInput = builder.inputType('ForgotPasswordInput', {
  description: 'Whose password is forgotten.',
  fields: (t) => ({
    email: t.string({ required: true, description: 'Case and surrounding spaces do not matter.' }),
    captchaToken: t.string({ description: 'The solution, where `authConfig.captcha` asks for one.' }),
  }),
});

builder.mutationField('forgotPassword', (t) =>
  t.field({
    type: OkPayload,
    description:
      'Mails a link that sets a new password. The answer does not tell whether anybody has the address. Codes: `required`, `captcha_failed` (captchaToken), `unavailable`, `rate_limited`. Send it without an `Authorization` header: Hasura refuses an expired one.',
    args: { input: t.arg({ type: ForgotPasswordInput, required: true, description: 'The address.' }) },
    resolve: async (_root, { input }, { deps, caller }) => {
      const captchaToken = input.captchaToken ?? '';
      await requestPasswordReset(deps, caller, { email: input.email, captchaToken });
      return ok;
    },
  }),
);

const ResetPasswordInput = builder.inputType('ResetPasswordInput', {
  description: 'The new password, and what entitles to set it.',
  fields: (t) => ({
    token: t.string({ required: true, description: 'From the mailed link. Good once, for an hour.' }),
    newPassword: t.string({ required: true, description: NEW_PASSWORD }),
  }),
});

builder.mutationField('resetPassword', (t) =>
  t.field({
    type: OkPayload,
    description:
      'Sets a new password by a mailed token, and verifies the address. Ends every session and every pending token of the person; log in with the new password then. A password that is refused does not use the token up. Codes: `required`, `min_length`, `max_length`, `invalid_token`, `busy`.',
    args: { input: t.arg({ type: ResetPasswordInput, required: true, description: 'Token and password.' }) },
    resolve: async (_root, { input }, { deps, caller }) => {
      await resetPassword(deps, caller, input);
      return ok;
    },
  }),
);

const ChangePasswordInput = builder.inputType('ChangePasswordInput', {
  description: 'The current password and the new one.',
  fields: (t) => ({
    currentPassword: t.string({ required: true, description: 'Wrong ones are counted per session.' }),
    newPassword: t.string({ required: true, description: NEW_PASSWORD }),
  }),
});

builder.mutationField('changePassword', (t) =>
  t.field({
    type: OkPayload,
    description:
      'Sets my new password. My other sessions and all mailed links end, and a notice is mailed. While the password is not proven, links to my address stay good. Codes: `unauthenticated`, `permission_denied` (for a team token), `required`, `min_length`, `max_length`, `invalid_credentials` (currentPassword), `rate_limited`, `busy`.',
    args: { input: t.arg({ type: ChangePasswordInput, required: true, description: 'Both passwords.' }) },
    resolve: async (_root, { input }, { deps, caller }) => {
      await changePassword(deps, await requireAccountHolder(caller), input);
      return ok;
    },
  }),
);
