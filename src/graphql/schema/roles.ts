import { type SetUserRoles, setUserRoles } from '../../flows/admin/set-user-roles.ts';
import { builder } from '../builder.ts';
import { paragraphs } from '../descriptions.ts';
import { requireOperator } from '../viewer.ts';

const UserRoles = builder.objectRef<SetUserRoles>('UserRoles');

UserRoles.implement({
  description: 'The roles of Hasura that the operator gave to a user, or to a member of a team.',
  fields: (t) => ({
    userId: t.exposeID('userId', { description: 'The id of the user, a UUID.' }),
    teamId: t.exposeID('teamId', {
      nullable: true,
      description: 'The id of the team, a UUID. Null if the roles stand in all tokens of the user.',
    }),
    roles: t.stringList({
      description: 'The given roles, by name. The default roles of the gateway are not among them.',
      resolve: ({ roles }) => [...roles],
    }),
    allowedRoles: t.stringList({
      description:
        'The roles in the next access token of the user, or in the next team token. The first is the default role.',
      resolve: ({ allowedRoles }) => [...allowedRoles],
    }),
  }),
});

const SetUserRolesInput = builder.inputType('SetUserRolesInput', {
  description: 'Input of `setUserRoles`: the user, the roles, and the team of a membership.',
  fields: (t) => ({
    userId: t.id({ required: true, description: 'The id of the user, a UUID.' }),
    roles: t.stringList({
      required: true,
      description:
        'The roles that the user shall have beside the default roles. They replace the earlier ones. An empty list takes all of them away.',
    }),
    teamId: t.id({
      description:
        'The id of a team, a UUID. The roles then stand in the team tokens of this team only, and end with the membership. Leave it out to give the roles to the user.',
    }),
  }),
});

builder.mutationField('setUserRoles', (t) =>
  t.field({
    type: UserRoles,
    description: paragraphs(
      'Gives roles of Hasura to a user, or to a member of a team, and takes the others away.',
      'For the operator: a client of Hasura with role admin. Calling it twice is safe.',
      'HASURA_ROLES declares the roles that can be given. The tokens of the user follow at the next `login`, `refresh` or `switchTeam`. Until then the user has the roles of the current token. To end these at once, end the sessions of the user too.',
      'Error codes: `permission_denied` (not the operator), `invalid` (`userId`, `teamId`; `roles` if HASURA_ROLES does not declare one), `not_found` (`userId`; `teamId` if the user is not a member), `too_many_roles` (`roles`).',
    ),
    args: {
      input: t.arg({
        type: SetUserRolesInput,
        required: true,
        description: 'The user, the roles, and the team of a membership.',
      }),
    },
    resolve: (_root, { input: { userId, roles, teamId } }, { deps, caller }) => {
      requireOperator(caller);
      return setUserRoles(deps, caller, { userId, roles, teamId: teamId ?? null });
    },
  }),
);
