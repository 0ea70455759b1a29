import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { enqueueMail } from '../../mail/queue.ts';
import { createDefaultTeam } from '../../teams/teams.ts';
import { checkNewPassword, parseEmail, parseName } from '../../users/attributes.ts';
import { setPassword, unprovePassword } from '../../users/passwords.ts';
import { type User, unlessEmailTaken, updateUser } from '../../users/users.ts';
import { administratorOf, type Caller } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';
import { endAccess } from '../shared/end-access.ts';
import { hashNewPassword } from '../shared/hash-new-password.ts';
import { lockOperatedAccount, noAccount, parseUserId } from '../shared/operated-account.ts';

/** What is null stays as it is. */
export type UpdateAccountInput = {
  userId: string;
  name?: string | null;
  email?: string | null;
  /** Whether the address is verified: the new one, if `email` is given. A new address is not, unless this is true. */
  emailVerified?: boolean | null;
  password?: string | null;
};

type Changes = { name: string | null; email: string | null; verified: boolean | null; hash: string | null };

/**
 * Changes an account. For the operator; idempotent, except for a password. After a change of the address or the password every
 * session and personal access token ends, and every mailed token is retired. The owner gets a notice: the former address, if it was verified, or the address
 * whose password changed.
 *
 * @throws AuthError `invalid` (userId), `required`, `min_length`, `missing_characters`, `max_length` or `invalid` (password), `invalid` (email),
 * `required`, `max_length` or `invalid` (name), `leaked_password` (password), `unavailable`, `busy`, `not_found` (userId), `already_registered` (email), `invalid`
 * (emailVerified: the account has no address)
 */
export async function updateAccount(deps: Deps, by: Caller, input: UpdateAccountInput): Promise<User> {
  const { name = null, email = null, emailVerified: verified = null, password = null } = input;
  const userId = parseUserId(input);
  if (password === '') throw new AuthError('required', { attribute: 'password' });
  if (password !== null) checkNewPassword(password, deps.config.passwords);
  const changes = {
    email: email === null ? null : parseEmail(email),
    name: name === null ? null : parseName(name, 'name'),
  };
  const hash = password === null ? null : await hashNewPassword(deps, password);
  const run = () => deps.db.transaction((tx) => update(tx, by, { userId, ...changes, verified, hash }));
  const user = await unlessEmailTaken(run);
  if (user === null) throw new AuthError('already_registered', { attribute: 'email' });
  return user;
}

async function update(tx: Transaction, by: Caller, input: Changes & { userId: string }): Promise<User> {
  const { userId, name, hash } = input;
  let user = await lockOperatedAccount(tx, userId);
  if (name !== null && name !== user.name) {
    user = await change(tx, userId, { name });
    await record(tx, by, { action: 'profile_updated', userId });
  }
  user = await changeAddress(tx, by, { ...input, before: user });
  if (hash === null) return user;
  await setPassword(tx, { userId, hash, proven: user.emailVerifiedAt !== null });
  await endAccess(tx, { userId });
  await record(tx, by, { action: 'password_changed', userId });
  await enqueueMail(tx, { kind: 'password_changed', userId });
  return user;
}

type AddressChange = Pick<Changes, 'email' | 'verified'> & { userId: string; before: User };

async function changeAddress(tx: Transaction, by: Caller, input: AddressChange): Promise<User> {
  const { userId, email, before } = input;
  if (email === null || email === before.email) return markAddress(tx, by, input);
  const verified = input.verified === true;
  const user = await change(tx, userId, { email, emailVerified: verified ? 'now' : false });
  await endAccess(tx, { userId });
  await unprovePassword(tx, userId);
  await record(tx, by, { action: 'email_changed', userId, details: { verified } });
  if (verified && before.emailVerifiedAt === null) await createDefaultTeam(tx, { userId, device: by.device });
  // To a verified address only: an account may name an address of another person.
  if (before.email !== null && before.emailVerifiedAt !== null)
    await enqueueMail(tx, { kind: 'email_changed', userId, formerEmail: before.email });
  return user;
}

/** Marks the address as verified or not. This proves neither the password nor a session. */
async function markAddress(
  tx: Transaction,
  by: Caller,
  { userId, before, verified }: AddressChange,
): Promise<User> {
  const isChange = verified !== null && verified !== (before.emailVerifiedAt !== null);
  if (!isChange) return before;
  if (before.email === null) throw new AuthError('invalid', { attribute: 'emailVerified' });
  const user = await change(tx, userId, { emailVerified: verified });
  await record(tx, by, { action: verified ? 'email_verified' : 'email_unverified', userId });
  if (verified) await createDefaultTeam(tx, { userId, device: by.device });
  return user;
}

/** Changes the account, which is locked. */
async function change(
  tx: Transaction,
  userId: string,
  changes: Parameters<typeof updateUser>[2],
): Promise<User> {
  const user = await updateUser(tx, userId, changes);
  if (user === null) throw noAccount();
  return user;
}

const record = (
  tx: Transaction,
  by: Caller,
  event: Pick<Parameters<typeof recordSecurityEvent>[1], 'action' | 'details'> & { userId: string },
): Promise<void> =>
  recordSecurityEvent(tx, {
    ...event,
    device: by.device,
    details: { by: administratorOf(by), ...event.details },
  });
