import { sql } from 'drizzle-orm';
import type { Queryable } from './client.ts';

/** The functions by which the gateway runs guarded statements (src/db/README.md, "Guarded statements"). */
const GUARDED =
  'portcullis_private\\.(?:delete_users|delete_teams|update_user|update_team|guarded_read_claims)\\(';

/**
 * Ends the connections on which a guarded statement has run too long. Code of the application can catch the cancellation by
 * `statement_timeout`. The gateway gives up its side of the connection then, but Postgres does not notice that, and the code would run on.
 *
 * @param longestMs milliseconds after which a statement has run too long
 * @returns how many connections were ended
 */
export async function endRunaways(db: Queryable, longestMs: number): Promise<number> {
  const ended = await db.execute(sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and usename = session_user and pid <> pg_backend_pid() and state = 'active'
      and query ~ ${GUARDED} and query_start < clock_timestamp() - make_interval(secs => ${longestMs / 1000})`);
  return ended.length;
}
