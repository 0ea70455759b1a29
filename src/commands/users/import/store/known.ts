import { sql } from 'drizzle-orm';
import type { Queryable } from '../../../../db/client.ts';
import { type ImportedKind, imported } from '../../../../db/tables/imports.ts';
import { users } from '../../../../db/tables/users.ts';
import { rowsOf } from './staging.ts';
import { acceptedKey, type Store } from './store.ts';

/** Finds which of the keys an import has written before: it maps each to the user of that time. */
export async function findImported(
  db: Queryable,
  kind: ImportedKind,
  keys: readonly string[],
): Promise<Map<string, string>> {
  const found = await db.execute<{ key: string; user_id: string }>(sql`
    select key, user_id from ${imported} where kind = ${kind} and key in (select value from ${rowsOf(keys)})`);
  return new Map(found.map(({ key, user_id }) => [key, user_id]));
}

/** Remembers for ever what was written. Returns the keys that were new. */
export async function remember(
  tx: Queryable,
  kind: ImportedKind,
  entries: readonly { key: string; userId: string }[],
): Promise<Set<string>> {
  const added = await tx.execute<{ key: string }>(sql`
    insert into ${imported} (kind, key, user_id)
    select ${kind}, r.key, r.user_id
    from jsonb_to_recordset(${toRows(entries.map(({ key, userId }) => ({ key, user_id: userId })))}) as r(key text, user_id uuid)
    on conflict do nothing returning key`);
  return new Set(added.map(({ key }) => key));
}

/** Rows for `jsonb_to_recordset`, as one parameter. */
export const toRows = (rows: readonly object[]) => sql`${JSON.stringify(rows)}::text::jsonb`;

export type ImportedUser = { isDisabled: boolean; isVerified: boolean };

/**
 * Finds which of the users an import has made and who still exist, and locks them against a deletion or a change of the
 * password. A dry run also finds those that it would have made.
 */
export async function findImportedUsers(
  { staging, dryRun }: Store,
  db: Queryable,
  ids: readonly string[],
): Promise<Map<string, ImportedUser>> {
  const unique = [...new Set(ids)];
  const lock = dryRun ? sql`` : sql`for share of u`;
  const rows = await db.execute<{ id: string; disabled: boolean; verified: boolean }>(sql`
    select u.id, u.disabled_at is not null as disabled, u.email_verified_at is not null as verified
    from ${users} u
    where u.id in (select value::uuid from ${rowsOf(unique)})
      and exists (select from ${imported} i where i.kind = 'user' and i.key = u.id::text)
    order by u.id ${lock}`);
  const found = new Map(
    rows.map(({ id, disabled, verified }) => [id, { isDisabled: disabled, isVerified: verified }]),
  );
  if (!dryRun) return found;
  const keys = unique.flatMap((id) => [acceptedKey(id), `disabled ${id}`]);
  const claimed = await staging.findClaimed(keys);
  for (const id of unique)
    if (claimed.has(acceptedKey(id)))
      found.set(id, { isDisabled: claimed.has(`disabled ${id}`), isVerified: false });
  return found;
}
