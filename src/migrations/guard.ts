import { sql } from 'drizzle-orm';
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js';

/**
 * Gives guarded functions that a migration has just created to the role that owns the others. Before `hasura:role` has
 * made this role, it does nothing.
 */
export async function keepGuard(db: PostgresJsDatabase): Promise<void> {
  await db.execute(sql`
    select portcullis_private.set_guard(owners.guard) from (
      select min(pg_get_userbyid(p.proowner)) filter (where p.proowner <> n.nspowner) as guard,
        count(distinct p.proowner) as owners
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where n.nspname = 'portcullis_private' and p.proname like 'guarded\\_%'
    ) owners where owners.owners > 1`);
}
