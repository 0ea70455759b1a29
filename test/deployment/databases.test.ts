import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PostgresServer, startPostgresServer } from '../support/postgres-server.ts';
import { type Compose, filledExample, resolveCompose } from './compose.ts';

let server: PostgresServer;
let superuser: postgres.Sql;
let compose: Compose;

/** Databases and roles belong to a server, and those of compose have fixed names: these tests need their own server. */
beforeAll(async () => {
  [server, compose] = await Promise.all([startPostgresServer(), filledExample().then(resolveCompose)]);
  const postgresDatabase = new URL(server.url);
  postgresDatabase.pathname = 'postgres';
  superuser = postgres(postgresDatabase.href, { max: 1, onnotice: () => {} });
  await superuser`drop database if exists portcullis`; // made by the embedded server
});
afterAll(async () => {
  await superuser?.end();
  await server?.stop();
});

const environmentOf = (service: string) => compose.services[service]?.environment ?? {};

/** The URL of a service, with the host of this test's server. */
function here(service: string, variable: string): string {
  const url = new URL(environmentOf(service)[variable] ?? '');
  url.host = new URL(server.url).host;
  return url.href;
}

/** Runs the script of the service `databases` as psql would; a machine may lack psql. */
async function runSetup(): Promise<void> {
  const script = compose.services.databases?.command?.at(-1) ?? '';
  const [, body = ''] = /<<'SQL'\n([\s\S]*?)\nSQL/.exec(script) ?? [];
  const values: Record<string, string> = {};
  const text = body.replaceAll(/^\\getenv (\w+) (\w+)\n/gm, (_, name: string, variable: string) => {
    values[name] = environmentOf('databases')[variable] ?? '';
    return '';
  });
  for (const [, statement = '', end] of text.matchAll(/([\s\S]*?)(;|\\gexec)\s*/g)) {
    const filled = statement.replaceAll(/:'(\w+)'/g, (_, name: string) => `'${values[name]}'`);
    const rows = await superuser.unsafe(filled).values();
    if (end === '\\gexec') for (const [generated] of rows) await superuser.unsafe(String(generated));
  }
}

async function runMigrate(): Promise<void> {
  const env = {
    PATH: process.env.PATH,
    NODE_ENV: 'production',
    DATABASE_URL: here('migrate', 'DATABASE_URL'),
    HASURA_SOURCE_DATABASE_URL: here('migrate', 'HASURA_SOURCE_DATABASE_URL'),
  };
  for (const name of ['migrate', 'hasura/role'])
    await promisify(execFile)('node', ['--import', 'tsx', `src/commands/${name}.ts`], { env });
}

async function ask(url: string, query: string): Promise<unknown> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return [...(await sql.unsafe(query))];
  } catch (error) {
    return (error as { code?: string }).code;
  } finally {
    await sql.end();
  }
}

test('databases and migrate give the gateway and Hasura their rights, and can run twice', async () => {
  for (const name of ['databases', 'migrate'])
    expect(compose.services[name]?.command?.join(' ')).toMatch(/^sh -ec /);
  for (const _ of [1, 2]) {
    await runSetup();
    await runMigrate();
  }
  const gateway = here('gateway', 'DATABASE_URL');
  const source = here('hasura', 'HASURA_SOURCE_DATABASE_URL');
  const metadata = here('hasura', 'HASURA_GRAPHQL_METADATA_DATABASE_URL');

  expect(await ask(gateway, 'select count(*)::int as users from portcullis.users')).toEqual([{ users: 0 }]);
  expect(await ask(source, 'select count(*)::int as users from portcullis.users')).toEqual([{ users: 0 }]);
  expect(await ask(gateway, `select task_identifier as task from portcullis_jobs.add_job('none')`)).not.toBe(
    '42501',
  );
  expect(await ask(source, 'select from portcullis_private.private_jwks')).toBe('42501');
  for (const name of ['migrations', '_private_jobs', 'jobs'])
    expect(await ask(source, `select from portcullis_jobs.${name}`)).toBe('42501');
  expect(await ask(source, 'create table hdb_catalog.mine (id uuid default gen_random_uuid())')).toEqual([]);
  // The engine's statements in its metadata database at its first start.
  const first = 'create extension if not exists pgcrypto schema public; create schema hdb_catalog; select';
  expect(await ask(metadata, first)).not.toBe('42501');
  expect(await ask(metadata, 'create table hdb_catalog.mine (id uuid)')).toEqual([]);
  expect(await ask(gateway.replace(/portcullis$/, 'hasura_metadata'), 'select')).toBe('42501');
});

test('gateway and hasura are not superusers, and gateway cannot use the rights of hasura', async () => {
  const roles = await superuser`
    select rolname as role, rolsuper or rolbypassrls or rolreplication or rolcreatedb as more, rolcreaterole as roles
      from pg_roles where rolname in ('gateway', 'hasura') order by 1`;
  expect([...roles]).toEqual([
    { role: 'gateway', more: false, roles: true },
    { role: 'hasura', more: false, roles: false },
  ]);
  const memberships = await superuser`
    select count(*)::int as usable from pg_auth_members
      where member = 'gateway'::regrole and (inherit_option or set_option)`;
  expect([...memberships]).toEqual([{ usable: 0 }]);
});

test('a changed password in .env takes effect at the next start', async () => {
  const old = here('gateway', 'DATABASE_URL');
  compose = resolveCompose({ ...(await filledExample()) });
  await runSetup();
  await runMigrate();
  expect(await ask(old, 'select')).toBe('28P01');
  expect(await ask(here('gateway', 'DATABASE_URL'), 'select 1 as one')).toEqual([{ one: 1 }]);
  expect(await ask(here('hasura', 'HASURA_SOURCE_DATABASE_URL'), 'select 1 as one')).toEqual([{ one: 1 }]);
});
