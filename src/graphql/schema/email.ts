import { confirmEmailChange, requestEmailChange } from '../../flows/account/change-email.ts';
import { emailExists } from '../../flows/account/email-exists.ts';
import { builder } from '../builder.ts';
import { requireAccountHolder, viewerOrNull } from '../viewer.ts';
import { OkPayload, ok } from './ok-payload.ts';

builder.queryField('emailExists', (t) =>
  t.boolean({
    description:
      'Whether an address has an account. Codes: `required`, `captcha_failed` (captchaToken), `unavailable`, `rate_limited`, `feature_disabled` where it is switched off.',
    args: {
      email: t.arg.string({ required: true, description: 'Case and surrounding spaces do not matter.' }),
      captchaToken: t.arg.string({
        description: 'The solution of a captcha, once an answer has been `required` (captchaToken).',
      }),
    },
    resolve: (_root, { email, captchaToken }, { deps, caller }) =>
      emailExists(deps, caller, { email, captchaToken: captchaToken ?? '' }),
  }),
);

const ChangeEmailInput = builder.inputType('ChangeEmailInput', {
  description: 'Which address the account shall have.',
  fields: (t) => ({
    newEmail: t.string({ required: true, description: 'At most 254 characters.' }),
    currentPassword: t.string({ required: true, description: 'Wrong ones are counted per session.' }),
  }),
});

builder.mutationField('changeEmail', (t) =>
  t.field({
    type: OkPayload,
    description:
      'Mails a link to the new address, which becomes mine once the link is confirmed. The answer does not tell whether an account has it. Codes: `unauthenticated`, `permission_denied` (for a team token), `required`, `invalid` (newEmail), `invalid_credentials` (currentPassword), `rate_limited`, `busy`.',
    args: {
      input: t.arg({ type: ChangeEmailInput, required: true, description: 'New address and password.' }),
    },
    resolve: async (_root, { input }, { deps, caller }) => {
      await requestEmailChange(deps, await requireAccountHolder(caller), input);
      return ok;
    },
  }),
);

const ConfirmEmailChangeInput = builder.inputType('ConfirmEmailChangeInput', {
  description: 'What proves the new address.',
  fields: (t) => ({
    token: t.string({ required: true, description: 'From the link mailed to the new address. Good once.' }),
    password: t.string({
      description:
        'The password of the account. Without it, and without an access token of the account, invites to the new address cannot be accepted until `resendEmailVerification` is confirmed.',
    }),
  }),
});

builder.mutationField('confirmEmailChange', (t) =>
  t.field({
    type: OkPayload,
    description:
      'Makes the address that the token was mailed to the address of the account. The former address gets a notice; sessions stay. Codes: `required`, `invalid_token` (token), `invalid_credentials` (password), `rate_limited`, `busy`.',
    args: { input: t.arg({ type: ConfirmEmailChangeInput, required: true, description: 'The token.' }) },
    resolve: async (_root, { input }, { deps, caller }) => {
      const by = (await viewerOrNull(caller)) ?? caller;
      const { token, password } = input;
      await confirmEmailChange(deps, by, { token, password: password ?? '', proof: 'optional' });
      return ok;
    },
  }),
);
