import { recordSecurityEvent } from '../audit/security-events.ts';
import type { Deps } from '../deps.ts';
import { AuthError } from '../errors.ts';
import { rotateRefreshToken } from '../sessions/refresh-tokens.ts';
import { revokeSessions } from '../sessions/sessions.ts';
import { type Caller, completeSignIn, type SignedIn } from './sign-in.ts';

/**
 * Exchanges a refresh token for new tokens. Needs no access token, and minds none that is expired. A token that was
 * exchanged within the last 30 seconds yields the session's live one; the use of an older one is taken for theft and ends
 * the session, which stays ended although this request fails (RFC 9700 4.14.2).
 *
 * @param ttlSeconds how long the access tokens live; their own lifetime unless given
 * @throws AuthError `required`, `invalid_refresh_token`, `refresh_token_reused`, `rate_limited`, `no_signing_key`
 */
export async function refresh(
  deps: Deps,
  caller: Caller,
  refreshToken: string,
  ttlSeconds = deps.tokens.accessTtlSeconds,
): Promise<SignedIn> {
  if (refreshToken === '') throw new AuthError('required', { attribute: 'refreshToken' });
  // Before the exchange: without a key to sign with, the token at hand must stay good.
  const key = await deps.signer.currentKey(ttlSeconds);
  const rotation = await rotateRefreshToken(
    { ...deps, rateLimited: deps.config.limits.enabled },
    refreshToken,
  );
  switch (rotation.kind) {
    case 'refreshed':
      return completeSignIn(deps, { user: rotation.user, session: rotation, key, ttlSeconds });
    case 'reused':
      await endStolenSession(deps, caller, rotation);
      throw new AuthError('refresh_token_reused');
    case 'too_often':
      throw new AuthError('rate_limited', { retryAfterSeconds: 10 });
    case 'invalid':
      throw new AuthError('invalid_refresh_token');
  }
}

async function endStolenSession(
  deps: Deps,
  caller: Caller,
  { userId, sessionId }: { userId: string; sessionId: string },
): Promise<void> {
  await deps.db.transaction(async (tx) => {
    const ended = await revokeSessions(tx, { userId, which: { only: sessionId } });
    if (ended.length === 0) return;
    await recordSecurityEvent(tx, {
      action: 'refresh_token_reused',
      outcome: 'failure',
      userId,
      sessionId,
      origin: caller,
    });
  });
}
