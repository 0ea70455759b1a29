import { sql } from 'drizzle-orm';
import { sha256 } from '../crypto/secrets.ts';
import type { Database, Queryable } from '../db/client.ts';
import { deleteOldRows } from '../db/prune.ts';
import { oneTimeTokens } from '../db/tables/one-time-tokens.ts';
import { purposes, type TokenPurpose } from '../db/token-purposes.ts';

/** The owner of a token, and the address that it proves. */
export type OneTimeTokenSubject = { userId: string; email: string };

/**
 * Stores a token, as its SHA-256, in place of the earlier one. If the token is the same, only its time is renewed.
 * @param requestedAt when it was asked for, if it is stored later than that
 * @param ttlSeconds how long it can be redeemed, if that is not the time of its purpose
 * @returns false, and stores nothing, if a token that was asked for later is stored already
 */
export async function storeOneTimeToken(
  tx: Queryable,
  input: OneTimeTokenSubject & {
    purpose: TokenPurpose;
    token: string;
    requestedAt?: Date;
    ttlSeconds?: number;
  },
): Promise<boolean> {
  const { userId, purpose, email, token, requestedAt = new Date() } = input;
  const { ttlSeconds = purposes[purpose].ttlSeconds } = input;
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

/**
 * Finds the owner of a token that can be redeemed; null if not found. It does not use the token up: mail scanners open links
 * too.
 */
export async function findOneTimeToken(
  db: Queryable,
  input: { purpose: TokenPurpose; token: string },
): Promise<OneTimeTokenSubject | null> {
  const [found] = await db.execute<{ user_id: string; email: string }>(sql`
    select user_id, email from ${oneTimeTokens}
    where token_hash = ${sha256(input.token)} and purpose = ${input.purpose} and expires_at > now()`);
  return found === undefined ? null : { userId: found.user_id, email: found.email };
}

/**
 * Uses a token up, in one statement: of many attempts at once, one gets it. Null if it was used or retired, or has expired.
 */
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
 * Retires the pending tokens of a person, of one purpose or all. After a password changed, none of them may still open the
 * account.
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
