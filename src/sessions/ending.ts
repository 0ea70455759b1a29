import { sql } from 'drizzle-orm';
import type { Transaction } from '../db/client.ts';
import { refreshTokens, sessions } from './tables.ts';

/** Far more than it takes, however fast a client refreshes: who waits for a token's lock gets it next. */
const MAX_ROUNDS = 50;

/**
 * Makes refreshes of a person's sessions wait, before the sessions are deleted. A refresh locks its token first and then
 * its session, a deletion the other way round: each would wait for the other. Whoever holds the live token of every session
 * has no refresh beside them; one under way leaves a new live token, hence the rounds.
 */
export async function holdRefreshes(tx: Transaction, userId: string): Promise<void> {
  const live = sql`${refreshTokens} t join ${sessions} s on s.id = t.session_id
    where s.user_id = ${userId} and t.rotated_at is null`;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const [there] = await tx.execute<{ count: number }>(sql`select count(*)::int from ${live}`);
    const held = await tx.execute(
      sql`select t.token_hash from ${live} order by t.token_hash for update of t`,
    );
    if (held.length >= (there?.count ?? 0)) return;
  }
}
