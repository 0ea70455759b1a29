import { sql } from 'drizzle-orm';
import type { Database } from '../db/client.ts';
import { invites, teams } from '../db/tables/teams.ts';
import { users } from '../db/tables/users.ts';

/** What the mail of an invite and its page say. */
export type InviteFacts = { email: string; team: string; inviter: string | null; expires: string };

/** Finds an invite that can still be accepted; null if it cannot. */
export async function findInvite(db: Database, inviteId: string): Promise<InviteFacts | null> {
  const [found] = await db.execute<InviteFacts>(sql`
    select i.email, t.name as team, u.name as inviter, to_char(i.expires_at at time zone 'UTC', 'YYYY-MM-DD') as expires
    from ${invites} i
    join ${teams} t on t.id = i.team_id
    left join ${users} u on u.id = i.inviter_id
    where i.id = ${inviteId} and i.expires_at > now()`);
  return found ?? null;
}
