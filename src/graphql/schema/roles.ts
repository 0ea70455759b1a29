import {
  type ClaimsPreview,
  type claimSources,
  previewClaims,
  type roleSources,
} from '../../flows/admin/preview-claims.ts';
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

const RoleSourceType = builder.enumType('RoleSource', {
  description: 'Why a user has a role of Hasura.',
  values: {
    DEFAULT_ROLES: { description: 'Every account has it: it is in DEFAULT_ROLES.' },
    USER: { description: 'The operator gave it to the user.' },
    MEMBERSHIP: { description: 'The operator gave it to the user as a member of the team.' },
  } satisfies Record<(typeof roleSources)[number], object>,
});

const RolePreviewType = builder.objectRef<ClaimsPreview['roles'][number]>('RolePreview');

RolePreviewType.implement({
  description: 'A role of Hasura, and why the user has it.',
  fields: (t) => ({
    role: t.exposeString('role', { description: 'The name of the role.' }),
    sources: t.field({
      type: [RoleSourceType],
      description: 'Why the user has it.',
      resolve: ({ sources }) => sources,
    }),
    inToken: t.exposeBoolean('inToken', {
      description: 'Whether tokens hold it. False if HASURA_ROLES does not declare the role any more.',
    }),
  }),
});

const ClaimSourceType = builder.enumType('ClaimSource', {
  description: 'Where a claim comes from.',
  values: {
    GATEWAY: { description: 'The gateway makes it.' },
    CLAIMS_SQL: { description: "The operator's statement returned it, from the application's data." },
  } satisfies Record<(typeof claimSources)[number], object>,
});

const ClaimPreviewType = builder.objectRef<ClaimsPreview['claims'][number]>('ClaimPreview');

ClaimPreviewType.implement({
  description: 'A claim for Hasura in a token.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The name of the claim, which begins with `x-hasura-`.' }),
    value: t.exposeString('value', {
      nullable: true,
      description:
        'The value; a list as JSON. Null for `x-hasura-session-id`, which differs in each session.',
    }),
    source: t.field({
      type: ClaimSourceType,
      description: 'Where the claim comes from.',
      resolve: ({ source }) => source,
    }),
  }),
});

const ClaimsPreviewType = builder.objectRef<ClaimsPreview>('ClaimsPreview');

ClaimsPreviewType.implement({
  description: 'What the next token of a user would hold for Hasura.',
  fields: (t) => ({
    roles: t.field({
      type: [RolePreviewType],
      description: 'The roles of the user. The first is the default role.',
      resolve: ({ roles }) => roles,
    }),
    claims: t.field({
      type: [ClaimPreviewType],
      description: 'The claims of the token for Hasura.',
      resolve: ({ claims }) => claims,
    }),
  }),
});

builder.queryField('previewClaims', (t) =>
  t.field({
    type: ClaimsPreviewType,
    description: paragraphs(
      'Returns what the next token of a user would hold for Hasura, and why. It changes nothing.',
      'For the operator: a client of Hasura with role admin. If CLAIMS_SQL fails for the user, the message of `claims_failed` says why.',
      'Error codes: `permission_denied` (not the operator), `invalid` (`userId`, `teamId`), `not_found` (`userId`; `teamId` if the user is not a member), `claims_failed`.',
    ),
    args: {
      userId: t.arg.id({ required: true, description: 'The id of the user, a UUID.' }),
      teamId: t.arg.id({
        description:
          'The id of a team, a UUID: the answer is about its team token. Leave it out for the access token.',
      }),
    },
    resolve: (_root, { userId, teamId }, { deps, caller }) => {
      requireOperator(caller);
      return previewClaims(deps, caller, { userId, teamId: teamId ?? null });
    },
  }),
);
