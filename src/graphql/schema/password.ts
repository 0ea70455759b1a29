import { changePassword } from '../../flows/account/change-password.ts';
import { requestPasswordReset } from '../../flows/account/request-password-reset.ts';
import { resetPassword } from '../../flows/account/reset-password.ts';
import { builder } from '../builder.ts';
import { CAPTCHA, paragraphs, WITHOUT_HEADER } from '../descriptions.ts';
import { requireAccountHolder } from '../viewer.ts';
import { OkPayload, ok } from './ok-payload.ts';

const NEW_PASSWORD = 'The new password: at least `authConfig.passwordMinLength` characters. Spaces count.';

const ForgotPasswordInput = builder.inputType('ForgotPasswordInput', {
  description: 'Input of `forgotPassword`: the email address of the account.',
  fields: (t) => ({
    email: t.string({
      required: true,
      description: 'The email address. Case and surrounding spaces do not matter.',
    }),
    captchaToken: t.string({
      description: CAPTCHA,
    }),
  }),
});

builder.mutationField('forgotPassword', (t) =>
  t.field({
    type: OkPayload,
    description: paragraphs(
      'Helps a user who forgot their password: mails a link that sets a new one.',
      'The link opens a page of the gateway, which sets the password. An application that reads the token itself calls `resetPassword` instead.',
      'The answer is always `ok`: it does not tell whether an account has the address. If the gateway mailed a link a moment ago, it mails no second one, and answers `ok` too.',
      WITHOUT_HEADER,
      'Error codes: `required` (`email`, `captchaToken`), `captcha_failed` (`captchaToken`), `rate_limited`, `busy`, `unavailable`.',
    ),
    args: { input: t.arg({ type: ForgotPasswordInput, required: true, description: 'The email address.' }) },
    resolve: async (_root, { input }, { deps, caller }) => {
      const captchaToken = input.captchaToken ?? '';
      await requestPasswordReset(deps, caller, { email: input.email, captchaToken });
      return ok;
    },
  }),
);

const ResetPasswordInput = builder.inputType('ResetPasswordInput', {
  description: 'Input of `resetPassword`: the one-time token and the new password.',
  fields: (t) => ({
    token: t.string({
      required: true,
      description: 'The one-time token: the last part of the mailed link. It works once, for an hour.',
    }),
    newPassword: t.string({ required: true, description: NEW_PASSWORD }),
  }),
});

builder.mutationField('resetPassword', (t) =>
  t.field({
    type: OkPayload,
    description: paragraphs(
      'Resets the password of an account: sets a new one by the one-time token of a mailed link.',
      'It also verifies the email address. All sessions and personal access tokens of the user end, and all their one-time tokens stop working. The gateway mails a notice. Call `login` with the new password next.',
      'On `min_length`, `missing_characters`, `leaked_password` or `max_length`, ask for another password: the one-time token still works. On `invalid_token`, call `forgotPassword` again.',
      'Error codes: `required` (`token`, `newPassword`), `min_length` (`newPassword`), `missing_characters` (`newPassword`), `leaked_password` (`newPassword`), `max_length` (`newPassword`), `invalid_token` (`token`), `busy`, `unavailable`.',
    ),
    args: {
      input: t.arg({
        type: ResetPasswordInput,
        required: true,
        description: 'The one-time token and the new password.',
      }),
    },
    resolve: async (_root, { input }, { deps, caller }) => {
      await resetPassword(deps, caller, input);
      return ok;
    },
  }),
);

const ChangePasswordInput = builder.inputType('ChangePasswordInput', {
  description: 'Input of `changePassword`: the current password and the new one.',
  fields: (t) => ({
    currentPassword: t.string({
      required: true,
      description: 'The current password. The gateway counts wrong ones per session.',
    }),
    newPassword: t.string({ required: true, description: NEW_PASSWORD }),
  }),
});

builder.mutationField('changePassword', (t) =>
  t.field({
    type: OkPayload,
    description: paragraphs(
      'Changes the password of the current user.',
      'All other sessions of the user end, except those of personal access tokens, and the gateway mails a notice. All one-time tokens of the user stop working. If the password is not proven (see `verifyEmail`), only the token of `changeEmail` stops working.',
      'An account without a password answers `invalid_credentials`. Call `forgotPassword` instead.',
      'Error codes: `unauthenticated`, `permission_denied` (for a team token or a personal access token), `required` (`currentPassword`, `newPassword`), `min_length` (`newPassword`), `missing_characters` (`newPassword`), `leaked_password` (`newPassword`), `max_length` (`newPassword`), `invalid_credentials` (`currentPassword`), `rate_limited`, `busy`, `unavailable`.',
    ),
    args: {
      input: t.arg({
        type: ChangePasswordInput,
        required: true,
        description: 'The current password and the new one.',
      }),
    },
    resolve: async (_root, { input }, { deps, caller }) => {
      await changePassword(deps, await requireAccountHolder(caller), input);
      return ok;
    },
  }),
);
