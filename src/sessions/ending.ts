import { asc, eq } from 'drizzle-orm';
import type { Transaction } from '../db/client.ts';
import { sessions } from '../db/tables/sessions.ts';

/**
 * Locks all sessions of a person, before the transaction changes or deletes them. The transaction has locked the
 * person, so that no other one opens a session. See src/db/README.md for the order of locks.
 */
export async function lockSessionsOf(tx: Transaction, userId: string): Promise<void> {
  await tx
    .select({ id: sessions.id })
    .from(sessions)
    .where(eq(sessions.userId, userId))
    .orderBy(asc(sessions.id))
    .for('update');
}
