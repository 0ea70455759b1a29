import { recordSecurityEvent } from '../../audit/security-events.ts';
import { AuthError } from '../../errors.ts';
import type { Counter } from '../../limits/rate-limits.ts';
import { rotateRefreshToken } from '../../sessions/refresh-tokens.ts';
import type { RefreshedSession } from '../../sessions/rotation.ts';
import { revokeSessions } from '../../sessions/sessions.ts';
import type { Caller } from '../shared/caller.ts';
import { completeSignIn, type SignedIn, type TokenOptions } from '../shared/complete-sign-in.ts';
import type { Deps } from '../shared/deps.ts';

/** What counts the repeats of a session's exchanges. */
const repeatsOf = ({ config }: Deps, sessionId: string): Counter => ({
  limit: config.limits.refreshRepeatsPerSession,
  subject: sessionId,
});

export type RefreshInput = TokenOptions & { refreshToken: string };

/**
 * Exchanges a refresh token for new tokens. It needs no access token, and ignores an expired one. A repeat within
 * REFRESH_REUSE_INTERVAL yields the session's live token, and so does a late repeat by a client that never got the answer
 * (rotateRefreshToken). The use of any other spent token is taken for theft: the session ends, and stays ended although this
 * request fails (RFC 9700 4.14.2).
 *
 * @throws AuthError `required`, `invalid_refresh_token`, `refresh_token_reused`, `rate_limited`, `no_signing_key`, `claims_failed`
 */
export async function refresh(
  deps: Deps,
  by: Caller,
  {
    refreshToken,
    ttlSeconds = deps.config.tokens.accessTtlSeconds,
    kind = 'access',
    form = 'gateway',
  }: RefreshInput,
): Promise<SignedIn> {
  if (refreshToken === '') throw new AuthError('required', { attribute: 'refreshToken' });
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
      return completeSignIn(deps, {
        ...{ key, ttlSeconds, kind, form },
        user: rotation.user,
        session: { ...rotation, claims },
      });
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
