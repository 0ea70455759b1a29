import { recordSecurityEvent } from '../../audit/security-events.ts';
import { HashError } from '../../crypto/passwords/hash-parts.ts';
import { type ImportedHash, spellImportedHash } from '../../crypto/passwords/imported-hash.ts';
import type { Transaction } from '../../db/client.ts';
import { parseId } from '../../db/uuid.ts';
import { AuthError } from '../../errors.ts';
import { storeSignerKey } from '../../keys/password-signer-keys.ts';
import { attemptMail } from '../../mail/limits.ts';
import { enqueueMail } from '../../mail/queue.ts';
import { createDefaultTeam } from '../../teams/teams.ts';
import { setAccountDetails } from '../../users/account-details.ts';
import { checkNewPassword, parseEmail, parseName } from '../../users/attributes.ts';
import { parsePhone, setPhone } from '../../users/phones.ts';
import { createUser, type User } from '../../users/users.ts';
import { enqueueWebhooks } from '../../webhooks/queue.ts';
import { administratorOf, type Caller } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';
import { setDisabled } from '../shared/disabling.ts';
import { giveRoles, parseRoles } from '../shared/give-roles.ts';
import { hashNewPassword } from '../shared/hash-new-password.ts';
import { changeProfile, checkTokenRole, type ProfileChanges } from '../shared/profile-changes.ts';

export type CreateAccountInput = ProfileChanges & {
  /** A UUID; null: the gateway makes one. */
  id?: string | null;
  /** Null for a person who has a phone number. */
  email: string | null;
  /** Null: no phone number. */
  phone?: string | null;
  /** Whether the administrator knows that the number belongs to the person. */
  phoneVerified?: boolean;
  /** Null: no name. */
  name?: string | null;
  /** Null: no password. The person sets one by a mailed link. */
  password?: string | null;
  /** The hash that another system made of the password, in place of `password`. */
  passwordHash?: string | null;
  /** Whether the operator knows that the address belongs to the person. The password then counts as proven. */
  emailVerified?: boolean;
  /** Whether to mail a link that sets a password. */
  sendLink?: boolean;
  /** Roles of Hasura beside DEFAULT_ROLES. */
  roles?: readonly string[];
  /** Until when the account is disabled; null: it is enabled. */
  bannedUntil?: Date | null;
};

/**
 * Creates an account, also while sign-up is off. For the operator. With `sendLink` it mails a link that sets a password and
 * verifies the address. A verified person gets a default team, as after a verification.
 *
 * @throws AuthError `required` (email, password), `min_length`, `missing_characters`, `max_length` or `invalid` (password),
 * `leaked_password` (password), `unavailable`, `invalid` (passwordHash, id, email, phone), `required`, `max_length` or `invalid`
 * (name), `invalid` (roles), `invalid` or `max_length` (role, user_metadata, app_metadata), `busy`, `already_registered` (email,
 * id), `phone_taken` (phone), `too_many_roles` (roles), `rate_limited` if the address had a mail just now
 */
export async function createAccount(deps: Deps, by: Caller, input: CreateAccountInput): Promise<User> {
  const account = validate(deps, input);
  const roles = parseRoles(deps, input.roles ?? []);
  const { password } = account;
  const ownHash = password === null ? null : await hashNewPassword(deps, password);
  return deps.db.transaction(async (tx) => {
    const user = await insert(tx, deps, by, { ...input, ...account, ownHash });
    await giveRoles(tx, deps, by, { holder: { userId: user.id, teamId: null }, roles, former: [] });
    const { bannedUntil = null, sendLink = false } = input;
    const banned = { user, disabled: true, until: bannedUntil };
    const created = bannedUntil === null ? user : await setDisabled(tx, deps, by, banned);
    if (sendLink && account.email !== null) await mailLink(tx, deps, { ...user, email: account.email });
    return created;
  });
}

type Account = ReturnType<typeof validate>;

async function insert(
  tx: Transaction,
  deps: Deps,
  by: Caller,
  account: Omit<CreateAccountInput, keyof Account> & Account & { ownHash: string | null },
): Promise<User> {
  const { id, email, name, phone, imported, emailVerified: verified = false } = account;
  if (imported !== null && imported.signerKey !== null)
    await storeSignerKey(tx, deps.keyEncryption, imported.signerKey);
  const passwordHash = imported === null ? account.ownHash : imported.hash;
  const user = await createUser(tx, { id, email, name, passwordHash, verified });
  const { id: userId } = user;
  const details = { password: passwordHash !== null, verified, link: account.sendLink ?? false };
  const event = { action: 'account_created', userId, device: by.device } as const;
  await recordSecurityEvent(tx, { ...event, details: { by: administratorOf(by), ...details } });
  await enqueueWebhooks(tx, deps, { type: 'user.created', data: { userId, by: 'operator' } });
  if (phone !== null) await setPhone(tx, { userId, number: phone, verified: account.phoneVerified ?? false });
  if (email === null) await setAccountDetails(tx, userId, { provider: 'phone' });
  await changeProfile(tx, userId, account);
  if (verified) await createDefaultTeam(tx, { userId, device: by.device });
  return user;
}

async function mailLink(tx: Transaction, deps: Deps, user: { id: string; email: string }): Promise<void> {
  const retryAfterSeconds = await attemptMail(deps, 'account_created', user.email, tx);
  if (retryAfterSeconds !== null) throw new AuthError('rate_limited', { retryAfterSeconds });
  await enqueueMail(tx, { kind: 'account_created', userId: user.id });
}

function validate(deps: Deps, input: CreateAccountInput) {
  const { name = null, password = null, passwordHash = null, phone = null } = input;
  if (input.email === null ? phone === null : input.email.trim() === '')
    throw new AuthError('required', { attribute: 'email' });
  if (password === '') throw new AuthError('required', { attribute: 'password' });
  if (password !== null) checkNewPassword(password, deps.config.passwords);
  checkTokenRole(deps, input.tokenRole);
  return {
    id: input.id == null ? null : parseId(input.id, 'id'),
    email: input.email === null ? null : parseEmail(input.email),
    phone: phone === null ? null : parsePhone(phone),
    imported: passwordHash === null ? null : readHash(passwordHash),
    password,
    name: name === null ? null : parseName(name, 'name'),
  };
}

/** @throws AuthError `invalid` (passwordHash) */
function readHash(text: string): ImportedHash {
  try {
    return spellImportedHash(text);
  } catch (cause) {
    if (!(cause instanceof HashError)) throw cause;
    const message = 'This is not a password hash that the gateway verifies.';
    throw new AuthError('invalid', { attribute: 'passwordHash', message, cause });
  }
}
