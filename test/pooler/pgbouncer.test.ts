import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { startSmtp, type TestSmtp } from '../mail/smtp.ts';
import { createEmptyDatabase, type TestDatabase } from '../support/database.ts';
import { liveThroughADay } from '../support/everyday.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type PgBouncer, startPgBouncer } from './pgbouncer.ts';

/** More connections than all gateways of a test use at once. */
const POOL = 'default_pool_size = 60';
const IGNORED =
  'ignore_startup_parameters = statement_timeout,lock_timeout,idle_in_transaction_session_timeout';

/** The secrets that the replicas share. */
const SECRETS = {
  KEY_ENCRYPTION_KEYS: randomBytes(32).toString('base64'),
  INTERNAL_ENDPOINTS_SECRET: randomBytes(32).toString('hex'),
};

let smtp: TestSmtp;
let database: TestDatabase;
/** A connection that does not use the pooler. */
let admin: postgres.Sql;
const gateways: TestGateway[] = [];
beforeAll(async () => {
  smtp = await startSmtp();
});
afterAll(() => smtp.stop());
beforeEach(async () => {
  database = await createEmptyDatabase();
  admin = postgres(database.url, { max: 1, onnotice: () => {} });
});
afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.close()));
  await admin.end();
  await database.drop();
});

async function start(pooler: PgBouncer, env: Record<string, string> = {}): Promise<TestGateway> {
  const gateway = await startGateway({
    env: { ...SECRETS, DATABASE_URL: pooler.urlOf(database.url), SMTP_URL: smtp.url, ...env },
  });
  gateways.push(gateway);
  return gateway;
}

const advisoryLocks = async (): Promise<number> =>
  (
    await admin`select from pg_locks l join pg_database d on d.oid = l.database
      where l.locktype = 'advisory' and d.datname = current_database()`
  ).length;

describe.each<[string, string[]]>([
  ['with Debian’s configuration', []],
  ['that ignores the timeouts', [IGNORED]],
])('a PgBouncer in session mode %s', (_how, lines) => {
  let pooler: PgBouncer;
  beforeAll(async () => {
    pooler = await startPgBouncer(inject('postgresUrl'), 'pool_mode = session', POOL, ...lines);
  });
  afterAll(() => pooler.stop());

  test('lets two replicas migrate and work', async () => {
    const replicas = await Promise.all([start(pooler), start(pooler)]);
    for (const { url } of replicas) await liveThroughADay(url, smtp);
    expect(await advisoryLocks()).toBe(0);
  });
});

describe('a PgBouncer in transaction mode', () => {
  let pooler: PgBouncer;
  beforeAll(async () => {
    pooler = await startPgBouncer(inject('postgresUrl'), 'pool_mode = transaction', POOL);
  });
  afterAll(() => pooler.stop());

  test('without prepared statements stops the start before the migrations', async () => {
    await expect(start(pooler)).rejects.toThrow(/DATABASE_URL: .* Set DATABASE_PREPARE=off/);
    await expect(start(pooler, { DATABASE_DIRECT_URL: database.url })).rejects.toThrow(
      'DATABASE_PREPARE=off',
    );
    await expect(
      start(pooler, { DATABASE_PREPARE: 'off', DATABASE_DIRECT_URL: pooler.urlOf(database.url) }),
    ).rejects.toThrow(/DATABASE_DIRECT_URL: a pooler gives every transaction another session/);
    expect(await admin`select from pg_namespace where nspname = 'portcullis'`).toHaveLength(0);
  });

  test.each<[string, () => Record<string, string>]>([
    ['DATABASE_PREPARE=off', () => ({ DATABASE_PREPARE: 'off' })],
    ['pgbouncer=true in the URL', () => ({ DATABASE_URL: `${pooler.urlOf(database.url)}?pgbouncer=true` })],
  ])('works with %s for many concurrent people and for a later replica', async (_how, env) => {
    const gateway = await start(pooler, env());
    expect(await advisoryLocks()).toBe(0);
    await Promise.all(Array.from({ length: 12 }, () => liveThroughADay(gateway.url, smtp)));
    const replica = await start(pooler, env());
    await liveThroughADay(replica.url, smtp);
    for (const { logged } of [gateway, replica]) {
      expect(logged()).not.toContain('prepared statement');
      expect(logged()).not.toContain('will be started again');
    }
  });

  test('does not carry the mail worker, which uses DATABASE_DIRECT_URL', async () => {
    const gateway = await start(pooler, { DATABASE_PREPARE: 'off', DATABASE_DIRECT_URL: database.url });
    await liveThroughADay(gateway.url, smtp);
    const name = new URL(database.url).pathname.slice(1);
    const clients = (await pooler.command('show clients')).filter(({ database: used }) => used === name);
    const names = new Set(clients.map(({ application_name: client }) => client));
    expect(names).toContain('portcullis');
    expect(names).not.toContain('portcullis-mail');
    expect(await admin`select from pg_stat_activity where application_name = 'portcullis-mail'`).not.toEqual(
      [],
    );
  });

  test('with an unsuitable setting of the role stops the start with the SQL that repairs it', async () => {
    const name = new URL(database.url).pathname.slice(1);
    await admin.unsafe(`alter database ${name} set bytea_output = 'escape'`);
    const refused = await start(pooler, { DATABASE_PREPARE: 'off' }).catch((error: Error) => error.message);
    expect(refused).toContain('DATABASE_URL: bytea_output is escape in its sessions and must be hex.');
    await admin.unsafe(/alter role .*?;/.exec(String(refused))?.[0] ?? '');
    await pooler.command('reconnect');
    const gateway = await start(pooler, { DATABASE_PREPARE: 'off' });
    expect(gateway.logged()).toContain("statement_timeout = '10000ms';");
    await liveThroughADay(gateway.url, smtp);
  });

  test('carries the commands migrate and hasura/role', async () => {
    const hasura = new URL(database.url);
    hasura.username = 'hasura_behind_pgbouncer';
    hasura.password = 'secret';
    const env = {
      PATH: process.env.PATH,
      DATABASE_URL: pooler.urlOf(database.url),
      DATABASE_PREPARE: 'off',
      HASURA_SOURCE_DATABASE_URL: hasura.href,
    };
    for (const command of ['migrate', 'hasura/role'])
      await promisify(execFile)('node', ['--import', 'tsx', `src/commands/${command}.ts`], { env });
    const asHasura = postgres(hasura.href, { max: 1, onnotice: () => {} });
    expect(await asHasura`select count(*)::int as users from portcullis.users`).toEqual([{ users: 0 }]);
    await asHasura.end();
    await admin`drop owned by hasura_behind_pgbouncer cascade`;
    await admin`drop role hasura_behind_pgbouncer`;
  });
});
