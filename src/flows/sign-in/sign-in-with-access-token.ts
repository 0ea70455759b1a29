import { type FoundAccessToken, findAccessToken } from '../../access-tokens/access-tokens.ts';
import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { findGivenRoles } from '../../roles/given-roles.ts';
import { limitRoles, tokenRoles } from '../../roles/token-roles.ts';
import { hasVerifiedFactor } from '../../second-factors/factors.ts';
import { touchIfLive } from '../../sessions/sessions.ts';
import { issueTokens, type TokenSubject } from '../../sessions/tokens.ts';
import type { User } from '../../users/users.ts';
import type { Caller } from '../shared/caller.ts';
import { findClaims } from '../shared/claims.ts';
import { subjectOf } from '../shared/complete-sign-in.ts';
import type { Deps } from '../shared/deps.ts';

/** What a program gets for a personal access token. */
export type PersonalSignIn = { accessToken: string; expiresAt: Date; user: User };

const invalid = () => new AuthError('invalid_access_token', { attribute: 'token' });

/**
 * Exchanges a personal access token for a short access token of the kind `personal`, in the session of the personal access token.
 * It has the roles that the personal access token may have and the person still has. It has no refresh token: the program
 * exchanges the personal access token again. Each exchange is recorded.
 *
 * @throws AuthError `feature_disabled`, `required` (token), `invalid_access_token` (token) if it is unknown, revoked or expired,
 * or the account is disabled, `rate_limited`, `no_signing_key`, `claims_failed`, `permission_denied` if the person has none of its
 * roles any more, `second_factor_required`
 */
export async function signInWithAccessToken(
  deps: Deps,
  by: Caller,
  { token }: { token: string },
): Promise<PersonalSignIn> {
  const { personalTokens, limits, tokens } = deps.config;
  if (personalTokens.perUser === 0) throw new AuthError('feature_disabled');
  if (token === '') throw new AuthError('required', { attribute: 'token' });
  const found = await findAccessToken(deps.db, token);
  if (found === null) throw invalid();
  await deps.rateLimiter.consume([{ limit: limits.exchangesPerPersonalToken, subject: found.id }]);
  const ttlSeconds = tokens.accessTtlSeconds;
  const key = await deps.signer.currentKey(ttlSeconds);
  const { secondsLeft, ...subject } = await deps.db.transaction((tx) => useToken(tx, deps, by, found));
  const { accessToken, expiresAt } = await issueTokens(deps, {
    ...{ key, ttlSeconds, kind: 'personal', secondsLeft, subject, team: null },
  });
  return { accessToken, expiresAt, user: found.user };
}

/** Records the use, and returns what the token says, and the seconds until the end of its session. */
async function useToken(
  tx: Transaction,
  deps: Deps,
  by: Caller,
  { id, roles, level, user }: FoundAccessToken,
): Promise<TokenSubject & { secondsLeft: number }> {
  const claims = await findClaims(deps, tx, user.id);
  // Waits for a revocation at the same moment. One that comes later ends the session that the token names.
  const secondsLeft = await touchIfLive(tx, id);
  if (secondsLeft === null) throw invalid();
  // The verification of a second factor ends the tokens that were created without one. This holds for a token of any past.
  if (deps.config.secondFactor.required && level === 'aal1' && (await hasVerifiedFactor(tx, user.id)))
    throw new AuthError('second_factor_required');
  const { ofUser } = await findGivenRoles(tx, { userId: user.id, teamId: null });
  const allowed = limitRoles(tokenRoles(deps.config, ofUser), roles);
  if (allowed === null)
    throw new AuthError('permission_denied', {
      message: 'You do not have any role of this personal access token any more.',
    });
  const event = { userId: user.id, sessionId: id, device: by.device, details: { roles: allowed.join() } };
  await recordSecurityEvent(tx, { action: 'access_token_used', ...event });
  const subject = subjectOf(user, { sessionId: id, roles: ofUser, claims, level });
  return { ...subject, onlyRoles: allowed, secondsLeft };
}
