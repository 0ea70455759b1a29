import { listTeamsOfUser } from '../../teams/teams.ts';
import type { User } from '../../users/users.ts';
import { builder } from '../builder.ts';
import { paragraphs } from '../descriptions.ts';
import { MembershipType } from './team.ts';

export const UserType = builder.objectRef<User>('User');

UserType.implement({
  description: 'A user: a person with an account.',
  fields: (t) => ({
    id: t.exposeID('id', {
      description: 'The id of the user, a UUID. Every token carries it as `x-hasura-user-id`.',
    }),
    email: t.exposeString('email', {
      nullable: true,
      description:
        'The email address in its canonical form: lower case, the domain in ASCII (`xn--…`). Null if the account has none.',
    }),
    emailVerified: t.boolean({
      description: 'Whether the user has verified the email address.',
      resolve: (user) => user.emailVerifiedAt !== null,
    }),
    name: t.exposeString('name', {
      nullable: true,
      description: 'The name of the user. Null if they have none.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the account was created.' }),
    memberships: t.field({
      type: [MembershipType],
      description: 'The memberships of the user in teams, the oldest first; at most 100.',
      resolve: (user, _args, { deps }) => listTeamsOfUser(deps.db, user.id),
    }),
  }),
});

builder.queryField('me', (t) =>
  t.field({
    type: UserType,
    nullable: true,
    description: paragraphs(
      'The current user. Null if the client sends no token.',
      'A token that is not valid, or whose session has ended, is an error. Call `refresh` then.',
      'Error codes: `unauthenticated`.',
    ),
    resolve: async (_root, _args, { caller }) => (await caller.viewer())?.user ?? null,
  }),
);
