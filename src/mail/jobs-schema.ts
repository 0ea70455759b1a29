import { sql } from 'drizzle-orm';
import { Logger, runMigrations } from 'graphile-worker';
import type { Database } from '../db/client.ts';
import { JOBS_SCHEMA } from './queue.ts';

/** The newest migration of the job library that package.json names; a test holds both together. */
const NEWEST_JOBS_MIGRATION = 19;

/**
 * The database's URL as the job library's driver reads it. Its `sslmode` would mean something else than that of the driver
 * behind everything else: `require` would also check the certificate.
 * @param settings parameters of its connections, such as `application_name` and timeouts
 */
export function jobsDatabaseUrl(url: string, settings: Record<string, string>): string {
  const translated = new URL(url);
  const parameters = translated.searchParams;
  const asked = parameters.get('sslmode') ?? parameters.get('ssl');
  const mode = parameters.get('sslrootcert') === 'system' || asked === 'true' ? 'verify-full' : asked;
  parameters.delete('ssl');
  if (parameters.get('sslrootcert') === 'system') parameters.delete('sslrootcert');
  if (mode !== null) {
    parameters.set('sslmode', mode === 'false' ? 'disable' : mode === 'allow' ? 'prefer' : mode);
    parameters.set('uselibpqcompat', 'true');
  }
  for (const [name, value] of Object.entries(settings)) parameters.set(name, value);
  return translated.href;
}

/** Makes the job library's schema, or brings it up to date. The caller holds the migration lock. */
export async function migrateJobs(url: string): Promise<void> {
  await runMigrations({
    connectionString: jobsDatabaseUrl(url, { application_name: 'portcullis-migrate' }),
    schema: JOBS_SCHEMA,
    maxPoolSize: 1,
    logger: new Logger(() => () => {}),
  });
}

/** Whether the job library finds its tables as it needs them. A newer schema counts. */
export async function areJobsMigrated(db: Database): Promise<boolean> {
  const migrations = sql`${sql.identifier(JOBS_SCHEMA)}.migrations`;
  const [table] = await db.execute<{ found: boolean }>(
    sql`select to_regclass(${`${JOBS_SCHEMA}.migrations`}) is not null as found`,
  );
  if (table?.found !== true) return false;
  const [applied] = await db.execute<{ newest: number | null }>(
    sql`select max(id)::int as newest from ${migrations}`,
  );
  return (applied?.newest ?? 0) >= NEWEST_JOBS_MIGRATION;
}
