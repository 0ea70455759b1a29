import postgres from 'postgres';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { applyHasuraLogin } from '../../src/commands/hasura/metadata/database-login.ts';
import { openDatabase } from '../../src/db/client.ts';
import { applyMigrations, isMigrated } from '../../src/migrations/migrate.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startGateway } from '../support/gateway.ts';

let database: TestDatabase;
let sql: postgres.Sql;
beforeEach(async () => {
  database = await createTestDatabase();
  sql = postgres(database.url, { max: 1, onnotice: () => {} });
});
afterEach(async () => {
  await sql.end({ timeout: 5 });
  await database.drop();
});

const migrated = async () => {
  const { db, close } = openDatabase({ url: database.url, poolSize: 1, statementTimeoutMs: 5000 });
  return isMigrated(db).finally(close);
};

test('isMigrated requires the newest migration of the installed job library', async () => {
  const [{ newest }] = await sql<
    [{ newest: number }]
  >`select max(id)::int as newest from portcullis_jobs.migrations`;
  const { migrations } = (await import(
    new URL('../../node_modules/graphile-worker/dist/generated/sql.js', import.meta.url).href
  )) as { migrations: Record<string, string> };
  expect(newest).toBe(Object.keys(migrations).length);
  expect(await migrated()).toBe(true);
  await sql`delete from portcullis_jobs.migrations where id = ${newest}`;
  expect(await migrated()).toBe(false);
});

test('isMigrated requires the schema of the jobs, and applyMigrations creates it', async () => {
  await sql`drop schema portcullis_jobs cascade`;
  expect(await migrated()).toBe(false);
  await applyMigrations(database.url);
  expect(await migrated()).toBe(true);
});

test('a gateway with MIGRATE_ON_START=off is not ready without the jobs schema, and delivers after the migration', async () => {
  await sql`drop schema portcullis_jobs cascade`;
  const gateway = await startGateway({ env: { DATABASE_URL: database.url, MIGRATE_ON_START: 'off' } });
  const isReady = async () => {
    const { checks } = (await (await fetch(`${gateway.url}/ready`)).json()) as { checks: object[] };
    return checks.some(
      (check) => 'name' in check && check.name === 'migrations' && 'ok' in check && check.ok,
    );
  };
  expect(await isReady()).toBe(false);
  const [{ found }] = await sql<
    [{ found: string | null }]
  >`select to_regclass('portcullis_jobs.jobs') as found`;
  expect(found).toBeNull();
  await applyMigrations(database.url);
  expect(await isReady()).toBe(true);
  await sql`select portcullis_jobs.add_job('mail', '{"kind":"none"}')`;
  const count = async () => (await sql`select 1 from portcullis_jobs.jobs`).length;
  await expect.poll(count).toBe(0);
  await gateway.close();
});

test('Hasura’s database role has no rights on the jobs schema', async () => {
  const url = new URL(database.url);
  url.username = `hasura_${Math.random().toString(36).slice(2)}`;
  url.password = 'secret';
  await applyHasuraLogin({ ownerUrl: database.url, hasuraUrl: url.href });
  const hasura = postgres(url.href, { max: 1, onnotice: () => {} });
  await expect(hasura`select * from portcullis_jobs.jobs`).rejects.toMatchObject({ code: '42501' });
  await expect(hasura`select portcullis_jobs.add_job('mail')`).rejects.toMatchObject({ code: '42501' });
  await hasura.end({ timeout: 5 });
  await sql`drop owned by ${sql(url.username)} cascade`;
  await sql`drop role ${sql(url.username)}`;
});
