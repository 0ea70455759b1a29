import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { applyHasuraLogin } from '../../src/commands/hasura/metadata/database-login.ts';
import { ConfigError } from '../../src/config/read-config.ts';
import { PINNED_SETTINGS, TIMEOUT_SETTINGS } from '../../src/config/session-settings.ts';
import { openDatabase } from '../../src/db/client.ts';
import { openPgPool } from '../../src/db/driver/pg-pool.ts';
import { inspectDatabase } from '../../src/db/inspection.ts';
import { applyMigrations } from '../../src/migrations/migrate.ts';
import { startSmtp, type TestSmtp } from '../mail/smtp.ts';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../support/database.ts';
import { liveThroughADay } from '../support/everyday.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

// A role or a database may have its own settings, with which every session begins.

/** Harmful values, by the setting's name. */
const HARMFUL: Record<string, string> = {
  ...{ DateStyle: 'German, DMY', IntervalStyle: 'iso_8601', TimeZone: 'Asia/Kathmandu' },
  ...{ bytea_output: 'escape', extra_float_digits: '-15', client_encoding: 'LATIN1' },
  ...{ standard_conforming_strings: 'off', array_nulls: 'off', transform_null_equals: 'on' },
  ...{ search_path: 'hijack, pg_catalog', exit_on_error: 'on', synchronous_commit: 'off' },
  ...{ default_transaction_isolation: 'serializable', default_transaction_read_only: 'on' },
  ...{ default_transaction_deferrable: 'on', idle_session_timeout: '150' },
  ...{ statement_timeout: '1', lock_timeout: '1', idle_in_transaction_session_timeout: '1' },
};
const nameOf = ({ url }: TestDatabase) => new URL(url).pathname.slice(1);

test('the list of harmful settings has every pinned setting', () => {
  expect(Object.keys(HARMFUL).sort()).toEqual(
    [...PINNED_SETTINGS.map(({ name }) => name), ...TIMEOUT_SETTINGS].sort(),
  );
});

describe('a gateway on a database with the setting', () => {
  let smtp: TestSmtp;
  let gateway: TestGateway;
  let database: string;
  beforeAll(async () => {
    smtp = await startSmtp();
    gateway = await startGateway({ env: { SMTP_URL: smtp.url } });
    database = new URL(gateway.databaseUrl).pathname.slice(1);
    await hijack(gateway.sql);
  });
  afterAll(async () => {
    await gateway.close();
    await smtp.stop();
  });

  test.each(Object.entries(HARMFUL))(
    '%s = %s serves sign-up, refresh, mails and logout',
    async (name, value) => {
      await gateway.sql.unsafe(
        `alter database ${database} set ${name} = ${name === 'search_path' ? value : `'${value}'`}`,
      );
      try {
        await gateway.sql`
        select pg_terminate_backend(pid, 5000) from pg_stat_activity
        where datname = current_database() and application_name like 'portcullis%'`;
        await expect.poll(async () => (await fetch(`${gateway.url}/ready`)).status).toBe(200);
        await liveThroughADay(gateway.url, smtp);
      } finally {
        await gateway.sql.unsafe(`alter database ${database} reset ${name}`);
      }
    },
  );
});

/** Creates functions that Postgres would prefer to its own if their schema is searched: they fit our arguments better. */
async function hijack(client: postgres.Sql): Promise<void> {
  await client.unsafe(`
    create schema hijack;
    create function hijack.now() returns timestamptz language sql as $$ select '2001-01-01'::timestamptz $$;
    create function hijack.octet_length(bytea) returns int language sql as $$ select 1 $$;
    create function hijack.make_interval(secs float8) returns interval language sql as $$ select '-1 day'::interval $$;`);
}

describe('a role with all harmful settings at once', () => {
  let database: TestDatabase;
  let admin: postgres.Sql;
  beforeAll(async () => {
    database = await createEmptyDatabase();
    admin = postgres(inject('postgresUrl'), { max: 1, onnotice: () => {} });
    for (const [name, value] of Object.entries(HARMFUL))
      await admin.unsafe(
        `alter role current_user in database ${nameOf(database)} set ${name} = ${name === 'search_path' ? value : `'${value}'`}`,
      );
  });
  afterAll(async () => {
    await database.drop();
    await admin`drop role if exists hasura_beside_settings`;
    await admin.end();
  });

  test('can run the migrations and a working gateway', async () => {
    const smtp = await startSmtp();
    const gateway = await startGateway({ env: { DATABASE_URL: database.url, SMTP_URL: smtp.url } });
    await liveThroughADay(gateway.url, smtp);
    await gateway.close();
    await smtp.stop();
  });

  test('gets the gateway’s own values with both drivers', async () => {
    const names = PINNED_SETTINGS.map(({ name }) => name);
    const wanted = Object.fromEntries(PINNED_SETTINGS.map(({ name, value }) => [name, value]));
    const query = `select json_object_agg(name, setting) as settings from pg_settings where name in (${names.map((name) => `'${name}'`).join(', ')})`;

    const { db, close } = openDatabase({ url: database.url, poolSize: 1, statementTimeoutMs: 5000 });
    const [row] = await db.execute<{ settings: object }>(sql.raw(query));
    await close();
    expect(row?.settings).toEqual(wanted);

    const jobs = openPgPool({
      ...{ url: database.url, size: 1, statementTimeoutMs: 5000, applicationName: 'x', onError: () => {} },
    });
    const { rows } = await jobs.pool.query(query);
    await jobs.close();
    expect(rows[0].settings).toEqual(wanted);
  });

  test('can create Hasura’s role', async () => {
    await applyMigrations(database.url);
    const login = new URL(database.url);
    login.username = 'hasura_beside_settings';
    login.password = 'secret';
    expect(await applyHasuraLogin({ ownerUrl: database.url, hasuraUrl: login.href })).toMatchObject({
      role: login.username,
    });
    const owner = postgres(database.url, {
      max: 1,
      onnotice: () => {},
      connection: { statement_timeout: 0 },
    });
    await admin`drop owned by hasura_beside_settings`;
    await owner.end();
  });
});

describe('the start of a gateway', () => {
  const inspect = (url: string) =>
    inspectDatabase({ url, variable: 'DATABASE_URL', prepare: true }, { statementTimeoutMs: 5000 });
  const problemsOf = async (url: string): Promise<readonly string[]> => {
    const error = await inspect(url).then(
      () => expect.fail('It should have been refused.'),
      (failure: unknown) => failure,
    );
    if (error instanceof ConfigError) return error.problems;
    throw error;
  };

  test.each(['LATIN1', 'SQL_ASCII'])('is refused at a database with the encoding %s', async (encoding) => {
    const admin = postgres(inject('postgresUrl'), { max: 1, onnotice: () => {} });
    const name = `portcullis_test_${encoding.toLowerCase()}`;
    await admin.unsafe(`drop database if exists ${name}`);
    const [{ version }] = await admin<[{ version: number }]>`
      select current_setting('server_version_num')::int as version`;
    const provider = version >= 150_000 ? 'locale_provider libc' : '';
    await admin.unsafe(
      `create database ${name} encoding '${encoding}' ${provider} lc_collate 'C' lc_ctype 'C' template template0`,
    );
    const url = new URL(inject('postgresUrl'));
    url.pathname = name;
    await expect(startGateway({ env: { DATABASE_URL: url.href } })).rejects.toThrow(
      `DATABASE_URL: the database keeps texts as ${encoding}`,
    );
    expect(await problemsOf(url.href)).toEqual([expect.stringContaining("encoding 'UTF8'")]);
    await admin.unsafe(`drop database ${name} with (force)`);
    await admin.end();
  });

  test('is refused if triggers and foreign keys are off, with the SQL that repairs it', async () => {
    const database = await createTestDatabase();
    const admin = postgres(database.url, { max: 1, onnotice: () => {} });
    await admin.unsafe(`alter database ${nameOf(database)} set session_replication_role = 'replica'`);
    const [problem = ''] = await problemsOf(database.url);
    expect(problem).toMatch(/^DATABASE_URL: session_replication_role is replica/);
    const [statement = ''] = /alter role .*;$/.exec(problem) ?? [];
    await admin.unsafe(statement);
    await expect(inspect(database.url)).resolves.toMatchObject({ settingsFrom: 'gateway' });
    await admin.end();
    await database.drop();
  });

  test('is refused with the parameter’s name if the server refuses an option of the URL', async () => {
    const url = new URL(inject('postgresUrl'));
    url.searchParams.set('options', '-c no_such_setting=1');
    expect(await problemsOf(url.href.replaceAll('+', '%20'))).toEqual([
      expect.stringMatching(/^DATABASE_URL: the settings in its options \(no_such_setting\) were refused/),
    ]);
  });

  test('is refused if DATABASE_DIRECT_URL leads to another database', async () => {
    const [one, other] = await Promise.all([createTestDatabase(), createTestDatabase()]);
    await expect(
      startGateway({ env: { DATABASE_URL: one.url, DATABASE_DIRECT_URL: other.url } }),
    ).rejects.toThrow('DATABASE_DIRECT_URL: it leads to another database than DATABASE_URL.');
    await Promise.all([one.drop(), other.drop()]);
  });
});
