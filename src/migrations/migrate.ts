import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import { readDatabaseUrl } from '../config/database-url.ts';
import { type Database, openClient } from '../db/client.ts';
import type { Client } from '../db/driver/postgres.ts';
import type { DatabaseAccess } from '../db/inspection.ts';
import { areJobsMigrated, migrateJobs } from '../jobs/schema.ts';
import { canonicalizeEmails } from './canonical-emails.ts';
import { keepGuard } from './guard.ts';
import { type LockOptions, withMigrationLock } from './lock.ts';

const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url));
const migrations = {
  migrationsFolder,
  migrationsSchema: 'portcullis_migrations',
  migrationsTable: 'applied',
};

/** How long a pooler may keep the migration waiting for a session beside the one with the lock. */
const SECOND_SESSION_MS = 10_000;

export type MigrationOptions = LockOptions & Partial<Omit<DatabaseAccess, 'url'>>;

/**
 * Applies the missing migrations. Replicas that start together take turns: the first one migrates, the others find it done.
 *
 * @throws Error naming the process that has held the lock for a minute, or saying what prevents the migration; the signal's
 * reason
 */
export async function applyMigrations(url: string, options: MigrationOptions = {}): Promise<void> {
  const { variable = 'DATABASE_URL', prepare = true, settingsFrom = 'gateway', ...lock } = options;
  const database = { url, variable, prepare, settingsFrom, applicationName: 'portcullis-migrate' };
  await withMigrationLock(database, lock, async (stopped) => {
    // A statement of a migration may take any time. Postgres cancels it only if it waits for a lock.
    const client = openClient(readDatabaseUrl(url, variable), { ...database, statementTimeoutMs: null });
    const cut = () => void client.end({ timeout: 0 });
    stopped.addEventListener('abort', cut, { once: true });
    try {
      await requireSecondSession(client, variable);
      const db = drizzle(client);
      await migrate(db, migrations);
      await keepGuard(db);
      await canonicalizeEmails(db);
      await migrateJobs({ ...database, statementTimeoutMs: null, size: 1 });
    } finally {
      stopped.removeEventListener('abort', cut);
      await client.end({ timeout: 5 });
    }
  });
}

/**
 * Checks that the database gives the migration a second session.
 * @throws Error if a pooler has only one, which the transaction with the lock uses
 */
async function requireSecondSession(client: Client, variable: string): Promise<void> {
  const late = sleep(SECOND_SESSION_MS, 'late', { ref: false });
  const outcome = await Promise.race([client`select 1`, late]);
  if (outcome !== 'late') return;
  throw new Error(
    `${variable}: the database gives no second session to a migration. Name a direct connection in DATABASE_DIRECT_URL.`,
  );
}

type Journal = { entries: { idx: number; when: number; tag: string }[] };

/**
 * Reads drizzle-kit's journal: the migrations in order, each with its time in milliseconds.
 * @internal exported for its test
 */
export async function readJournal(): Promise<Journal> {
  return JSON.parse(await readFile(join(migrationsFolder, 'meta', '_journal.json'), 'utf8')) as Journal;
}

/**
 * Tells whether the newest migration of this build, and of the job library, has been applied. A schema that is newer than
 * this build's counts as applied.
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
