import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { enqueueMail } from '../../mail/queue.ts';
import { ALL_VERIFIED, deleteUnverifiedFactors, findFactorSecrets } from '../../second-factors/factors.ts';
import {
  hasRecoveryCodes,
  type NewRecoveryCodes,
  replaceRecoveryCodes,
} from '../../second-factors/recovery-codes.ts';
import { lockSessionsOf } from '../../sessions/ending.ts';
import { raiseSession } from '../../sessions/levels.ts';
import type { OpenedSession } from '../../sessions/opening.ts';
import { revokeSessions } from '../../sessions/sessions.ts';
import { enqueueWebhooks } from '../../webhooks/queue.ts';
import type { Viewer } from './caller.ts';
import { findClaims } from './claims.ts';
import { completeSignIn, type SignedIn, type TokenOptions } from './complete-sign-in.ts';
import type { Deps } from './deps.ts';
import { type ShownFactor, type UsedFactor, useSecondFactor } from './second-factor.ts';

type RaiseInput = TokenOptions & {
  shown: ShownFactor;
  /** Runs in the transaction: what it throws refuses the sign-in, and the code stays good. */
  check?: (tx: Transaction) => Promise<void>;
  /** Recovery codes to store, if the code is the first one of an authenticator app and the person has none. */
  recoveryCodes?: NewRecoveryCodes | null;
};

export type RaisedSignIn = {
  signedIn: SignedIn;
  /** Whether the given recovery codes were stored. */
  storedRecoveryCodes: boolean;
};

/**
 * Completes a sign-in by a second factor: the session is replaced by one at level `aal2`, with new tokens (raiseSession). The first code of
 * an authenticator app activates it: every other session below `aal2` ends, and so do the personal access tokens that were created below
 * it. Other apps that wait for their first code are dropped.
 *
 * @throws AuthError as useSecondFactor does; `unauthenticated` without a live session, `second_factor_required` for a first code if the
 * person has another app and the session did not show it, `no_signing_key`, `claims_failed`
 */
export async function raiseSignIn(deps: Deps, by: Viewer, input: RaiseInput): Promise<RaisedSignIn> {
  const { shown, ttlSeconds = deps.config.tokens.accessTtlSeconds, kind, form } = input;
  const { user, sessionId } = by;
  if (sessionId === null)
    throw new AuthError('unauthenticated', { message: 'The request has no session to sign in.' });
  const key = await deps.signer.currentKey(ttlSeconds);
  const { session, storedRecoveryCodes } = await useSecondFactor(deps, by, shown, async (tx, used) => {
    await input.check?.(tx);
    const claims = await findClaims(deps, tx, user.id);
    if (used.activated) await prepareActivation(tx, by, used);
    const opening = { userId: user.id, sessionId, device: by.device, method: used.method, claims };
    const session = await raiseSession(tx, deps, opening);
    if (session === null) throw new AuthError('unauthenticated', { message: 'The session is over.' });
    if (used.activated) await activate(tx, deps, by, { used, session });
    const stored = await storeRecoveryCodes(tx, by, { session, created: input.recoveryCodes });
    await announce(tx, deps, by, { used, session });
    return { session, storedRecoveryCodes: stored };
  });
  const signedIn = await completeSignIn(deps, { user, session, key, ttlSeconds, kind, form });
  return { signedIn, storedRecoveryCodes };
}

/** Checks that the first code may activate its app. */
async function prepareActivation(tx: Transaction, by: Viewer, { factorId }: UsedFactor): Promise<void> {
  const userId = by.user.id;
  const verified = await findFactorSecrets(tx, { userId, ...ALL_VERIFIED });
  const isFirst = verified.every(({ id }) => id === factorId);
  if (!isFirst && by.level === 'aal1') throw new AuthError('second_factor_required');
  await lockSessionsOf(tx, userId);
}

type Activation = { used: UsedFactor; session: OpenedSession };

async function activate(
  tx: Transaction,
  deps: Deps,
  { user, device }: Viewer,
  { used, session: { sessionId } }: Activation,
): Promise<void> {
  const userId = user.id;
  const event = { userId, sessionId, device };
  await deleteUnverifiedFactors(tx, userId);
  const ended = await revokeSessions(tx, { userId, which: 'below_aal2' });
  const details = { factorId: used.factorId, sessions: ended.length };
  await recordSecurityEvent(tx, { action: 'second_factor_added', ...event, details });
  await enqueueMail(tx, { kind: 'second_factor_added', userId });
  await enqueueWebhooks(tx, deps, { type: 'user.second_factor_added', data: { userId } });
}

/** Stores recovery codes for a person who has none: a client of GoTrue may have activated the first app. Returns whether it did. */
async function storeRecoveryCodes(
  tx: Transaction,
  { user: { id: userId }, device }: Viewer,
  {
    session: { sessionId },
    created = null,
  }: { session: OpenedSession; created: RaiseInput['recoveryCodes'] },
): Promise<boolean> {
  if (created === null || (await hasRecoveryCodes(tx, userId))) return false;
  await replaceRecoveryCodes(tx, { userId, created });
  await recordSecurityEvent(tx, { action: 'recovery_codes_created', userId, sessionId, device });
  return true;
}

/** Records the second factor. If the sign-in waited for it, the webhook of the sign-in follows now. */
async function announce(
  tx: Transaction,
  deps: Deps,
  { user, device, sessionId: formerSession, level }: Viewer,
  { used, session: { sessionId } }: Activation,
): Promise<void> {
  const details = { method: used.method, formerSession };
  const event = { userId: user.id, sessionId, device, details };
  await recordSecurityEvent(tx, { action: 'second_factor_shown', ...event });
  if (used.activated || level === 'aal2' || !deps.config.secondFactor.required) return;
  await enqueueWebhooks(tx, deps, { type: 'user.signed_in', data: { userId: user.id, sessionId } });
}
