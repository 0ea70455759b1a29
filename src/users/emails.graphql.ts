import { confirmEmailChange, requestEmailChange } from '../flows/change-email.ts';
import { emailExists } from '../flows/email-exists.ts';
import { builder } from '../graphql/builder.ts';
import { requireViewer } from '../graphql/viewer.ts';
import { OkPayload, ok } from './ok-payload.graphql.ts';

builder.queryField('emailExists', (t) =>
  t.boolean({
    description:
      'Whether an address has an account. Codes: `required`, `rate_limited`, `feature_disabled` where it is switched off.',
    args: {
      email: t.arg.string({ required: true, description: 'Case and surrounding spaces do not matter.' }),
    },
    resolve: (_root, { email }, { deps, caller }) => emailExists(deps, caller.device, { email }),
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
      'Mails a link to the new address, which becomes mine once the link is confirmed. The answer does not tell whether somebody has it. Codes: `unauthenticated`, `required`, `invalid` (newEmail), `invalid_credentials` (currentPassword), `rate_limited`, `busy`.',
    args: {
      input: t.arg({ type: ChangeEmailInput, required: true, description: 'New address and password.' }),
    },
    resolve: async (_root, { input }, { deps, caller }) => {
      await requestEmailChange(deps, caller.device, { viewer: await requireViewer(caller), ...input });
      return ok;
    },
  }),
);

const ConfirmEmailChangeInput = builder.inputType('ConfirmEmailChangeInput', {
  description: 'What proves the new address.',
  fields: (t) => ({
    token: t.string({ required: true, description: 'From the link mailed to the new address. Good once.' }),
  }),
});

builder.mutationField('confirmEmailChange', (t) =>
  t.field({
    type: OkPayload,
    description:
      'Makes the address that the token was mailed to the account’s. The former one gets a notice; sessions stay. Codes: `required`, `invalid_token`.',
    args: { input: t.arg({ type: ConfirmEmailChangeInput, required: true, description: 'The token.' }) },
    resolve: async (_root, { input }, { deps, caller }) => {
      await confirmEmailChange(deps, caller.device, input);
      return ok;
    },
  }),
);
