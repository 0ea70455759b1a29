import postgres from 'postgres';
import { test } from 'vitest';
import { createLog } from '../../src/log.ts';
import { applyMigrations } from '../../src/migrations/migrate.ts';
import { spawnGateway, startProcess } from '../boot/process.ts';
import { createEmptyDatabase, createTestDatabase } from '../support/database.ts';

// Gateways that start together migrate in turn. A waiting gateway logs the process for which it waits.

/** The lock of earlier versions, which may stay on a pooler's connection. */
const LOCK = '7046203311';

const KEYS = {
  KEY_ENCRYPTION_KEYS: Buffer.alloc(32, 1).toString('base64'),
  INTERNAL_ENDPOINTS_SECRET: 'an internal secret of a good length',
};

function startLog() {
  const lines: string[] = [];
  return { log: createLog('warn', { write: (line) => void lines.push(line) }), text: () => lines.join('') };
}

/** Opens a session with an application name. */
async function openSession(url: string, name: string): Promise<{ sql: postgres.Sql; pid: number }> {
  const sql = postgres(url, { max: 1, onnotice: () => {}, connection: { application_name: name } });
  const [{ pid }] = await sql<[{ pid: number }]>`select pg_backend_pid() as pid`;
  return { sql, pid };
}

test.concurrent('the log names the holder of a kept lock after three seconds, and the wait ends with an error', async ({
  expect,
}) => {
  const database = await createTestDatabase();
  const { sql, pid } = await openSession(database.url, 'left behind');
  await sql`select pg_advisory_lock(${LOCK})`;
  const { log, text } = startLog();
  const error = await applyMigrations(database.url, { log, patienceMs: 5000 }).then(
    () => expect.fail('The migration should have waited for the lock.'),
    (failure: Error) => failure,
  );
  expect(error.message).toMatch(/^Another migration did not end within \d+ seconds\./);
  for (const words of [error.message, text()])
    expect(words).toMatch(new RegExp(`process ${pid} \\(left behind, from 127\\.0\\.0\\.1, idle since 20`));
  expect(error.message).toContain(`select pg_terminate_backend(${pid});`);

  // The advice helps.
  const waiting = applyMigrations(database.url);
  const { sql: operator } = await openSession(database.url, 'an operator');
  await operator`select pg_terminate_backend(${pid})`;
  await waiting;
  await Promise.all([sql.end(), operator.end()]);
  await database.drop();
});

test.concurrent('a signal ends the wait for the lock at once', async ({ expect }) => {
  const database = await createTestDatabase();
  const { sql } = await openSession(database.url, 'left behind');
  await sql`select pg_advisory_lock(${LOCK})`;
  const stopping = new AbortController();
  const waiting = applyMigrations(database.url, { signal: stopping.signal });
  setTimeout(() => stopping.abort(), 700);
  await expect(waiting).rejects.toThrow(/abort/i);
  await sql.end();
  await database.drop();
});

test.concurrent('the log names the process that locks a table for which the migration waits', async ({
  expect,
}) => {
  const database = await createTestDatabase();
  const { sql, pid } = await openSession(database.url, 'a long report');
  const { log, text } = startLog();
  let waiting = Promise.resolve();
  await sql.begin(async (tx) => {
    await tx`lock table portcullis_migrations.applied in access exclusive mode`;
    waiting = applyMigrations(database.url, { log });
    await expect.poll(text).toContain(`The migration waits for process ${pid} (a long report`);
  });
  await waiting;
  await sql.end();
  await database.drop();
});

test.concurrent('a signal ends a migration under way, which leaves no change', async ({ expect }) => {
  const database = await createEmptyDatabase();
  const { sql } = await openSession(database.url, 'a long report');
  await sql`create schema portcullis_migrations`;
  await sql`create table portcullis_migrations.applied (id serial primary key, hash text not null, created_at bigint)`;
  const stopping = new AbortController();
  await sql.begin(async (tx) => {
    await tx`lock table portcullis_migrations.applied in exclusive mode`;
    const waiting = applyMigrations(database.url, { signal: stopping.signal });
    setTimeout(() => stopping.abort(), 1500);
    await expect(waiting).rejects.toThrow(/abort/i);
  });
  expect(await sql`select from pg_namespace where nspname in ('portcullis', 'portcullis_jobs')`).toHaveLength(
    0,
  );
  // Nothing of the ended migration blocks the next one.
  await applyMigrations(database.url);
  await sql.end();
  await database.drop();
});

test.concurrent('the lock ends with the migration and with a killed process', async ({ expect }) => {
  const database = await createEmptyDatabase();
  const { sql } = await openSession(database.url, 'an observer');
  const locks = async () =>
    (
      await sql`select from pg_locks l join pg_database d on d.oid = l.database
      where l.locktype = 'advisory' and d.datname = current_database()`
    ).length;
  await sql`create schema portcullis_migrations`;
  await sql`create table portcullis_migrations.applied (id serial primary key, hash text not null, created_at bigint)`;
  const { sql: blocker } = await openSession(database.url, 'a long report');
  await blocker.begin(async (tx) => {
    await tx`lock table portcullis_migrations.applied in exclusive mode`;
    const gateway = spawnGateway({ ...KEYS, DATABASE_URL: database.url, PORT: '0' });
    await expect.poll(locks).toBe(1);
    await gateway.end('SIGKILL');
    await expect.poll(locks).toBe(0);
  });
  await applyMigrations(database.url);
  expect(await locks()).toBe(0);
  await Promise.all([sql.end(), blocker.end()]);
  await database.drop();
});

test.concurrent('a gateway that waits for the lock obeys SIGTERM at once', async ({ expect }) => {
  const database = await createTestDatabase();
  const { sql, pid } = await openSession(database.url, 'left behind');
  await sql`select pg_advisory_lock(${LOCK})`;
  const gateway = spawnGateway({ ...KEYS, DATABASE_URL: database.url, PORT: '0' });
  await expect.poll(gateway.output).toContain(`the lock is held by process ${pid} (left behind`);
  expect(await gateway.end('SIGTERM')).toBe(0);
  expect(gateway.output()).not.toContain('could not start');
  await sql.end();

  const next = await startProcess({ ...KEYS, DATABASE_URL: database.url });
  await next.end('SIGTERM');
  await database.drop();
});
