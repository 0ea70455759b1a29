import { recordSecurityEvent } from '../../audit/security-events.ts';
import { AuthError } from '../../errors.ts';
import type { Counter } from '../../limits/rate-limits.ts';
import { findSessionOfRefreshToken, rotateRefreshToken } from '../../sessions/refresh-tokens.ts';
import type { RefreshedSession } from '../../sessions/rotation.ts';
import { revokeSessions } from '../../sessions/sessions.ts';
import { findUser } from '../../users/users.ts';
import type { Caller } from '../shared/caller.ts';
import { completeSignIn, type SignedIn, type TokenOptions } from '../shared/complete-sign-in.ts';
import { isConfirmed } from '../shared/confirmation.ts';
import type { Deps } from '../shared/deps.ts';
import { enabledUser } from '../shared/disabling.ts';

/** What counts the repeats of a session's exchanges. */
const repeatsOf = ({ config }: Deps, sessionId: string): Counter => ({
  limit: config.limits.refreshRepeatsPerSession,
  subject: sessionId,
});

export type RefreshInput = TokenOptions & { refreshToken: string };

/** The new tokens, and whether the token at hand had been exchanged before. */
export type Refreshed = SignedIn & { isRepeat: boolean };

/**
 * Exchanges a refresh token for new tokens. It needs no access token, and ignores an expired one. A repeat within
 * REFRESH_REUSE_INTERVAL yields the session's live token, and so does a late repeat by a client that never got the answer
 * (rotateRefreshToken). The use of any other spent token is taken for theft: the session ends, and stays ended although this
 * request fails (RFC 9700 4.14.2).
 *
 * For tokens of the form `gotrue` it also throws `account_disabled` and `email_not_verified`.
 *
 * @throws AuthError `required`, `invalid_refresh_token`, `refresh_token_reused`, `rate_limited`, `no_signing_key`, `claims_failed`
 */
export async function refresh(
  deps: Deps,
  by: Caller,
  { refreshToken, ttlSeconds = deps.config.tokens.accessTtlSeconds, kind, form }: RefreshInput,
): Promise<Refreshed> {
  if (refreshToken === '') throw new AuthError('required', { attribute: 'refreshToken' });
  if (form === 'gotrue') await requireAdmittedHolder(deps, refreshToken);
  // Before the exchange: without a key to sign with, the token at hand must stay good.
  const key = await deps.signer.currentKey(ttlSeconds);
  const { rotation, claims } = await rotateRefreshToken(
    { ...deps, rateLimited: deps.config.limits.enabled },
    by.device,
    refreshToken,
  );
  switch (rotation.kind) {
    case 'refreshed':
      await recordRepeat(deps, by, rotation);
      return {
        ...(await completeSignIn(deps, {
          ...{ key, ttlSeconds, kind, form },
          user: rotation.user,
          session: { ...rotation, claims },
        })),
        isRepeat: rotation.repeat !== null,
      };
    case 'reused':
      await endStolenSession(deps, by, rotation);
      throw new AuthError('refresh_token_reused');
    case 'stale':
      await recordStaleToken(deps, by, rotation);
      throw new AuthError('invalid_refresh_token');
    case 'too_often':
      throw new AuthError('rate_limited', { retryAfterSeconds: 10 });
    case 'invalid':
      throw new AuthError('invalid_refresh_token');
  }
}

/**
 * At the GoTrue dialect a disabled person is told so, and one with an unconfirmed address gets no tokens. It comes before the exchange, so
 * that the token at hand stays good for other dialects.
 */
async function requireAdmittedHolder(deps: Deps, refreshToken: string): Promise<void> {
  const session = await findSessionOfRefreshToken(deps.db, refreshToken);
  const user = session === null ? null : await findUser(deps.db, session.userId);
  if (user === null) return;
  if ((await enabledUser(deps, user)) === null) throw new AuthError('account_disabled');
  if (!(await isConfirmed(deps, user))) throw new AuthError('email_not_verified');
}

/** A thief may repeat too: what is late, or comes from another device or address, is for the person to see. */
async function recordRepeat(
  deps: Deps,
  by: Caller,
  { repeat, sessionId, user }: RefreshedSession,
): Promise<void> {
  if (repeat === null) return;
  await deps.rateLimiter.consume([repeatsOf(deps, sessionId)]);
  if (!repeat.late && !repeat.otherUserAgent && !repeat.otherAddress) return;
  const event = { userId: user.id, sessionId, device: by.device, details: { ...repeat } };
  await recordSecurityEvent(deps.db, { action: 'refresh_token_repeated', ...event });
}

type Family = { userId: string; sessionId: string };

async function recordStaleToken(deps: Deps, by: Caller, family: Family): Promise<void> {
  if ((await deps.rateLimiter.attempt([repeatsOf(deps, family.sessionId)])) !== null) return;
  const event = { outcome: 'failure', ...family, device: by.device } as const;
  await recordSecurityEvent(deps.db, { action: 'refresh_token_stale', ...event });
}

async function endStolenSession(deps: Deps, by: Caller, family: Family): Promise<void> {
  const { userId, sessionId } = family;
  await deps.db.transaction(async (tx) => {
    const ended = await revokeSessions(tx, { userId, which: { only: sessionId } });
    if (ended.length === 0) return;
    const event = { outcome: 'failure', ...family, device: by.device } as const;
    await recordSecurityEvent(tx, { action: 'refresh_token_reused', ...event });
  });
}
