import { type SQL, sql } from 'drizzle-orm';
import type { Database } from '../../../../db/client.ts';

/** A list of texts as rows with the column `value`. It is one parameter, however long it is. */
export const rowsOf = (texts: readonly string[]): SQL =>
  sql`jsonb_array_elements_text(${JSON.stringify(texts)}::text::jsonb)`;

/**
 * What one run keeps aside, in temporary tables of its connection: the memory of the process stays the same for any number of
 * rows. It ends with the connection.
 */
export type Staging = {
  readonly db: Database;
  /** Takes keys for this run. Returns those that no earlier row has taken. */
  claim(keys: readonly string[]): Promise<Set<string>>;
  /** Returns those of the keys that were taken. */
  findClaimed(keys: readonly string[]): Promise<Set<string>>;
};

/**
 * Makes the temporary tables.
 * @param db a pool of one connection
 */
export async function createStaging(db: Database): Promise<Staging> {
  await db.execute(sql`create temporary table if not exists import_claims (key text primary key)`);
  await db.execute(sql`truncate pg_temp.import_claims`);
  return {
    db,
    async claim(keys) {
      const claimed = await db.execute<{ key: string }>(sql`
        insert into pg_temp.import_claims (key) select distinct value from ${rowsOf(keys)}
        on conflict do nothing returning key`);
      return new Set(claimed.map(({ key }) => key));
    },
    async findClaimed(keys) {
      const claimed = await db.execute<{ key: string }>(
        sql`select key from pg_temp.import_claims where key in (select value from ${rowsOf(keys)})`,
      );
      return new Set(claimed.map(({ key }) => key));
    },
  };
}
