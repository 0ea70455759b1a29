import { sql } from 'drizzle-orm';
import type { Place } from '../report.ts';
import type { RowFault } from '../row-fault.ts';
import { toRows } from './known.ts';
import { rowsOf } from './staging.ts';
import type { Store } from './store.ts';

/** A hash that stands in a file of its own. */
export type HashEntry = Place & Readonly<{ formerId: string; hash: string }>;

const PAGE = 500;

/** Makes the place for hashes that come before their people. */
export async function createHashStage({ db }: Store): Promise<void> {
  await db.execute(sql`
    create temporary table if not exists import_hashes (
      former_id text primary key, hash text not null, input text not null, record int not null, used boolean not null default false)`);
  await db.execute(sql`truncate pg_temp.import_hashes`);
}

/** Keeps hashes aside. The first hash of a person counts. */
export async function stageHashes({ db, report }: Store, batch: readonly HashEntry[]): Promise<void> {
  const rows = batch.map(({ formerId, ...entry }) => ({ former_id: formerId, ...entry }));
  const staged = await db.execute<{ record: number }>(sql`
    insert into pg_temp.import_hashes (former_id, hash, input, record)
    select r.former_id, r.hash, r.input, r.record
    from jsonb_to_recordset(${toRows(rows)}) as r(former_id text, hash text, input text, record int)
    order by r.record on conflict do nothing returning record`);
  const records = new Set(staged.map(({ record }) => record));
  for (const entry of batch) if (!records.has(entry.record)) report.note(entry, 'refused', 'duplicate_id');
}

/** Finds the hashes of people by their former ids. */
export async function takeHashes({ db }: Store, formerIds: readonly string[]): Promise<Map<string, string>> {
  const found = await db.execute<{ former_id: string; hash: string }>(sql`
    update pg_temp.import_hashes set used = true where former_id in (select value from ${rowsOf(formerIds)})
    returning former_id, hash`);
  return new Map(found.map(({ former_id, hash }) => [former_id, hash]));
}

/** Reports the hashes of people who are not in the file. */
export async function reportUnusedHashes({ db, report }: Store, fault: RowFault): Promise<void> {
  for (let after = -1; ; ) {
    const rows = await db.execute<{ input: string; record: number }>(sql`
      select input, record from pg_temp.import_hashes where not used and record > ${after}
      order by record limit ${PAGE}`);
    for (const place of rows) report.note(place, fault.outcome, fault.reason);
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.record;
  }
}
