import { recordSecurityEvent, type SecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { deleteFactors } from '../../second-factors/factors.ts';
import { deleteRecoveryCodes } from '../../second-factors/recovery-codes.ts';
import { lockSessionsOf } from '../../sessions/ending.ts';
import { dissolveTeams, leaveTeams, prepareDeparture } from '../../teams/departure.ts';
import { findPhone } from '../../users/phones.ts';
import { forgetUser, pseudonymOf } from '../../users/soft-deletion.ts';
import { deleteUser, type User, updateUser } from '../../users/users.ts';
import { enqueueWebhooks } from '../../webhooks/queue.ts';
import { administratorOf, type Caller } from './caller.ts';
import type { Deps } from './deps.ts';
import { endAccess } from './end-access.ts';

/** Who deletes, for the security events and the webhooks. */
type Actor = Pick<SecurityEvent, 'sessionId' | 'device'> & {
  /** The operator or the server (administratorOf); null if the user deletes their own account. */
  administrator: string | null;
};

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
  const { administrator, ...origin } = actor;
  const by = administrator === null ? {} : { by: administrator };
  const event = { ...origin, userId, details: by };
  const details = { ...by, teams: alone.length };
  await recordSecurityEvent(tx, { action: 'account_deleted', ...event, details });
  const data = { userId, by: administrator === null ? 'user' : 'operator' } as const;
  await enqueueWebhooks(tx, deps, { type: 'user.deleted', data });
  for (const teamId of alone) await recordSecurityEvent(tx, { action: 'team_deleted', ...event, teamId });
  return true;
}

/** The name of an account that was deleted but keeps its row. */
const NAME_OF_DELETED = 'Deleted user';

/**
 * Deletes what an account knows of its user, and keeps the row: rows of the application still have the user that they reference. It
 * is disabled for ever, leaves its teams, and its address is free for another account. The transaction has locked the account.
 * @throws AuthError `sole_owner`, naming the teams; `refused_by_application`
 */
export async function emptyAccount(
  tx: Transaction,
  deps: Pick<Deps, 'config'>,
  { user, by }: { user: User; by: Caller },
): Promise<void> {
  const { id: userId, email } = user;
  const departure = await prepareDeparture(tx, userId);
  if (departure.orphaned.length > 0) throw soleOwner(departure.orphaned);
  await lockSessionsOf(tx, userId);
  await leaveTeams(tx, { userId, ...departure });
  await endAccess(tx, { userId });
  const phone = (await findPhone(tx, userId))?.number ?? null;
  const address = pseudonymOf(deps.config.keyEncryptionKeys, { userId, email, phone });
  await updateUser(tx, userId, { email: address, name: NAME_OF_DELETED, disabled: true });
  // After the change: it forgets the end of a ban, too.
  await forgetUser(tx, userId);
  await deleteFactors(tx, { userId, factorId: null });
  await deleteRecoveryCodes(tx, userId);
  const details = { by: administratorOf(by), kept: true, teams: departure.alone.length };
  await recordSecurityEvent(tx, { action: 'account_deleted', userId, device: by.device, details });
  await enqueueWebhooks(tx, deps, { type: 'user.deleted', data: { userId, by: 'operator' } });
}

const soleOwner = (teamIds: readonly string[]): AuthError =>
  new AuthError('sole_owner', {
    attribute: 'teamId',
    message: `These teams need another owner first, or to be deleted: ${teamIds.slice(0, 10).join(', ')}.`,
  });
