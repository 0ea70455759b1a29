import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';
import { createEmptyDatabase, type TestDatabase } from '../support/database.ts';

/** Creates a database of a former gateway, which knows only the given number of migrations. */
export async function createFormerDatabase(migrations: number): Promise<TestDatabase> {
  const database = await createEmptyDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-migrations-'));
  await cp('drizzle', folder, { recursive: true });
  const journal = join(folder, 'meta', '_journal.json');
  const { entries, ...rest } = JSON.parse(await readFile(journal, 'utf8')) as { entries: object[] };
  await writeFile(journal, JSON.stringify({ ...rest, entries: entries.slice(0, migrations) }));
  const client = postgres(database.url, { max: 1, onnotice: () => {} });
  const table = { migrationsSchema: 'portcullis_migrations', migrationsTable: 'applied' };
  await migrate(drizzle(client), { migrationsFolder: folder, ...table });
  await client.end();
  await rm(folder, { recursive: true });
  return database;
}
