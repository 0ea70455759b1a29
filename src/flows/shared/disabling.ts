import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { withdrawInvitesOf } from '../../teams/departure.ts';
import { hasEndedBan, setBanEnd } from '../../users/bans.ts';
import { lockUser, type User, updateUser } from '../../users/users.ts';
import { enqueueWebhooks } from '../../webhooks/queue.ts';
import { administratorOf, type Caller } from './caller.ts';
import type { Deps } from './deps.ts';
import { endAccess } from './end-access.ts';
import { noAccount } from './operated-account.ts';

/** What is changed. A disabling with an end is a ban. */
type Disabling = { user: User; disabled: boolean; until?: Date | null };

/**
 * Disables an account, for ever or until a time, or enables it. The transaction has locked the account, and none of its teams and
 * sessions. Without a change nothing is recorded.
 */
export async function setDisabled(
  tx: Transaction,
  deps: Pick<Deps, 'config'>,
  by: Caller,
  { user: before, disabled, until = null }: Disabling,
): Promise<User> {
  const { id: userId } = before;
  if (disabled) await withdrawInvitesOf(tx, userId);
  const user = await updateUser(tx, userId, { disabled });
  if (user === null) throw noAccount();
  // After the change: a trigger forgets the end of a ban when the account is disabled or enabled in any other way.
  if (disabled) await setBanEnd(tx, userId, until);
  if ((before.disabledAt !== null) === disabled) return user;
  if (disabled) await endAccess(tx, { userId, keepsCodes: true });
  const details = { by: administratorOf(by), ...(until !== null && { until: until.toISOString() }) };
  await record(tx, deps, { user, device: by.device, details });
  return user;
}

/**
 * Lifts a ban whose time is over, and returns the user. Null if the account is disabled for ever, or for longer, or does not exist.
 * Other bans are left to housekeeping: a disabled account is checked when a person tries to get in.
 */
export async function liftEndedBan(
  tx: Transaction,
  deps: Pick<Deps, 'config'>,
  { userId }: { userId: string },
): Promise<User | null> {
  const user = await lockUser(tx, userId);
  if (user === null || user.disabledAt === null) return user;
  if (!(await hasEndedBan(tx, userId))) return null;
  const enabled = await updateUser(tx, userId, { disabled: false });
  if (enabled !== null) await record(tx, deps, { user: enabled, details: { by: 'end of the ban' } });
  return enabled;
}

/** The user, if their account is enabled, or is now because a ban has ended. Null if it is disabled. */
export async function enabledUser(deps: Deps, user: User): Promise<User | null> {
  if (user.disabledAt === null) return user;
  return deps.db.transaction((tx) => liftEndedBan(tx, deps, { userId: user.id }));
}

async function record(
  tx: Transaction,
  deps: Pick<Deps, 'config'>,
  {
    user: { id: userId, disabledAt },
    ...event
  }: { user: User; device?: Caller['device']; details: Record<string, string> },
): Promise<void> {
  const disabled = disabledAt !== null;
  const action = disabled ? 'account_disabled' : 'account_enabled';
  await recordSecurityEvent(tx, { action, userId, ...event });
  await enqueueWebhooks(tx, deps, { type: disabled ? 'user.disabled' : 'user.enabled', data: { userId } });
}
