import { and, eq, isNotNull, isNull, sql } from 'drizzle-orm';
import type { Transaction } from '../db/client.ts';
import { type SessionOpener, sessions } from '../db/tables/sessions.ts';

const isLive = and(isNull(sessions.revokedAt), sql`${sessions.expiresAt} > now()`);

/** Which live sessions of a person: one, or those that something opened. */
type Selection = { userId: string } & ({ only: string } | { openedBy: SessionOpener });

/**
 * Notes that the holder of the mailbox stands behind live sessions of a person.
 * @returns what opened each of them
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
        'only' in which ? eq(sessions.id, which.only) : eq(sessions.openedBy, which.openedBy),
        isLive,
      ),
    )
    .returning({ openedBy: sessions.openedBy });
}

/** Whether something proven opened the session; an operator who acts as a user has none. */
export async function isSessionProven(tx: Transaction, sessionId: string | null): Promise<boolean> {
  if (sessionId === null) return false;
  const found = await tx
    .select({ id: sessions.id })
    .from(sessions)
    .where(and(eq(sessions.id, sessionId), isNotNull(sessions.provenAt), isLive));
  return found.length > 0;
}

/**
 * Ends the live sessions of a person that nothing proven opened. The caller has locked their sessions.
 * @returns how many they were
 */
export async function revokeUnprovenSessions(tx: Transaction, userId: string): Promise<number> {
  const revoked = await tx
    .update(sessions)
    .set({ revokedAt: sql`now()` })
    .where(and(eq(sessions.userId, userId), isNull(sessions.provenAt), isLive))
    .returning({ id: sessions.id });
  return revoked.length;
}

/** Notes that nothing of a person is proven any more: their address is another one now. */
export async function unproveSessions(tx: Transaction, userId: string): Promise<void> {
  await tx
    .update(sessions)
    .set({ provenAt: null })
    .where(and(eq(sessions.userId, userId), isLive));
}
