import { sql } from 'drizzle-orm';
import type { SignInFacts } from '../audit/device.ts';
import type { Database } from '../db/client.ts';
import { sessions } from '../db/tables/sessions.ts';

/** Finds when and from where a session was opened; null if it was deleted. */
export async function findSignIn(db: Database, sessionId: string): Promise<SignInFacts | null> {
  const [found] = await db.execute<SignInFacts>(sql`
    select s.user_agent as device, host(s.address) as address,
      to_char(s.created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') as time
    from ${sessions} s
    where s.id = ${sessionId}`);
  return found ?? null;
}
