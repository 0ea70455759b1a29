import { createAccount } from '../../flows/admin/create-user.ts';
import { type InvitedUser, inviteUser } from '../../flows/admin/invite-user.ts';
import { listAccounts } from '../../flows/admin/list-users.ts';
import { updateAccount } from '../../flows/admin/update-user.ts';
import { builder } from '../builder.ts';
import { paragraphs } from '../descriptions.ts';
import { requireOperator } from '../viewer.ts';
import { AccountState } from './account-state.ts';

// How the operator finds, creates and changes users.

const DEFAULT_PAGE = 50;

builder.queryField('users', (t) =>
  t.field({
    type: [AccountState],
    description: paragraphs(
      'Lists users, a page at a time, in the order of their ids.',
      'For the operator: a client of Hasura with role admin. Ids that the gateway made grow with time, so the order is that of creation. All conditions must be true.',
      'Error codes: `permission_denied` (not the operator), `invalid` (`first`, `after`, `search`, `role`), `max_length` (`search`, `role`).',
    ),
    args: {
      first: t.arg.int({
        required: true,
        defaultValue: DEFAULT_PAGE,
        description: 'The size of the page: 1 to 100.',
      }),
      after: t.arg.id({
        description: 'The id of the last user of the previous page. Leave it out for the first page.',
      }),
      search: t.arg.string({
        description:
          'The beginning of the email address, the name or the id. Case does not matter. At most 255 characters.',
      }),
      disabled: t.arg.boolean({ description: 'Whether the account is disabled.' }),
      verified: t.arg.boolean({ description: 'Whether the email address is verified.' }),
      createdFrom: t.arg({
        type: 'DateTime',
        description: 'The account was created at this time or later.',
      }),
      createdBefore: t.arg({ type: 'DateTime', description: 'The account was created before this time.' }),
      role: t.arg.string({
        description:
          'A role of Hasura that the operator gave to the user, or to them as a member of a team. The default roles do not count.',
      }),
    },
    resolve: (_root, args, { deps, caller }) => {
      requireOperator(caller);
      return listAccounts(deps, caller, args);
    },
  }),
);

const CreateUserInput = builder.inputType('CreateUserInput', {
  description: 'Input of `createUser`: the new user.',
  fields: (t) => ({
    email: t.string({
      required: true,
      description: 'The email address: at most 254 characters. Case and surrounding spaces do not matter.',
    }),
    name: t.string({
      description: 'The name of the user: 1 to 255 characters. Leave it out if they have none.',
    }),
    password: t.string({
      description:
        'The password: at least `authConfig.passwordMinLength` characters. Leave it out, and the user sets one by the mailed link or by `forgotPassword`.',
    }),
    emailVerified: t.boolean({
      description:
        'If true, the address counts as verified, and so does the password. The gateway then creates a default team.',
    }),
    sendLink: t.boolean({
      description:
        'If true, the gateway mails a link that sets a password and verifies the address. It works for 7 days.',
    }),
    roles: t.stringList({
      description: 'Roles of Hasura beside the default roles, as `setUserRoles` gives them.',
    }),
  }),
});

builder.mutationField('createUser', (t) =>
  t.field({
    type: AccountState,
    description: paragraphs(
      'Creates a user, also while sign-up is off.',
      'For the operator: a client of Hasura with role admin. Without `password` the user cannot sign in until they set one.',
      'Error codes: `permission_denied` (not the operator), `required` (`email`, `password`, `name`), `min_length` (`password`), `missing_characters` (`password`), `leaked_password` (`password`), `max_length` (`password`, `name`), `invalid` (`email`, `password`, `name`; `roles` if HASURA_ROLES does not declare one), `already_registered` (`email`), `too_many_roles` (`roles`), `rate_limited`, `busy`, `unavailable`.',
    ),
    args: { input: t.arg({ type: CreateUserInput, required: true, description: 'The new user.' }) },
    resolve: (_root, { input }, { deps, caller }) => {
      requireOperator(caller);
      const { emailVerified, sendLink, roles, ...person } = input;
      return createAccount(deps, caller, {
        ...{ email: person.email, name: person.name ?? null, password: person.password ?? null },
        ...{ emailVerified: emailVerified ?? false, sendLink: sendLink ?? false, roles: roles ?? [] },
      });
    },
  }),
);

const UpdateUserInput = builder.inputType('UpdateUserInput', {
  description: 'Input of `updateUser`: the user, and what changes. What is left out or null stays as it is.',
  fields: (t) => ({
    userId: t.id({ required: true, description: 'The id of the user, a UUID.' }),
    name: t.string({ description: 'The new name: 1 to 255 characters.' }),
    email: t.string({
      description: 'The new email address. It is not verified, unless `emailVerified` is true.',
    }),
    emailVerified: t.boolean({ description: 'Whether the email address is verified.' }),
    password: t.string({
      description: 'The new password: at least `authConfig.passwordMinLength` characters.',
    }),
  }),
});

builder.mutationField('updateUser', (t) =>
  t.field({
    type: AccountState,
    description: paragraphs(
      'Updates a user.',
      'For the operator: a client of Hasura with role admin.',
      'A new address or a new password ends all sessions and personal access tokens of the user, and all their one-time tokens stop working. The gateway mails a notice to the former address, or about the new password, if the address was verified.',
      'Error codes: `permission_denied` (not the operator), `invalid` (`userId`, `email`, `emailVerified`, `password`, `name`), `required` (`name`, `password`), `min_length` (`password`), `missing_characters` (`password`), `leaked_password` (`password`), `max_length` (`password`, `name`), `not_found` (`userId`), `already_registered` (`email`), `busy`, `unavailable`.',
    ),
    args: {
      input: t.arg({ type: UpdateUserInput, required: true, description: 'The user, and what changes.' }),
    },
    resolve: (_root, { input }, { deps, caller }) => {
      requireOperator(caller);
      const { userId, name = null, email = null, emailVerified = null, password = null } = input;
      return updateAccount(deps, caller, { userId, name, email, emailVerified, password });
    },
  }),
);

const InvitedUserType = builder.objectRef<InvitedUser>('InvitedUser');

InvitedUserType.implement({
  description: 'The answer of `inviteUser`.',
  fields: (t) => ({
    email: t.exposeString('email', { description: 'The invited address in its canonical form.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      description: 'When the mailed link stops working.',
    }),
  }),
});

const InviteUserInput = builder.inputType('InviteUserInput', {
  description: 'Input of `inviteUser`: the address.',
  fields: (t) => ({
    email: t.string({
      required: true,
      description: 'The email address: at most 254 characters. Case and surrounding spaces do not matter.',
    }),
  }),
});

builder.mutationField('inviteUser', (t) =>
  t.field({
    type: InvitedUserType,
    description: paragraphs(
      'Invites a person to create an account: mails a link to the address.',
      'For the operator: a client of Hasura with role admin. It also works while sign-up is off. The account exists once the person has chosen a name and a password on the page of the link, or by `signup` with the token of the link.',
      'The link works once, for INVITE_TTL seconds. Inviting the address again replaces it.',
      'Error codes: `permission_denied` (not the operator), `required` (`email`), `invalid` (`email`), `already_registered` (`email`), `rate_limited`.',
    ),
    args: { input: t.arg({ type: InviteUserInput, required: true, description: 'The address.' }) },
    resolve: (_root, { input: { email } }, { deps, caller }) => {
      requireOperator(caller);
      return inviteUser(deps, caller, { email });
    },
  }),
);
