import { and, eq, isNull, sql } from 'drizzle-orm';
import type { Queryable } from '../db/client.ts';
import { sessions } from '../db/tables/sessions.ts';

/**
 * Tells whether the person of a live session has authenticated a moment ago: by a provider, a mailed code, a second factor, or in
 * another way. The refresh of tokens does not count.
 */
export async function isFreshSession(
  db: Queryable,
  { sessionId, seconds }: { sessionId: string; seconds: number },
): Promise<boolean> {
  const found = await db
    .select({ id: sessions.id })
    .from(sessions)
    .where(
      and(
        eq(sessions.id, sessionId),
        isNull(sessions.revokedAt),
        sql`${sessions.expiresAt} > now()`,
        sql`greatest(extract(epoch from ${sessions.createdAt}), (select max((used ->> 'timestamp')::bigint)
          from jsonb_array_elements(${sessions.methods}) used)) > extract(epoch from now()) - ${seconds}::int`,
      ),
    );
  return found.length > 0;
}
