import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';
import { areJobsMigrated, migrateJobs } from '../mail/jobs-schema.ts';
import { canonicalizeEmails } from './canonical-emails.ts';
import type { Database } from './client.ts';

const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url));
const migrations = {
  migrationsFolder,
  migrationsSchema: 'portcullis_migrations',
  migrationsTable: 'applied',
};

/** Any number that nothing else in the database locks on. */
const MIGRATION_LOCK = 7_046_203_311;

/** Applies what is missing. Replicas that start together take turns: the first one migrates, the others find it done. */
export async function applyMigrations(url: string): Promise<void> {
  const client = postgres(url, { max: 1, connect_timeout: 10, onnotice: () => {} });
  try {
    const db = drizzle(client);
    await db.execute(sql`select pg_advisory_lock(${MIGRATION_LOCK})`);
    await migrate(db, migrations);
    await canonicalizeEmails(db);
    await migrateJobs(url); // on a connection of its own; ending this one releases the lock
  } finally {
    await client.end({ timeout: 5 });
  }
}

type Journal = { entries: { idx: number; when: number; tag: string }[] };

export async function readJournal(): Promise<Journal> {
  return JSON.parse(await readFile(join(migrationsFolder, 'meta', '_journal.json'), 'utf8')) as Journal;
}

/**
 * Whether this build's newest migration, and the job library's, has been applied. A newer schema than this build's counts
 * as applied.
 */
export async function isMigrated(db: Database): Promise<boolean> {
  const newest = (await readJournal()).entries.at(-1)?.when ?? 0;
  const [table] = await db.execute<{ found: boolean }>(
    sql`select to_regclass('portcullis_migrations.applied') is not null as found`,
  );
  if (table?.found !== true) return false;
  const [applied] = await db.execute<{ newest: string | null }>(
    sql`select max(created_at)::text as newest from portcullis_migrations.applied`,
  );
  return Number(applied?.newest ?? 0) >= newest && (await areJobsMigrated(db));
}
