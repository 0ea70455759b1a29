import { and, eq, isNull, sql } from 'drizzle-orm';
import type { Queryable } from '../db/client.ts';
import { sessions } from '../db/tables/sessions.ts';
import { SECOND_FACTOR_METHODS } from './levels.ts';

/**
 * Tells whether the person of a live session has shown a first factor a moment ago: a password, a provider, or what was mailed. The refresh
 * of tokens does not count. Nor does a second factor: a thief with a stolen session may have added an authenticator app of their own.
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
        // A second factor makes a new session, which begins later than the sign-in. An earlier version stored no methods.
        sql`least(extract(epoch from ${sessions.createdAt}), (select max((used ->> 'timestamp')::bigint)
          from jsonb_array_elements(${sessions.methods}) used where used ->> 'method' not in ${SECOND_FACTOR_METHODS}))
          > extract(epoch from now()) - ${seconds}::int`,
      ),
    );
  return found.length > 0;
}
