import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { enqueueMail } from '../../mail/queue.ts';
import { createDefaultTeam } from '../../teams/teams.ts';
import { forgetSent, setAccountDetails } from '../../users/account-details.ts';
import { checkNewPassword, parseEmail, parseName } from '../../users/attributes.ts';
import { setPassword } from '../../users/passwords.ts';
import { parsePhone } from '../../users/phones.ts';
import { type User, unlessEmailTaken, updateUser } from '../../users/users.ts';
import { administratorOf, type Caller } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';
import { setDisabled } from '../shared/disabling.ts';
import { endAccess } from '../shared/end-access.ts';
import { notifyFormerAddress } from '../shared/former-address.ts';
import { hashNewPassword } from '../shared/hash-new-password.ts';
import { lockOperatedAccount, noAccount, parseUserId } from '../shared/operated-account.ts';
import { changePhone, type PhoneChange } from '../shared/operated-phone.ts';
import { changeProfile, checkTokenRole, type ProfileChanges } from '../shared/profile-changes.ts';
import { unproveAccess } from '../shared/prove-address.ts';

/** What is null or missing stays as it is. */
export type UpdateAccountInput = ProfileChanges & {
  userId: string;
  name?: string | null;
  email?: string | null;
  /** Whether the address is verified: the new one, if `email` is given. A new address is not, unless this is true. */
  emailVerified?: boolean | null;
  password?: string | null;
  phone?: string | null;
  /** Whether the phone number is verified: the new one, if `phone` is given. A new number is not, unless this is true. */
  phoneVerified?: boolean | null;
  /** Until when the account is disabled; `lifted` enables it. */
  ban?: Date | 'lifted' | null;
};

type Changes = ProfileChanges &
  PhoneChange & {
    name: string | null;
    email: string | null;
    verified: boolean | null;
    hash: string | null;
    ban: Date | 'lifted' | null;
  };

/**
 * Changes an account. For the operator; idempotent, except for a password. After a change of the address or the password every
 * session and personal access token ends, and every mailed token is retired. The owner gets a notice: the former address, if it was
 * verified, or the address whose password changed.
 *
 * @throws AuthError `invalid` (userId), `required`, `min_length`, `missing_characters`, `max_length`, `leaked_password` or `invalid`
 * (password), `unavailable`, `invalid` (email),
 * `required`, `max_length` or `invalid` (name), `invalid` or `max_length` (role, user_metadata, app_metadata), `invalid` (phone),
 * `busy`, `not_found` (userId), `already_registered` (email), `phone_taken` (phone), `invalid` (emailVerified, phoneVerified: the
 * account has no address, or no number)
 */
export async function updateAccount(deps: Deps, by: Caller, input: UpdateAccountInput): Promise<User> {
  const { name = null, email = null, emailVerified: verified = null, password = null } = input;
  const userId = parseUserId(input);
  if (password === '') throw new AuthError('required', { attribute: 'password' });
  if (password !== null) checkNewPassword(password, deps.config.passwords);
  checkTokenRole(deps, input.tokenRole);
  const { phone = null, phoneVerified = null, ban = null } = input;
  const changes = {
    phone: phone === null ? null : parsePhone(phone),
    phoneVerified,
    ban,
    email: email === null ? null : parseEmail(email),
    name: name === null ? null : parseName(name, 'name'),
  };
  const hash = password === null ? null : await hashNewPassword(deps, password);
  const { userMetadata, appMetadata, tokenRole } = input;
  const profile = { userMetadata, appMetadata, tokenRole };
  const run = () =>
    deps.db.transaction((tx) => update(tx, deps, by, { userId, ...profile, ...changes, verified, hash }));
  const user = await unlessEmailTaken(run);
  if (user === null) throw new AuthError('already_registered', { attribute: 'email' });
  return user;
}

async function update(
  tx: Transaction,
  deps: Deps,
  by: Caller,
  input: Changes & { userId: string },
): Promise<User> {
  const { userId, name, hash, ban } = input;
  let user = await lockOperatedAccount(tx, userId);
  // First: it locks teams, which come before sessions.
  if (ban === 'lifted') user = await setDisabled(tx, deps, by, { user, disabled: false });
  else if (ban !== null) user = await setDisabled(tx, deps, by, { user, disabled: true, until: ban });
  if (name !== null && name !== user.name) {
    user = await change(tx, userId, { name });
    await record(tx, by, { action: 'profile_updated', userId });
  }
  user = await changeAddress(tx, by, { ...input, before: user });
  await changePhone(tx, by, input);
  await changeProfile(tx, userId, input);
  if (hash === null) return user;
  await setPassword(tx, { userId, hash, proven: user.emailVerifiedAt !== null });
  await endAccess(tx, { userId });
  await forgetSent(tx, userId);
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
  await unproveAccess(tx, userId);
  await setAccountDetails(tx, userId, { isAnonymous: false, newEmail: null });
  await record(tx, by, { action: 'email_changed', userId, details: { verified } });
  if (verified && before.emailVerifiedAt === null) await createDefaultTeam(tx, { userId, device: by.device });
  await notifyFormerAddress(tx, before);
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
