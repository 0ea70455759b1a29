import { sql } from 'drizzle-orm';
import type { Database, Queryable, Transaction } from '../../db/client.ts';
import { securityEvents } from '../../db/tables/security-events.ts';
import { sessions } from '../../db/tables/sessions.ts';
import { invites, teams } from '../../db/tables/teams.ts';
import { passwords, users } from '../../db/tables/users.ts';

/** The recipient of a mail, read when it is delivered. */
export type Recipient = {
  email: string | null;
  verified: boolean;
  disabled: boolean;
  /** Whether the password was set after the given moment. */
  passwordChanged: boolean;
  /** Whether there is a password that the owner of the mailbox has not proven. */
  unproven: boolean;
  /** Whether a flow dropped a pending change of the address since the given moment. Each of them records a security event. */
  tokensEnded: boolean;
};

/** Finds the recipient; null if their account was deleted. */
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

/** Locks the account and finds the recipient, so that the account does not change before the transaction ends. */
export async function lockRecipient(tx: Transaction, userId: string, since: Date): Promise<Recipient | null> {
  // A separate statement: one that waits for the lock would have read the password before. This lock lets others insert rows
  // that refer to the account.
  await tx.execute(sql`select from ${users} where id = ${userId} for no key update`);
  return findRecipient(tx, userId, since);
}

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

export type SignInFacts = { device: string | null; address: string | null; time: string };

/** Finds when and from where a session was opened; null if it was deleted. */
export async function findSignIn(db: Database, sessionId: string): Promise<SignInFacts | null> {
  const [found] = await db.execute<SignInFacts>(sql`
    select s.user_agent as device, host(s.address) as address,
      to_char(s.created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') as time
    from ${sessions} s
    where s.id = ${sessionId}`);
  return found ?? null;
}
