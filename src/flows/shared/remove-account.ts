import { recordSecurityEvent, type SecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { lockSessionsOf } from '../../sessions/ending.ts';
import { dissolveTeams, prepareDeparture } from '../../teams/departure.ts';
import { deleteUser } from '../../users/users.ts';
import { enqueueWebhooks } from '../../webhooks/queue.ts';
import type { Deps } from './deps.ts';

/** Who deletes, for the security events and the webhooks. */
type Actor = Pick<SecurityEvent, 'sessionId' | 'device'> & { is: 'user' | 'operator' };

/**
 * Deletes an account, which the transaction has locked, with everything that is only its own: sessions, tokens, memberships, the
 * invites that it made, and the teams without another member. The security events stay.
 * @returns false if the account does not exist
 * @throws AuthError `sole_owner`, naming the teams, if it is the only owner of a team with other members;
 * `refused_by_application`
 */
export async function removeAccount(
  tx: Transaction,
  deps: Pick<Deps, 'config'>,
  { userId, actor }: { userId: string; actor: Actor },
): Promise<boolean> {
  const { alone, orphaned } = await prepareDeparture(tx, userId);
  if (orphaned.length > 0) throw soleOwner(orphaned);
  await lockSessionsOf(tx, userId);
  await dissolveTeams(tx, { userId, alone });
  if (!(await deleteUser(tx, userId))) return false;
  const { is, ...origin } = actor;
  const by = is === 'operator' ? { by: is } : {};
  const event = { ...origin, userId, details: by };
  const details = { ...by, teams: alone.length };
  await recordSecurityEvent(tx, { action: 'account_deleted', ...event, details });
  await enqueueWebhooks(tx, deps, { type: 'user.deleted', data: { userId, by: is } });
  for (const teamId of alone) await recordSecurityEvent(tx, { action: 'team_deleted', ...event, teamId });
  return true;
}

const soleOwner = (teamIds: readonly string[]): AuthError =>
  new AuthError('sole_owner', {
    attribute: 'teamId',
    message: `These teams need another owner first, or to be deleted: ${teamIds.slice(0, 10).join(', ')}.`,
  });
