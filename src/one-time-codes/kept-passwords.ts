import { sql } from 'drizzle-orm';
import type { Queryable } from '../db/client.ts';
import { oneTimeCodes } from '../db/tables/one-time-codes.ts';
import { users } from '../db/tables/users.ts';
import type { CodePurpose } from './one-time-codes.ts';

// The code of a sign-up keeps the password of the account, if the person who asked for it gave that password. Once a person without
// the password has asked, no later code of the account keeps it: the password may be a stranger's.

/** Lets the pending code of a target keep no password any more, as a request without the password would. */
export async function dropKeptPassword(
  db: Queryable,
  { target, purpose }: { target: string; purpose: CodePurpose },
): Promise<void> {
  await db.execute(sql`
    update ${oneTimeCodes} set keeps_password = false
    where target = ${target} and purpose = ${purpose} and keeps_password`);
}

/** Lets no code of a sign-up keep the password of an account, whether one is pending or not. Without an account it stores nothing. */
export async function forbidKeptPassword(
  db: Queryable,
  { userId, purpose, target }: { userId: string; purpose: 'signup' | 'sms'; target: string },
): Promise<void> {
  await db.execute(sql`
    insert into ${oneTimeCodes} (id, user_id, purpose, target, keeps_password, expires_at)
    select gen_random_uuid(), id, ${purpose}, ${target}, false, now() from ${users} where id = ${userId}
    on conflict (user_id, purpose) do update set keeps_password = false`);
}

/**
 * Retires the codes of a person whose password has changed. That a person without the password has asked for a code is still known:
 * a stranger could otherwise change the password, and have a code mailed that keeps it. The transaction has locked the account.
 */
export async function voidCodes(tx: Queryable, userId: string): Promise<void> {
  await tx.execute(sql`
    delete from ${oneTimeCodes}
    where user_id = ${userId} and (keeps_password or purpose not in ('signup', 'sms'))`);
  await tx.execute(sql`
    update ${oneTimeCodes} set id = gen_random_uuid(), code_hash = null, link_hash = null, flow_state_id = null,
      expires_at = least(expires_at, now())
    where user_id = ${userId}`);
}
