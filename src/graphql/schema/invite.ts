import { acceptInvite, declineInvite } from '../../flows/teams/accept-invite.ts';
import { inviteMembers } from '../../flows/teams/invite-members.ts';
import { revokeInvite } from '../../flows/teams/revoke-invite.ts';
import { type Invite, listInvites } from '../../teams/invites.ts';
import { listReceivedInvites, type ReceivedInvite } from '../../teams/received-invites.ts';
import { type InvitedRole, MANAGERS } from '../../teams/roles.ts';
import { builder } from '../builder.ts';
import { paragraphs } from '../descriptions.ts';
import { requireViewer } from '../viewer.ts';
import { MembershipType, RemovedType, TeamType } from './team.ts';
import { pageArgs, teamPage } from './team-page.ts';

const InvitedRoleType = builder.enumType('InvitedRole', {
  description: 'The role that an invite gives to the invited user.',
  values: {
    ADMIN: { description: 'The user joins as ADMIN. Only an OWNER may send this invite.' },
    MEMBER: { description: 'The user joins as MEMBER. An OWNER or an ADMIN may send this invite.' },
  } satisfies Record<InvitedRole, { description: string }>,
});

const InviteType = builder.objectRef<Invite>('Invite');

InviteType.implement({
  description: 'An invite to a team, as an OWNER or an ADMIN of the team sees it.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The id of the invite, a UUID.' }),
    email: t.exposeString('email', {
      description: 'The email address that the invite was sent to, in its canonical form.',
    }),
    role: t.expose('role', { type: InvitedRoleType, description: 'The role that the invite gives.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the invite was first sent.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      description: 'When the invite expires. Calling `inviteMembers` again for this address extends it.',
    }),
  }),
});

builder.objectField(TeamType, 'invites', (t) =>
  t.field({
    type: [InviteType],
    nullable: true,
    description: paragraphs(
      'The invites of the team that are not accepted yet, oldest first. Null if the current user is a MEMBER.',
      'An expired invite stays in the list for 30 days.',
      'Error codes: `invalid` (`first`, `after`).',
    ),
    args: pageArgs,
    resolve: async (team, args, context) =>
      MANAGERS.includes(team.role) ? teamPage(context, team, args, listInvites) : null,
  }),
);

const ReceivedInviteType = builder.objectRef<ReceivedInvite>('ReceivedInvite');

ReceivedInviteType.implement({
  description: 'An invite to a team, as the invited user sees it.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The id of the invite, for `acceptInvite` and `declineInvite`.' }),
    teamName: t.exposeString('teamName', { description: 'The name of the team.' }),
    inviterName: t.exposeString('inviterName', {
      nullable: true,
      description:
        'The name of the user who sent the invite. Null if they have no name, or no account any more.',
    }),
    role: t.expose('role', { type: InvitedRoleType, description: 'The role that the invite gives.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When the invite expires.' }),
  }),
});

builder.queryField('myInvites', (t) =>
  t.field({
    type: [ReceivedInviteType],
    description: paragraphs(
      'The invites that the current user can accept, oldest first; at most 100.',
      'They were sent to the email address of the user. The list is empty until the address is verified and the session is proven: see `verifyEmail`.',
      'Error codes: `unauthenticated`.',
    ),
    resolve: async (_root, _args, { deps, caller }) => {
      const { user, sessionId } = await requireViewer(caller);
      return listReceivedInvites(deps.db, { userId: user.id, sessionId });
    },
  }),
);

const InviteMembersInput = builder.inputType('InviteMembersInput', {
  description: 'Input of `inviteMembers`: the team, the email addresses and the role.',
  fields: (t) => ({
    teamId: t.id({ required: true, description: 'The id of the team.' }),
    emails: t.stringList({
      required: true,
      description: 'The email addresses, 1 to 50. A repeated address counts once.',
    }),
    role: t.field({
      type: InvitedRoleType,
      required: true,
      defaultValue: 'MEMBER',
      description: 'The role that the invites give.',
    }),
  }),
});

builder.mutationField('inviteMembers', (t) =>
  t.field({
    type: [InviteType],
    description: paragraphs(
      'Invites people to a team by mail, and returns the invites in the order of the addresses.',
      'For OWNER, and for ADMIN if the role is MEMBER. The current user must have a verified email address.',
      'The people need no account yet. They sign up with this address and verify it. Then they find the invite in `myInvites` and call `acceptInvite`.',
      'The gateway invites all of the addresses or, on an error, none of them. If an address is invited already, the gateway extends that invite and replaces its role. An address gets at most one mail a minute.',
      'Error codes: `unauthenticated`, `invalid` (`teamId`), `required` (`emails`), `max_length` (`emails`), `invalid_emails` (`emails`), `email_not_verified` (the address of the current user), `not_found` (`teamId`), `insufficient_permissions`, `already_in_team` (`emails.3` is the fourth), `rate_limited`.',
    ),
    args: {
      input: t.arg({
        type: InviteMembersInput,
        required: true,
        description: 'The team, the email addresses and the role.',
      }),
    },
    resolve: async (_root, { input }, { deps, caller }) =>
      inviteMembers(deps, await requireViewer(caller), input),
  }),
);

const InviteInput = builder.inputType('InviteInput', {
  description: 'Input of `revokeInvite`, `acceptInvite` and `declineInvite`: the invite.',
  fields: (t) => ({ inviteId: t.id({ required: true, description: 'The id of the invite.' }) }),
});

builder.mutationField('revokeInvite', (t) =>
  t.field({
    type: RemovedType,
    description: paragraphs(
      'Revokes an invite to a team: it cannot be accepted any more.',
      'An OWNER may revoke every invite. An ADMIN may revoke an invite that gives the role MEMBER.',
      'Error codes: `unauthenticated`, `invalid` (`inviteId`), `not_found` (`inviteId`), `insufficient_permissions`.',
    ),
    args: { input: t.arg({ type: InviteInput, required: true, description: 'The invite.' }) },
    resolve: async (_root, { input }, { deps, caller }) =>
      revokeInvite(deps, await requireViewer(caller), input),
  }),
);

builder.mutationField('acceptInvite', (t) =>
  t.field({
    type: MembershipType,
    description: paragraphs(
      'Accepts an invite: the current user joins the team.',
      'The invite must be for the verified email address of the user. A member keeps the role that they have. Calling it twice is safe while the user is in the team.',
      'Call `switchTeam` next, for a team token of this team.',
      'On `email_not_verified`, call `resendEmailVerification`. When the user has confirmed the mailed link, call `acceptInvite` again. On `invalid_invite`, the invite has expired or was used or revoked, or it is for another address.',
      'Error codes: `unauthenticated`, `invalid` (`inviteId`), `email_not_verified` (the address is not verified, or the session is not proven), `invalid_invite`.',
    ),
    args: { input: t.arg({ type: InviteInput, required: true, description: 'The invite.' }) },
    resolve: async (_root, { input }, { deps, caller }) =>
      acceptInvite(deps, await requireViewer(caller), input),
  }),
);

builder.mutationField('declineInvite', (t) =>
  t.field({
    type: RemovedType,
    description: paragraphs(
      'Declines an invite: the gateway deletes it.',
      'The invite must be for the verified email address of the current user. On an error, do what `acceptInvite` says.',
      'Error codes: `unauthenticated`, `invalid` (`inviteId`), `email_not_verified` (the address is not verified, or the session is not proven), `invalid_invite`.',
    ),
    args: { input: t.arg({ type: InviteInput, required: true, description: 'The invite.' }) },
    resolve: async (_root, { input }, { deps, caller }) =>
      declineInvite(deps, await requireViewer(caller), input),
  }),
);
