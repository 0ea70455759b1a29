import { and, eq, gt, isNull, sql } from 'drizzle-orm';
import type { Transaction } from '../db/client.ts';
import { sessions } from '../db/tables/sessions.ts';
import { AuthError } from '../errors.ts';

/**
 * Makes a team the active one of a live session. The caller has checked the membership.
 * @returns the seconds until the session ends, and whether the active team changed
 * @throws AuthError `unauthenticated` if the session has ended
 */
export async function activateTeam(
  tx: Transaction,
  { sessionId, userId, teamId }: { sessionId: string; userId: string; teamId: string },
): Promise<{ secondsLeft: number; changed: boolean }> {
  const [session] = await tx
    .select({
      activeTeamId: sessions.activeTeamId,
      secondsLeft: sql<number>`floor(extract(epoch from ${sessions.expiresAt} - now()))::int`,
    })
    .from(sessions)
    .where(
      and(
        eq(sessions.id, sessionId),
        eq(sessions.userId, userId),
        isNull(sessions.revokedAt),
        gt(sessions.expiresAt, sql`now()`),
      ),
    )
    .for('no key update');
  if (session === undefined) throw new AuthError('unauthenticated', { message: 'The session is over.' });
  const { activeTeamId, secondsLeft } = session;
  if (activeTeamId === teamId) return { secondsLeft, changed: false };
  await tx.update(sessions).set({ activeTeamId: teamId }).where(eq(sessions.id, sessionId));
  return { secondsLeft, changed: true };
}
