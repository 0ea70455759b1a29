import type { invitedRoles } from '../../db/tables/teams.ts';
import { acceptInvite, declineInvite } from '../../flows/teams/accept-invite.ts';
import { inviteMembers } from '../../flows/teams/invite-members.ts';
import { revokeInvite } from '../../flows/teams/revoke-invite.ts';
import { MANAGERS } from '../../teams/access.ts';
import { type Invite, listInvites } from '../../teams/invites.ts';
import { listReceivedInvites, type ReceivedInvite } from '../../teams/received-invites.ts';
import { builder } from '../builder.ts';
import { requireViewer } from '../viewer.ts';
import { MembershipType, RemovedType, TeamType } from './team.ts';
import { pageArgs, teamPage } from './team-page.ts';

const InvitedRoleType = builder.enumType('InvitedRole', {
  description: 'What an invite may make of somebody.',
  values: {
    ADMIN: { description: 'Only an OWNER may invite such.' },
    MEMBER: { description: 'An OWNER or ADMIN may invite such.' },
  } satisfies Record<(typeof invitedRoles)[number], { description: string }>,
});

const InviteType = builder.objectRef<Invite>('Invite');

InviteType.implement({
  description: 'An offer to join a team, as those see it who manage the team.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'A UUID.' }),
    email: t.exposeString('email', { description: 'To whom: the address, in lower case.' }),
    role: t.expose('role', { type: InvitedRoleType, description: 'What the person is to be.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was first made.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      description: 'Until when it can be accepted. Inviting again moves it.',
    }),
  }),
});

builder.objectField(TeamType, 'invites', (t) =>
  t.field({
    type: [InviteType],
    nullable: true,
    description: 'Who was invited and has not joined yet, oldest first; null for a MEMBER. Code: `invalid`.',
    args: pageArgs,
    resolve: async (team, args, context) =>
      MANAGERS.includes(team.role) ? teamPage(context, team, args, listInvites) : null,
  }),
);

const ReceivedInviteType = builder.objectRef<ReceivedInvite>('ReceivedInvite');

ReceivedInviteType.implement({
  description: 'An offer to join a team, as the person sees it whom it is for.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'For `acceptInvite` and `declineInvite`.' }),
    teamName: t.exposeString('teamName', { description: 'What the team is called.' }),
    inviterName: t.exposeString('inviterName', {
      nullable: true,
      description: 'Who invited; null where they have no name or are gone.',
    }),
    role: t.expose('role', { type: InvitedRoleType, description: 'What the person would be.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'Until when it can be accepted.' }),
  }),
});

builder.queryField('myInvites', (t) =>
  t.field({
    type: [ReceivedInviteType],
    description:
      'The invites that the current user can accept: those to their address, once it is verified, in a session that is proven (see `verifyEmail`). At most 100. Code: `unauthenticated`.',
    resolve: async (_root, _args, { deps, caller }) => {
      const { user, sessionId } = await requireViewer(caller);
      return listReceivedInvites(deps.db, { userId: user.id, sessionId });
    },
  }),
);

const InviteMembersInput = builder.inputType('InviteMembersInput', {
  description: 'Who is invited to be what.',
  fields: (t) => ({
    teamId: t.id({ required: true, description: 'To which team.' }),
    emails: t.stringList({ required: true, description: 'Addresses, 1 to 50. A repeated one counts once.' }),
    role: t.field({
      type: InvitedRoleType,
      required: true,
      defaultValue: 'MEMBER',
      description: 'What they are to be.',
    }),
  }),
});

builder.mutationField('inviteMembers', (t) =>
  t.field({
    type: [InviteType],
    description:
      'Invites people to a team by mail, with an account or without: either all of them or none. Inviting somebody again extends the invite that is there, and replaces its role; an address gets no second mail within a minute. Returned in the order of the addresses. For OWNER, and for ADMIN who invites to be MEMBER; my own address must be verified. Codes: `unauthenticated`, `invalid`, `required`, `max_length`, `invalid_emails`, `email_not_verified`, `not_found`, `insufficient_permissions`, `already_in_team` (`emails.3` is the fourth), `rate_limited`.',
    args: { input: t.arg({ type: InviteMembersInput, required: true, description: 'Who, where, what.' }) },
    resolve: async (_root, { input }, { deps, caller }) =>
      inviteMembers(deps, await requireViewer(caller), input),
  }),
);

const InviteInput = builder.inputType('InviteInput', {
  description: 'Which invite.',
  fields: (t) => ({ inviteId: t.id({ required: true, description: 'Which invite.' }) }),
});

builder.mutationField('revokeInvite', (t) =>
  t.field({
    type: RemovedType,
    description:
      'Takes an invite back: an OWNER any, an ADMIN one to be MEMBER. Codes: `unauthenticated`, `invalid`, `not_found`, `insufficient_permissions`.',
    args: { input: t.arg({ type: InviteInput, required: true, description: 'The invite.' }) },
    resolve: async (_root, { input }, { deps, caller }) =>
      revokeInvite(deps, await requireViewer(caller), input),
  }),
);

builder.mutationField('acceptInvite', (t) =>
  t.field({
    type: MembershipType,
    description:
      'Joins a team by an invite to my verified address. Doing it again is harmless while I am in the team. Codes: `unauthenticated`, `invalid`, `email_not_verified` for whom the invite is but who has yet to verify the address, `invalid_invite`.',
    args: { input: t.arg({ type: InviteInput, required: true, description: 'The invite.' }) },
    resolve: async (_root, { input }, { deps, caller }) =>
      acceptInvite(deps, await requireViewer(caller), input),
  }),
);

builder.mutationField('declineInvite', (t) =>
  t.field({
    type: RemovedType,
    description:
      'Turns down an invite to my verified address. Codes: `unauthenticated`, `invalid`, `email_not_verified`, `invalid_invite`.',
    args: { input: t.arg({ type: InviteInput, required: true, description: 'The invite.' }) },
    resolve: async (_root, { input }, { deps, caller }) =>
      declineInvite(deps, await requireViewer(caller), input),
  }),
);
