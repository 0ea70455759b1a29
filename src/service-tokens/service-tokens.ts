import { asc, eq, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { Database, Queryable, Transaction } from '../db/client.ts';
import { deleteOldRows } from '../db/prune.ts';
import { jwks } from '../db/tables/keys.ts';
import { serviceTokens } from '../db/tables/service-tokens.ts';

/** A service token as the operator sees it. The token itself is not stored. */
export type ServiceToken = typeof serviceTokens.$inferSelect;

/** Stores a service token. */
export async function insertServiceToken(
  tx: Transaction,
  token: { name: string; role: string; expiresAt: Date },
): Promise<ServiceToken> {
  const [stored] = await tx
    .insert(serviceTokens)
    .values({ id: uuidv7(), ...token })
    .returning();
  if (stored === undefined) throw new Error('The service token was not stored.');
  return stored;
}

/** Lists all service tokens, the oldest first. Housekeeping deletes those that ended long ago. */
export const listStoredServiceTokens = (db: Queryable): Promise<ServiceToken[]> =>
  db.select().from(serviceTokens).orderBy(asc(serviceTokens.createdAt), asc(serviceTokens.id));

/**
 * Revokes a service token. One that was revoked already keeps the time of it.
 * @returns the token, and whether it was revoked just now; null if not found
 */
export async function endServiceToken(
  tx: Transaction,
  id: string,
): Promise<{ token: ServiceToken; revokedNow: boolean } | null> {
  const [before] = await tx.select().from(serviceTokens).where(eq(serviceTokens.id, id)).for('update');
  if (before === undefined) return null;
  if (before.revokedAt !== null) return { token: before, revokedNow: false };
  const [token] = await tx
    .update(serviceTokens)
    .set({ revokedAt: sql`now()` })
    .where(eq(serviceTokens.id, id))
    .returning();
  return token === undefined ? null : { token, revokedNow: true };
}

/** The hour in which a token was used: to write each use would be too much. */
const THIS_HOUR = sql`date_trunc('hour', now())`;

/**
 * Finds the role of a live service token, and notes the use. Null if it is unknown, revoked or expired, or if its signing key has
 * ended.
 */
export async function useServiceToken(
  db: Database,
  { id, keyId }: { id: string; keyId: string },
): Promise<{ role: string } | null> {
  const [found] = await db.execute<{ role: string }>(sql`
    with live as (
      select id, role, last_used_at from ${serviceTokens}
      where id = ${id} and revoked_at is null and expires_at > now()
        and exists (select from ${jwks} where ${jwks.id} = ${keyId} and ${jwks.expiresAt} > now())
    ), noted as (
      update ${serviceTokens} t set last_used_at = ${THIS_HOUR} from live
      where t.id = live.id and live.last_used_at is distinct from ${THIS_HOUR}
    )
    select role from live`);
  return found ?? null;
}

/** Deletes service tokens that ended more than `keepSeconds` ago, a bounded number each time. */
export const pruneServiceTokens = (db: Database, keepSeconds: number): Promise<void> =>
  deleteOldRows(db, {
    table: serviceTokens,
    key: serviceTokens.id,
    where: sql`least(${serviceTokens.expiresAt}, ${serviceTokens.revokedAt}) < now() - make_interval(secs => ${keepSeconds})`,
  });
