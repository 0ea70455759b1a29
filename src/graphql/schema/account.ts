import { deleteAccount } from '../../flows/account/delete-account.ts';
import { updateProfile } from '../../flows/account/update-profile.ts';
import { disableAccount, enableAccount } from '../../flows/admin/disable-account.ts';
import type { User } from '../../users/users.ts';
import { builder } from '../builder.ts';
import { requireAccountHolder, requireOperator } from '../viewer.ts';
import { OkPayload, ok } from './ok-payload.ts';
import { UserType } from './user.ts';

const UpdateProfileInput = builder.inputType('UpdateProfileInput', {
  description: 'What to change of the profile.',
  fields: (t) => ({
    name: t.string({
      required: true,
      description: 'What the person wants to be called; 1 to 255 characters.',
    }),
  }),
});

builder.mutationField('updateProfile', (t) =>
  t.field({
    type: UserType,
    description:
      'Changes the profile of the current user. Codes: `unauthenticated`, `permission_denied` (for a team token), `required`, `max_length`, `invalid`, `rate_limited`.',
    args: { input: t.arg({ type: UpdateProfileInput, required: true, description: 'The profile.' }) },
    resolve: async (_root, { input: { name } }, { deps, caller }) =>
      updateProfile(deps, await requireAccountHolder(caller), { name }),
  }),
);

const DeleteAccountInput = builder.inputType('DeleteAccountInput', {
  description: 'What deleting the account takes.',
  fields: (t) => ({
    currentPassword: t.string({ required: true, description: 'Wrong ones are counted per session.' }),
  }),
});

builder.mutationField('deleteAccount', (t) =>
  t.field({
    type: OkPayload,
    description:
      'Deletes my account, with the teams in which nobody else is. There is no way back. Codes: `unauthenticated`, `permission_denied` (for a team token), `required`, `invalid_credentials` (currentPassword), `sole_owner` (names the teams that need another owner), `rate_limited`, `busy`.',
    args: { input: t.arg({ type: DeleteAccountInput, required: true, description: 'My password.' }) },
    resolve: async (_root, { input: { currentPassword } }, { deps, caller, cookie }) => {
      await deleteAccount(deps, await requireAccountHolder(caller), { currentPassword });
      if (deps.config.refreshCookie !== 'off' && cookie.isPresent()) cookie.clear();
      return ok;
    },
  }),
);

const AccountState = builder.objectRef<User>('AccountState');

AccountState.implement({
  description: 'An account as the operator sees it.',
  fields: (t) => ({
    userId: t.exposeID('id', { description: 'A UUID.' }),
    disabledAt: t.expose('disabledAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Since when nobody may sign in to it; null while people may.',
    }),
  }),
});

const AccountInput = builder.inputType('AccountInput', {
  description: 'Which account.',
  fields: (t) => ({ userId: t.id({ required: true, description: 'A UUID.' }) }),
});
const whichAccount = { type: AccountInput, required: true, description: 'Which one.' } as const;

builder.mutationField('disableAccount', (t) =>
  t.field({
    type: AccountState,
    description:
      'For the operator. Ends the sessions and mailed links of an account, withdraws the invites it made, and lets nobody sign in to it. Codes: `permission_denied`, `invalid`, `not_found`.',
    args: { input: t.arg(whichAccount) },
    resolve: (_root, { input: { userId } }, { deps, caller }) => {
      requireOperator(caller);
      return disableAccount(deps, caller, { userId });
    },
  }),
);

builder.mutationField('enableAccount', (t) =>
  t.field({
    type: AccountState,
    description:
      'For the operator. Lets people sign in to a disabled account again. Codes: `permission_denied`, `invalid`, `not_found`.',
    args: { input: t.arg(whichAccount) },
    resolve: (_root, { input: { userId } }, { deps, caller }) => {
      requireOperator(caller);
      return enableAccount(deps, caller, { userId });
    },
  }),
);
