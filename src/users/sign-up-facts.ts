import { sql } from 'drizzle-orm';
import type { SignInFacts } from '../audit/device.ts';
import type { Queryable } from '../db/client.ts';
import { securityEvents } from '../db/tables/security-events.ts';
import { users } from '../db/tables/users.ts';

/** Finds when and from where a user signed up. If the security event was pruned, only the time is left. */
export async function findSignUp(db: Queryable, userId: string): Promise<SignInFacts | null> {
  const [found] = await db.execute<SignInFacts>(sql`
    select e.user_agent as device, host(e.address) as address,
      to_char(u.created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') as time
    from ${users} u left join lateral (
      select user_agent, address from ${securityEvents}
      where user_id = u.id and action = 'signup' order by created_at limit 1) e on true
    where u.id = ${userId}`);
  return found ?? null;
}
