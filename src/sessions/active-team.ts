import { and, eq, gt, isNull, sql } from 'drizzle-orm';
import type { Transaction } from '../db/client.ts';
import { AuthError } from '../errors.ts';
import { sessions } from './tables.ts';

/**
 * Makes a team the active one of a live session. The caller has made sure of the membership.
 * @returns the seconds that the session has left
 * @throws AuthError `unauthenticated` for a session that is over
 */
export async function setActiveTeam(
  tx: Transaction,
  { sessionId, userId, teamId }: { sessionId: string; userId: string; teamId: string },
): Promise<number> {
  const [session] = await tx
    .update(sessions)
    .set({ activeTeamId: teamId })
    .where(
      and(
        eq(sessions.id, sessionId),
        eq(sessions.userId, userId),
        isNull(sessions.revokedAt),
        gt(sessions.expiresAt, sql`now()`),
      ),
    )
    .returning({ left: sql<number>`floor(extract(epoch from ${sessions.expiresAt} - now()))::int` });
  if (session === undefined) throw new AuthError('unauthenticated', { message: 'The session is over.' });
  return session.left;
}
