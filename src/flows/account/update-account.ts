import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { requireLiveSession } from '../../sessions/sessions.ts';
import {
  findAccountDetails,
  type Metadata,
  mergeMetadata,
  setAccountDetails,
} from '../../users/account-details.ts';
import { parseMetadata } from '../../users/metadata.ts';
import { lockUser, unlessEmailTaken } from '../../users/users.ts';
import type { Viewer } from '../shared/caller.ts';
import type { CodeReturn } from '../shared/code-requests.ts';
import { checkEmailChange, requestCodedEmailChange } from '../shared/coded-email-change.ts';
import { countChange } from '../shared/count-change.ts';
import type { Deps } from '../shared/deps.ts';
import {
  type CheckedPassword,
  checkPasswordChange,
  type NewPassword,
  setCheckedPassword,
} from '../shared/new-password.ts';
import { type CheckedPhone, checkPhoneChange, requestPhoneChange } from '../shared/phone-change.ts';
import { requireStepUp } from '../shared/step-up.ts';

/** What a person changes. Null: it stays. */
export type AccountChanges = CodeReturn & {
  /** The change is pending until it is confirmed by mailed codes. */
  email: string | null;
  /** The change is pending until it is confirmed by a code (confirmPhoneChange). `channel`: `sms` or `whatsapp`; empty for `sms`. */
  phone: { number: string; channel: string } | null;
  password: NewPassword | null;
  /** What the user says of themselves. It is merged; null deletes a key. */
  userMetadata: Metadata | null;
  /** How the edge spells `userMetadata`, for errors. */
  userMetadataAttribute: string;
};

/** Changes that were checked before the transaction. */
type Checked = {
  email: string | null;
  phone: CheckedPhone | null;
  password: CheckedPassword | null;
};

/**
 * Changes the account of the signed-in person, as the GoTrue dialect lets them: all changes or none. A new password ends the other
 * sessions and retires what was mailed. An anonymous person becomes a permanent one by an address or a number.
 *
 * @throws AuthError `rate_limited`; `second_factor_required` for email, phone and password; for userMetadata `invalid`,
 * `max_length`; for email `invalid`, `already_registered`; for phone and channel `feature_disabled`, `invalid`, `phone_taken`; what
 * checkPasswordChange throws, and `invalid` (password) for an anonymous person without an address or a number; `unauthenticated` if
 * the session has just ended. `rate_limited` has `details.of` `mail` or `sms` if an address or a number had a message just now.
 */
export async function updateAccount(deps: Deps, by: Viewer, input: AccountChanges): Promise<void> {
  const { userMetadata, userMetadataAttribute: attribute } = input;
  await countChange(deps, by);
  if (userMetadata !== null) parseMetadata(userMetadata, attribute);
  if (input.email !== null || input.phone !== null || input.password !== null) requireStepUp(by);
  if (input.password !== null) await requireNamedPerson(deps, by, input);
  const checked: Checked = {
    email: input.email === null ? null : await checkEmailChange(deps, by, input.email),
    phone:
      input.phone === null
        ? null
        : await checkPhoneChange(deps, by, { phone: input.phone.number, channel: input.phone.channel }),
    password: input.password === null ? null : await checkPasswordChange(deps, by, input.password),
  };
  const work = (tx: Transaction) => applyChanges(tx, deps, by, { ...input, ...checked });
  const done = await unlessEmailTaken(() => deps.db.transaction(work));
  if (done === null) throw new AuthError('already_registered', { attribute: 'email' });
}

/** A password alone lets an anonymous person sign in nowhere. */
async function requireNamedPerson(
  { db }: Deps,
  { user }: Viewer,
  { email, phone }: AccountChanges,
): Promise<void> {
  if (email !== null || phone !== null || !(await findAccountDetails(db, user.id)).isAnonymous) return;
  throw new AuthError('invalid', {
    attribute: 'password',
    message: 'Updating password of an anonymous user without an email or phone is not allowed',
  });
}

async function applyChanges(
  tx: Transaction,
  deps: Deps,
  by: Viewer,
  changes: Omit<AccountChanges, keyof Checked> & Checked,
): Promise<true> {
  const { email, phone, password, userMetadata, redirects, codeChallenge } = changes;
  const user = await lockUser(tx, by.user.id);
  if (user === null) throw new AuthError('unauthenticated', { message: 'The session is over.' });
  // The activation of a second factor, for one, ends the sessions that did not show it.
  await requireLiveSession(tx, by.sessionId);
  // First: it retires the codes that were mailed before, not those of the other changes.
  if (password !== null) await setCheckedPassword(tx, by, password);
  if (userMetadata !== null)
    await mergeUserMetadata(tx, by, { userMetadata, attribute: changes.userMetadataAttribute });
  if (email !== null) await requestCodedEmailChange(tx, deps, by, { user, email, redirects, codeChallenge });
  if (phone !== null) await requestPhoneChange(tx, deps, by, phone);
  return true;
}

async function mergeUserMetadata(
  tx: Transaction,
  by: Viewer,
  { userMetadata, attribute }: { userMetadata: Metadata; attribute: string },
): Promise<void> {
  const userId = by.user.id;
  const former = await findAccountDetails(tx, userId);
  const merged = mergeMetadata(former.userMetadata, userMetadata);
  parseMetadata(merged, attribute);
  await setAccountDetails(tx, userId, { userMetadata: merged });
  const event = { userId, sessionId: by.sessionId, device: by.device };
  await recordSecurityEvent(tx, { action: 'profile_updated', ...event });
}
