import { recordSecurityEvent } from '../../audit/security-events.ts';
import { AuthError } from '../../errors.ts';
import { findGivenRoles } from '../../roles/given-roles.ts';
import { touchSession } from '../../sessions/sessions.ts';
import { type IssuedTokens, issueTokens } from '../../sessions/tokens.ts';
import { findActiveTeam } from '../../teams/teams.ts';
import { isUserToken, type Viewer } from '../shared/caller.ts';
import { findClaims } from '../shared/claims.ts';
import { subjectOf } from '../shared/complete-sign-in.ts';
import type { Deps } from '../shared/deps.ts';

/**
 * Issues new access tokens for a session whose access token is still good, for clients that hold nothing else. The session's
 * absolute end does not move. Each renewal counts as a use of the session, and is recorded.
 *
 * @throws AuthError `unauthenticated` for a token of another kind, without a session, or if the session has just ended;
 * `rate_limited`, `no_signing_key`, `claims_failed`
 */
export async function renewTokens(deps: Deps, by: Viewer): Promise<IssuedTokens> {
  const { user, sessionId, activeTeamId, level } = by;
  if (sessionId === null)
    throw new AuthError('unauthenticated', { message: 'The request has no session to renew.' });
  if (!isUserToken(by))
    throw new AuthError('unauthenticated', { message: 'Only a user token renews its session.' });
  await deps.rateLimiter.consume([{ limit: deps.config.limits.renewalsPerSession, subject: sessionId }]);
  const ttlSeconds = deps.config.tokens.accessTtlSeconds;
  const key = await deps.signer.currentKey(ttlSeconds);
  const membership = await findActiveTeam(deps.db, { userId: user.id, activeTeamId });
  const teamId = membership?.team.id ?? null;
  const { secondsLeft, claims, given } = await deps.db.transaction(async (tx) => {
    const claims = await findClaims(deps, tx, user.id);
    const event = { userId: user.id, sessionId, device: by.device };
    await recordSecurityEvent(tx, { action: 'tokens_renewed', ...event });
    const secondsLeft = await touchSession(tx, sessionId);
    return { secondsLeft, claims, given: await findGivenRoles(tx, { userId: user.id, teamId }) };
  });
  return issueTokens(deps, {
    ...{ key, ttlSeconds, kind: 'access', secondsLeft },
    subject: subjectOf(user, { sessionId, roles: given.ofUser, claims, level }),
    team: membership && { teamId: membership.team.id, role: membership.role, roles: given.ofMember },
  });
}
