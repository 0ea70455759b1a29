import { sql } from 'drizzle-orm';
import { sha256 } from '../crypto/secrets.ts';
import type { Database, Queryable } from '../db/client.ts';
import { deleteOldRows } from '../db/prune.ts';
import { oneTimeTokens, type TokenPurpose } from '../db/tables/one-time-tokens.ts';

/** Whose token it is, and which address it proves. */
export type OneTimeTokenSubject = { userId: string; email: string };

/**
 * Stores a token, as its SHA-256, in place of the one before. Storing the same one again only renews its time.
 * @param ttlSeconds how long it can be redeemed
 * @param requestedAt when it was asked for, where it is stored later than that
 * @returns false, and nothing is stored, where a token that was asked for later is there already
 */
export async function storeOneTimeToken(
  tx: Queryable,
  input: OneTimeTokenSubject & {
    purpose: TokenPurpose;
    token: string;
    ttlSeconds: number;
    requestedAt?: Date;
  },
): Promise<boolean> {
  const { userId, purpose, email, token, ttlSeconds, requestedAt = new Date() } = input;
  const stored = await tx.execute(sql`
    insert into ${oneTimeTokens} as kept (token_hash, user_id, purpose, email, created_at, expires_at)
    values (${sha256(token)}, ${userId}, ${purpose}, ${email}, ${requestedAt.toISOString()}::timestamptz,
      now() + make_interval(secs => ${ttlSeconds}))
    on conflict (user_id, purpose) do update set token_hash = excluded.token_hash, email = excluded.email,
      created_at = excluded.created_at, expires_at = excluded.expires_at
      where kept.created_at <= excluded.created_at
    returning user_id`);
  return stored.length > 0;
}

/** Whether the token could be redeemed now. Asking does not use it up: mail scanners open links too. */
export async function findOneTimeToken(
  db: Queryable,
  input: { purpose: TokenPurpose; token: string },
): Promise<OneTimeTokenSubject | null> {
  const [found] = await db.execute<{ user_id: string; email: string }>(sql`
    select user_id, email from ${oneTimeTokens}
    where token_hash = ${sha256(input.token)} and purpose = ${input.purpose} and expires_at > now()`);
  return found === undefined ? null : { userId: found.user_id, email: found.email };
}

/** Uses a token up, in one statement: of any number of attempts at once, one gets it. Null: used, retired, expired. */
export async function redeemOneTimeToken(
  tx: Queryable,
  input: { purpose: TokenPurpose; token: string },
): Promise<OneTimeTokenSubject | null> {
  const [redeemed] = await tx.execute<{ user_id: string; email: string }>(sql`
    delete from ${oneTimeTokens}
    where token_hash = ${sha256(input.token)} and purpose = ${input.purpose} and expires_at > now()
    returning user_id, email`);
  return redeemed === undefined ? null : { userId: redeemed.user_id, email: redeemed.email };
}

/**
 * Retires the tokens that a person has pending, of one purpose or all: after a password changed, none of them may still
 * open the account.
 */
export async function retireOneTimeTokens(
  tx: Queryable,
  userId: string,
  purpose: TokenPurpose | null = null,
): Promise<void> {
  await tx.execute(sql`
    delete from ${oneTimeTokens} where user_id = ${userId} and (${purpose}::text is null or purpose = ${purpose})`);
}

/** Deletes expired tokens, a bounded number each time. */
export const pruneOneTimeTokens = (db: Database): Promise<void> =>
  deleteOldRows(db, {
    table: oneTimeTokens,
    key: oneTimeTokens.tokenHash,
    where: sql`${oneTimeTokens.expiresAt} < now()`,
  });
