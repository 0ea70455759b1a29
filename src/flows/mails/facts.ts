import { sql } from 'drizzle-orm';
import type { Database, Queryable, Transaction } from '../../db/client.ts';
import { securityEvents } from '../../db/tables/security-events.ts';
import { sessions } from '../../db/tables/sessions.ts';
import { invites, teams } from '../../db/tables/teams.ts';
import { passwords, users } from '../../db/tables/users.ts';

/** Whom a mail is for, as they are when it is delivered. */
export type Recipient = {
  email: string | null;
  verified: boolean;
  disabled: boolean;
  /** Whether the password was set after the given moment. */
  passwordChanged: boolean;
  /** Whether the password is not known to be of the person who reads the mails. */
  unproven: boolean;
  /** Whether a pending change of the address was dropped since the given moment: every flow that does so records one of these. */
  tokensEnded: boolean;
};

/** The person, or null where they are gone. */
export async function findRecipient(db: Queryable, userId: string, since: Date): Promise<Recipient | null> {
  const [found] = await db.execute<Recipient>(sql`
    select u.email, u.email_verified_at is not null as verified, u.disabled_at is not null as disabled,
      coalesce(p.updated_at > ${since.toISOString()}::timestamptz, false) as "passwordChanged",
      p.user_id is not null and p.proven_at is null as unproven,
      exists (select from ${securityEvents} e where e.user_id = u.id and e.created_at >= ${since.toISOString()}::timestamptz
        and e.action in ('email_changed', 'email_verified', 'password_suspended', 'signup_disowned',
          'account_disabled')) as "tokensEnded"
    from ${users} u left join ${passwords} p on p.user_id = u.id
    where u.id = ${userId}`);
  return found ?? null;
}

/** The same, with the account locked, as every change of it does: what follows from how they are now still does at the end. */
export async function lockRecipient(tx: Transaction, userId: string, since: Date): Promise<Recipient | null> {
  // First, in a statement of its own: one that waits for the lock has looked at the password before. Rows that refer to the
  // account may come in between.
  await tx.execute(sql`select from ${users} where id = ${userId} for no key update`);
  return findRecipient(tx, userId, since);
}

/** When and from where a person signed up, as the event says; the account alone is left where that is pruned. */
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

export type InviteFacts = { email: string; team: string; inviter: string | null; expires: string };

/** An invite that can still be accepted, or null. */
export async function findInvite(db: Database, inviteId: string): Promise<InviteFacts | null> {
  const [found] = await db.execute<InviteFacts>(sql`
    select i.email, t.name as team, u.name as inviter, to_char(i.expires_at at time zone 'UTC', 'YYYY-MM-DD') as expires
    from ${invites} i
    join ${teams} t on t.id = i.team_id
    left join ${users} u on u.id = i.inviter_id
    where i.id = ${inviteId} and i.expires_at > now()`);
  return found ?? null;
}

export type SignInFacts = { device: string | null; address: string | null; time: string };

/** Where a session was opened from, or null where it is gone. */
export async function findSignIn(db: Database, sessionId: string): Promise<SignInFacts | null> {
  const [found] = await db.execute<SignInFacts>(sql`
    select s.user_agent as device, host(s.address) as address,
      to_char(s.created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') as time
    from ${sessions} s
    where s.id = ${sessionId}`);
  return found ?? null;
}
