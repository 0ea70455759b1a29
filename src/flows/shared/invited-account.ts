import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { createDefaultTeam, insertTeam } from '../../teams/teams.ts';
import { redeemInvitation } from '../../users/signup-invitations.ts';
import { createUser, type User } from '../../users/users.ts';
import { enqueueWebhooks } from '../../webhooks/queue.ts';
import type { Caller } from './caller.ts';
import type { Deps } from './deps.ts';

type InvitedPerson = {
  token: string;
  email: string;
  name: string;
  passwordHash: string;
  /** Null: the default team. */
  teamName: string | null;
};

/**
 * Creates the account of a person who shows the token of an invitation, and uses the token up. The token was mailed to the address:
 * the address is verified, and the password is proven.
 * @returns null if the token is not good for this address
 * @throws AuthError `already_registered` (email)
 */
export async function createInvitedAccount(
  tx: Transaction,
  deps: Pick<Deps, 'config'>,
  by: Caller,
  { token, teamName, ...person }: InvitedPerson,
): Promise<User | null> {
  const invitation = await redeemInvitation(tx, { token, email: person.email });
  if (invitation === null) return null;
  const user = await createUser(tx, { ...person, verified: true });
  const { id: userId } = user;
  const details = { invitationId: invitation.id, inviteId: invitation.inviteId };
  await recordSecurityEvent(tx, { action: 'invitation_accepted', userId, device: by.device, details });
  await enqueueWebhooks(tx, deps, { type: 'user.created', data: { userId, by: 'invitation' } });
  if (teamName === null) await createDefaultTeam(tx, { userId, device: by.device });
  else await insertTeam(tx, { name: teamName, ownerId: userId });
  return user;
}
