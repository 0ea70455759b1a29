import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, DATABASE, urlOf } from './connections.ts';
import { findServedPort } from './postmaster.ts';

/**
 * Returns the URL of the database if another process runs the embedded Postgres on this data folder. Null if no server runs
 * there, or if it does not answer yet.
 */
export async function findRunningPostgres(dataDir: string): Promise<string | null> {
  const port = await findServedPort(dataDir);
  const password = await readFile(join(dataDir, 'postgres-password'), 'utf8').catch(() => null);
  if (port === null || password === null) return null;
  const sql = await connect(port, password.trim(), 'embedded-check').catch(() => null);
  if (sql === null) return null;
  try {
    const [found] = await sql`select from pg_database where datname = ${DATABASE}`;
    return found === undefined ? null : urlOf(port, password.trim());
  } finally {
    await sql.end({ timeout: 1 });
  }
}
