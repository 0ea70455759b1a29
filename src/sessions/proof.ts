import { and, eq, inArray, isNotNull, isNull, sql } from 'drizzle-orm';
import type { Transaction } from '../db/client.ts';
import { type SessionOpener, sessions } from '../db/tables/sessions.ts';

const isLive = and(isNull(sessions.revokedAt), sql`${sessions.expiresAt} > now()`);

/** Selects live sessions of a person: one session, or all that were opened in one of these ways. */
type Selection = { userId: string } & ({ only: string } | { openedBy: readonly SessionOpener[] });

/**
 * Marks live sessions of a person as proven: the holder of the mailbox stands behind them.
 * @returns what opened each of the sessions
 */
export function proveSessions(
  tx: Transaction,
  { userId, ...which }: Selection,
): Promise<{ openedBy: SessionOpener }[]> {
  return tx
    .update(sessions)
    .set({ provenAt: sql`coalesce(${sessions.provenAt}, now())` })
    .where(
      and(
        eq(sessions.userId, userId),
        'only' in which ? eq(sessions.id, which.only) : inArray(sessions.openedBy, [...which.openedBy]),
        isLive,
      ),
    )
    .returning({ openedBy: sessions.openedBy });
}

/** Tells whether a session is live and proven. False without a session, as for an operator who acts as a user. */
export async function isSessionProven(tx: Transaction, sessionId: string | null): Promise<boolean> {
  if (sessionId === null) return false;
  const found = await tx
    .select({ id: sessions.id })
    .from(sessions)
    .where(and(eq(sessions.id, sessionId), isNotNull(sessions.provenAt), isLive));
  return found.length > 0;
}

/**
 * Revokes the live sessions of a person that are not proven. The transaction has locked their sessions.
 * @returns how many sessions it revoked
 */
export async function revokeUnprovenSessions(tx: Transaction, userId: string): Promise<number> {
  const revoked = await tx
    .update(sessions)
    .set({ revokedAt: sql`now()` })
    .where(and(eq(sessions.userId, userId), isNull(sessions.provenAt), isLive))
    .returning({ id: sessions.id });
  return revoked.length;
}

/** Marks the live sessions of a person as not proven, since their address is another one now. */
export async function unproveSessions(tx: Transaction, userId: string): Promise<void> {
  await tx
    .update(sessions)
    .set({ provenAt: null })
    .where(and(eq(sessions.userId, userId), isLive));
}
