import { listRolesOfUsers } from '../../roles/given-roles.ts';
import { listPasswordHolders } from '../../users/passwords.ts';
import type { User } from '../../users/users.ts';
import { loadInBatch } from '../batches.ts';
import { builder } from '../builder.ts';

/** A user as the operator sees them. */
export const AccountState = builder.objectRef<User>('AccountState');

AccountState.implement({
  description: 'An account and its state, for the operator.',
  fields: (t) => ({
    userId: t.exposeID('id', { description: 'The id of the user, a UUID.' }),
    email: t.exposeString('email', {
      nullable: true,
      description: 'The email address in its canonical form. Null if the account has none.',
    }),
    emailVerifiedAt: t.expose('emailVerifiedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the email address was verified. Null if it is not verified.',
    }),
    name: t.exposeString('name', {
      nullable: true,
      description: 'The name of the user. Null if they have none.',
    }),
    hasPassword: t.boolean({
      description: 'Whether the account has a password. `sendPasswordReset` mails a link that sets one.',
      resolve: async ({ id }, _args, context) => {
        const load = async (ids: string[]) =>
          new Map([...(await listPasswordHolders(context.deps.db, ids))].map((holder) => [holder, true]));
        return (await loadInBatch(context, { kind: 'password holders', key: id }, load)) ?? false;
      },
    }),
    disabledAt: t.expose('disabledAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the operator disabled the account. Null if the account is enabled.',
    }),
    roles: t.stringList({
      description:
        'The roles of Hasura that the operator gave to the user, by name. The default roles and the roles of memberships are not among them.',
      resolve: async ({ id }, _args, context) => {
        const load = (ids: string[]) => listRolesOfUsers(context.deps.db, ids);
        return (await loadInBatch(context, { kind: 'roles of users', key: id }, load)) ?? [];
      },
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the account was created.' }),
  }),
});
