import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { parseId } from '../../db/uuid.ts';
import { AuthError } from '../../errors.ts';
import type { Counter } from '../../limits/rate-limits.ts';
import { attemptMail } from '../../mail/limits.ts';
import { enqueueMail } from '../../mail/queue.ts';
import { enterTeam, notFound } from '../../teams/access.ts';
import { checkInvitation, type Invite, upsertInvites } from '../../teams/invites.ts';
import { type InvitedRole, MANAGERS } from '../../teams/roles.ts';
import { findTeamOfUser } from '../../teams/teams.ts';
import { parseEmail } from '../../users/attributes.ts';
import type { Viewer } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';
import { eventOf } from '../shared/team-events.ts';

export type InviteMembersInput = { teamId: string; emails: readonly string[]; role: InvitedRole };

const MAX_ADDRESSES = 50;

/** The normalised addresses, in the order and number of the input, so that an error can point at one. */
function parseEmails(emails: readonly string[]): string[] {
  if (emails.length === 0) throw new AuthError('required', { attribute: 'emails' });
  if (emails.length > MAX_ADDRESSES)
    throw new AuthError('max_length', {
      attribute: 'emails',
      message: `At most ${MAX_ADDRESSES} addresses at once.`,
    });
  try {
    return emails.map((email) => parseEmail(email));
  } catch (cause) {
    throw new AuthError('invalid_emails', { attribute: 'emails', cause });
  }
}

/**
 * Invites people by address. Each address gets a mail, unless one went there a moment ago; its owner joins by accepting within
 * INVITE_TTL. A second invite to an address extends the first one and replaces its role. Either all addresses are invited or none.
 * Owners may invite to every role, admins to MEMBER. The inviter needs a verified address, since an invite makes the gateway send
 * mail to strangers.
 *
 * @throws AuthError `invalid` (teamId), `required`, `max_length` or `invalid_emails` (emails), `email_not_verified`,
 * `not_found`, `insufficient_permissions`, `already_in_team` (attribute `emails.<n>`), `rate_limited`
 */
export async function inviteMembers(deps: Deps, by: Viewer, input: InviteMembersInput): Promise<Invite[]> {
  const teamId = parseId(input.teamId, 'teamId');
  const invitation = { teamId, role: input.role, emails: parseEmails(input.emails) };
  if (by.user.emailVerifiedAt === null) throw new AuthError('email_not_verified');
  // Before anything is counted: strangers must not use up the limits of a team.
  const membership = await findTeamOfUser(deps.db, { userId: by.user.id, teamId });
  if (membership === null) throw notFound('team', 'teamId');
  await checkInvitation(deps.db, membership, invitation);
  await deps.rateLimiter.consume(countersOf(deps, by, invitation));
  return deps.db.transaction(async (tx) => {
    const entered = await enterTeam(tx, { userId: by.user.id, teamId, allowed: MANAGERS });
    await checkInvitation(tx, entered, invitation);
    const ttlSeconds = deps.config.inviteTtlSeconds;
    const invites = await upsertInvites(tx, { ...invitation, inviterId: by.user.id, ttlSeconds });
    for (const { id: inviteId, role } of invites)
      await recordSecurityEvent(tx, {
        action: 'member_invited',
        ...eventOf(by, teamId),
        details: { inviteId, role },
      });
    await mailInvites(deps, tx, invites);
    return invites;
  });
}

/** Queues a mail to each address, unless one went there a moment ago or it has had its share of mails for the day. */
async function mailInvites(deps: Deps, tx: Transaction, invites: readonly Invite[]): Promise<void> {
  // In one order, so that two inviters of the same people do not wait for each other.
  const sorted = [...invites].sort((a, b) => (a.email < b.email ? -1 : 1));
  for (const { id, email } of sorted) {
    const wait = await attemptMail(deps, 'team_invite', email, tx);
    if (wait === null) await enqueueMail(tx, { kind: 'team_invite', inviteId: id });
  }
}

function countersOf(
  { config: { limits } }: Deps,
  by: Viewer,
  { teamId, emails }: { teamId: string; emails: readonly string[] },
): Counter[] {
  const cost = new Set(emails).size;
  return [
    { limit: limits.invitesPerTeam, subject: teamId, cost },
    { limit: limits.invitesPerInviter, subject: by.user.id, cost },
  ];
}
