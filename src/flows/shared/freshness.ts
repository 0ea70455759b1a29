import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { isFreshSession } from '../../sessions/freshness.ts';
import { isSessionLive } from '../../sessions/sessions.ts';
import { findSignInPasswordHash } from '../../users/passwords.ts';
import { lockUser } from '../../users/users.ts';
import type { Viewer } from './caller.ts';
import { requireCurrentPassword, requireUnchangedPassword } from './current-password.ts';
import type { Deps } from './deps.ts';
import { requireStepUp } from './step-up.ts';

export type FreshnessInput = {
  /** Empty if the account has no password. */
  currentPassword: string;
};

/** What the person has shown. */
export type Freshness = {
  /** The hash that the password fits; null if the account has no password, and the sign-in is fresh. */
  passwordHash: string | null;
};

/**
 * Checks that the person themselves asks for a change that cannot be undone. A stolen token, or a device that was left open, is not
 * enough. They show the password of the account. If it has none, they must have signed in within the last FRESH_SIGN_IN seconds: by a
 * provider, a mailed code or a phone code. A second factor that the account has must have been shown, too, however long ago.
 *
 * @throws AuthError `second_factor_required`; `required`, `rate_limited`, `busy`, `invalid_credentials` (currentPassword);
 * `reauthentication_required` if the account has no password and the sign-in is not fresh
 */
export async function requireFreshness(
  deps: Deps,
  by: Viewer,
  { currentPassword }: FreshnessInput,
): Promise<Freshness> {
  requireStepUp(by);
  const { user } = by;
  if (currentPassword !== '' || (await findSignInPasswordHash(deps.db, user.id)) !== null)
    return { passwordHash: await requireCurrentPassword(deps, by, { currentPassword }) };
  if (!(await isFresh(deps, by))) throw new AuthError('reauthentication_required');
  return { passwordHash: null };
}

/**
 * The same for a change that can be undone. A fresh sign-in is enough, also if the account has a password.
 * @throws AuthError as requireFreshness does
 */
export async function requireRecentSignIn(deps: Deps, by: Viewer, input: FreshnessInput): Promise<void> {
  requireStepUp(by);
  if (input.currentPassword !== '' || !(await isFresh(deps, by))) await requireFreshness(deps, by, input);
}

const isFresh = async ({ db, config }: Deps, { sessionId }: Viewer): Promise<boolean> =>
  sessionId !== null && isFreshSession(db, { sessionId, seconds: config.freshSignInSeconds });

/**
 * Checks in the transaction of a change that what the person has shown still holds: the password is the same, and the session is live.
 * Locks the account.
 * @throws AuthError `invalid_credentials` (currentPassword), `reauthentication_required`
 */
export async function requireStillFresh(
  tx: Transaction,
  by: Viewer,
  { passwordHash }: Freshness,
): Promise<void> {
  if (passwordHash !== null) return requireUnchangedPassword(tx, by, { passwordHash });
  await lockUser(tx, by.user.id);
  const isLive = by.sessionId !== null && (await isSessionLive(tx, by.sessionId));
  if (!isLive || (await findSignInPasswordHash(tx, by.user.id)) !== null)
    throw new AuthError('reauthentication_required');
}
