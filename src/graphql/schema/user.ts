import { listTeamsOfUser } from '../../teams/teams.ts';
import type { User } from '../../users/users.ts';
import { builder } from '../builder.ts';
import { MembershipType } from './team.ts';

export const UserType = builder.objectRef<User>('User');

UserType.implement({
  description: 'A person with an account.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'A UUID; `x-hasura-user-id` in the tokens.' }),
    email: t.exposeString('email', {
      nullable: true,
      description:
        'The address in its canonical form: lower case, the domain in ASCII (`xn--…`). Null for an account without one.',
    }),
    emailVerified: t.boolean({
      description: 'Whether the person has proved that the address is theirs.',
      resolve: (user) => user.emailVerifiedAt !== null,
    }),
    name: t.exposeString('name', { nullable: true, description: 'What the person wants to be called.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the account was made.' }),
    memberships: t.field({
      type: [MembershipType],
      description: 'The teams the person is in, the one they joined first at the front; at most 100.',
      resolve: (user, _args, { deps }) => listTeamsOfUser(deps.db, user.id),
    }),
  }),
});

builder.queryField('me', (t) =>
  t.field({
    type: UserType,
    nullable: true,
    description: 'The person whose token came with the request; null without one. A bad token is an error.',
    resolve: async (_root, _args, { caller }) => (await caller.viewer())?.user ?? null,
  }),
);
