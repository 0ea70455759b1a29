import { sql } from 'drizzle-orm';
import type { Deps } from '../deps.ts';
import { AuthError } from '../errors.ts';
import { type IssuedTokens, issueTokens } from '../sessions/tokens.ts';
import { findActiveTeam } from '../teams/teams.ts';
import type { Viewer } from './authenticate.ts';

/**
 * New access tokens for a session whose token is still good: for clients that hold nothing else. The session's absolute
 * end does not move.
 * @throws AuthError `unauthenticated` for somebody without a session, `no_signing_key`
 */
export async function renewTokens(
  deps: Deps,
  { user, sessionId, activeTeamId }: Viewer,
): Promise<IssuedTokens> {
  if (sessionId === null)
    throw new AuthError('unauthenticated', { message: 'There is no session to renew.' });
  const ttlSeconds = deps.tokens.accessTtlSeconds;
  const key = await deps.signer.currentKey(ttlSeconds);
  const membership = await findActiveTeam(deps.db, { userId: user.id, activeTeamId });
  await deps.db.execute(sql`update portcullis.sessions set last_used_at = now() where id = ${sessionId}`);
  return issueTokens(deps, {
    key,
    ttlSeconds,
    subject: { userId: user.id, sessionId, emailVerified: user.emailVerifiedAt !== null },
    team: membership === null ? null : { teamId: membership.team.id, role: membership.role },
  });
}
