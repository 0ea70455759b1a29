import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { applyHasuraLogin } from '../../src/commands/hasura/metadata/database-login.ts';
import { scramVerifier } from '../../src/commands/hasura/metadata/scram.ts';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../support/database.ts';

const PASSWORD = 'p@ss/word: "quoted" \'and\' $1 %';
const JWK = 'jwk_00000000000000000000000000000001';

let database: TestDatabase;
let owner: postgres.Sql;
const roles: string[] = [];
const logins: postgres.Sql[] = [];

function loginUrl(role: string, password = PASSWORD): string {
  const url = new URL(database.url);
  url.username = encodeURIComponent(role);
  url.password = encodeURIComponent(password);
  return url.href;
}

function newRole(prefix = 'hasura test "role"'): string {
  const role = `${prefix} ${randomBytes(4).toString('hex')}`;
  roles.push(role);
  return role;
}

const apply = (role: string, password?: string) =>
  applyHasuraLogin({ ownerUrl: database.url, hasuraUrl: loginUrl(role, password) });

function logIn(url: string): postgres.Sql {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  logins.push(sql);
  return sql;
}

async function refusal(run: PromiseLike<unknown>): Promise<string> {
  return await Promise.resolve(run).then(
    () => 'allowed',
    (error: { code?: string; message: string }) => error.code ?? error.message,
  );
}

beforeAll(async () => {
  database = await createTestDatabase();
  owner = postgres(database.url, { max: 1, onnotice: () => {} });
  await owner.unsafe(`
    insert into portcullis.users (id, email, name) values ('018f0000-0000-7000-8000-000000000001', 'ada@example.com', 'Ada');
    insert into portcullis.teams (id, name) values ('018f0000-0000-7000-8000-000000000002', 'Engines');
    insert into portcullis.memberships (team_id, user_id, role)
      values ('018f0000-0000-7000-8000-000000000002', '018f0000-0000-7000-8000-000000000001', 'OWNER');
    insert into portcullis.jwks (id, alg, public_jwk, expires_at) values ('${JWK}', 'ES256', '{}', now());
    insert into portcullis.cache (key, value) values ('a.eth', '0x1')`);
});
afterEach(async () => {
  await Promise.all(logins.splice(0).map((sql) => sql.end()));
});
afterAll(async () => {
  await owner.unsafe('drop schema if exists hdb_catalog cascade');
  for (const role of roles) {
    const [found] = await owner`select from pg_roles where rolname = ${role}`;
    if (found) await owner`drop owned by ${owner(role)}`;
    if (found) await owner`drop role ${owner(role)}`;
  }
  await owner.end();
  await database.drop();
});

test('the role logs in with the password and does exactly what is declared', async () => {
  const role = newRole();
  expect(await apply(role)).toBe(role);
  const hasura = logIn(loginUrl(role));

  for (const table of ['users', 'teams', 'memberships', 'sessions', 'jwks', 'cache']) {
    expect(await refusal(hasura.unsafe(`select * from portcullis.${table}`)), table).toBe('allowed');
    expect(await refusal(hasura.unsafe(`insert into portcullis.${table} default values`)), table).toBe(
      '42501',
    );
    expect(await refusal(hasura.unsafe(`delete from portcullis.${table}`)), table).toBe('42501');
    expect(await refusal(hasura.unsafe(`truncate portcullis.${table} cascade`)), table).toBe('42501');
  }
  const columns = await owner<{ column: string; table: string }[]>`
    select table_name as table, column_name as column from information_schema.columns where table_schema = 'portcullis'`;
  const updatable: string[] = [];
  for (const { table, column } of columns) {
    const outcome = await refusal(
      hasura.begin(async (tx) => {
        await tx.unsafe(`update portcullis.${table} set ${column} = ${column}`);
      }),
    );
    expect(['allowed', '42501']).toContain(outcome);
    if (outcome === 'allowed') updatable.push(`${table}.${column}`);
  }
  expect(updatable.sort()).toEqual(['jwks.expires_at', 'projects.name', 'teams.name', 'users.name']);
});

test('the role reads column by column: one that a migration adds it cannot read', async () => {
  const role = newRole();
  await apply(role);
  await owner`alter table portcullis.users add column secret text`;
  try {
    const hasura = logIn(loginUrl(role));
    expect(await refusal(hasura`select secret from portcullis.users`)).toBe('42501');
    expect(await refusal(hasura`select * from portcullis.users`)).toBe('42501');
    expect(await refusal(hasura`select id, name, disabled_at from portcullis.users`)).toBe('allowed');
    expect(await refusal(hasura`select count(*) from portcullis.users`)).toBe('allowed');
    expect(await refusal(hasura`update portcullis.users set name = 'A' returning id, name`)).toBe('allowed');
    expect(await refusal(hasura`update portcullis.users set name = 'A' returning *`)).toBe('42501');
  } finally {
    await owner`alter table portcullis.users drop column secret`;
  }
});

test('a second run takes back a grant on a whole table, which every later column would have', async () => {
  const role = newRole();
  await apply(role);
  await owner`grant select on all tables in schema portcullis to ${owner(role)}`;
  await apply(role);
  const tables = await owner`
    select relname from pg_class where relnamespace = 'portcullis'::regnamespace and relkind = 'r'
      and has_table_privilege(${role}, oid, 'select')`;
  expect([...tables]).toEqual([]);
});

test('a declared column that is not there yet is missing like a table', async () => {
  await owner`alter table portcullis.cache rename column value to worth`;
  try {
    await expect(apply(newRole())).rejects.toThrow('Run npm run db:migrate first.');
  } finally {
    await owner`alter table portcullis.cache rename column worth to value`;
  }
});

test('the role’s statements, waits for locks and silent transactions are bounded', async () => {
  const role = newRole();
  await apply(role);
  const settings = async () => {
    const [row] = await logIn(loginUrl(role))`
      select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock,
        current_setting('idle_in_transaction_session_timeout') as idle`;
    return row;
  };
  expect(await settings()).toEqual({ statement: '30s', lock: '10s', idle: '1min' });
  const name = new URL(database.url).pathname.slice(1);
  await owner.unsafe(
    `alter role "${role.replaceAll('"', '""')}" in database ${name} set statement_timeout = '5min'`,
  );
  await apply(role);
  expect(await settings()).toEqual({ statement: '5min', lock: '10s', idle: '1min' });
});

test('an update through the role still moves updated_at', async () => {
  const role = newRole();
  await apply(role);
  const hasura = logIn(loginUrl(role));
  const [row] = await hasura<{ moved: boolean }[]>`
    update portcullis.users set name = 'Ada L.' returning updated_at > created_at as moved`;
  expect(row).toEqual({ moved: true });
});

test('the role sees nothing of the private, migration and job schemas', async () => {
  const role = newRole();
  await apply(role);
  const hasura = logIn(loginUrl(role));
  for (const table of ['passwords', 'private_jwks', 'refresh_tokens', 'rate_limits']) {
    expect(await refusal(hasura.unsafe(`select * from portcullis_private.${table}`)), table).toBe('42501');
  }
  expect(await refusal(hasura.unsafe('select * from portcullis_migrations.applied'))).toBe('42501');
  for (const table of ['migrations', 'jobs', '_private_jobs', '_private_tasks'])
    expect(await refusal(hasura.unsafe(`select * from portcullis_jobs.${table}`)), table).toBe('42501');
  expect(await refusal(hasura.unsafe(`select portcullis_jobs.add_job('mail')`))).toBe('42501');
  expect(await refusal(hasura.unsafe('create table portcullis.mine ()'))).toBe('42501');
});

test('the role owns hdb_catalog, finds pgcrypto, and can make tables in the one with the other', async () => {
  const role = newRole();
  await apply(role);
  const hasura = logIn(loginUrl(role));
  await hasura.unsafe('create extension if not exists pgcrypto');
  await hasura.unsafe(
    'create table hdb_catalog.event_log (id uuid default gen_random_uuid()); drop table hdb_catalog.event_log',
  );
});

test('a second run renews the password and takes back what is no longer declared', async () => {
  const role = newRole();
  await apply(role, 'first password');
  await owner`grant insert, delete, update on portcullis.users to ${owner(role)}`;
  await owner`grant usage on schema portcullis_private to ${owner(role)}`;
  await owner`grant select on portcullis_private.passwords to ${owner(role)}`;
  await owner`grant usage on schema portcullis_jobs to ${owner(role)}`;
  await owner`grant select, insert on portcullis_jobs._private_jobs to ${owner(role)}`;
  await apply(role, 'second password');
  expect(await refusal(logIn(loginUrl(role, 'second password'))`delete from portcullis.users`)).toBe('42501');
  expect(
    await refusal(logIn(loginUrl(role, 'second password'))`select from portcullis_private.passwords`),
  ).toBe('42501');
  expect(
    await refusal(logIn(loginUrl(role, 'second password'))`select from portcullis_jobs._private_jobs`),
  ).toBe('42501');
  const [{ verifier } = { verifier: '' }] = await owner<{ verifier: string }[]>`
    select rolpassword as verifier from pg_authid where rolname = ${role}`;
  expect(matches(verifier, 'second password')).toBe(true);
  expect(matches(verifier, 'first password')).toBe(false);
});

function matches(verifier: string, password: string): boolean {
  const [, iterations, salt, storedKey] = /^SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):/.exec(verifier) ?? [];
  const salted = pbkdf2Sync(password, Buffer.from(salt ?? '', 'base64'), Number(iterations), 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  return createHash('sha256').update(clientKey).digest('base64') === storedKey;
}

test('the password never reaches Postgres, and the verifier is a known one', async () => {
  // RFC 7677's example exchange: user "user", password "pencil".
  expect(scramVerifier('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'))).toBe(
    'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
  );
  expect(() => scramVerifier('pässword')).toThrow('printable ASCII');
  expect(() => scramVerifier('')).toThrow('printable ASCII');
});

test('before the migrations nothing is made, and the message says what to run', async () => {
  const empty = await createEmptyDatabase();
  const role = newRole();
  const hasuraUrl = new URL(loginUrl(role));
  hasuraUrl.pathname = new URL(empty.url).pathname;
  await expect(applyHasuraLogin({ ownerUrl: empty.url, hasuraUrl: hasuraUrl.href })).rejects.toThrow(
    'Run npm run db:migrate first.',
  );
  expect(await owner`select 1 from pg_roles where rolname = ${role}`).toEqual([]);
  await empty.drop();
});

test('the owner is refused as Hasura role, and so is a role that may do more than log in', async () => {
  await expect(applyHasuraLogin({ ownerUrl: database.url, hasuraUrl: database.url })).rejects.toThrow(
    'a role of its own',
  );
  const strong = newRole();
  await owner`create role ${owner(strong)} createrole`;
  await expect(apply(strong)).rejects.toThrow('may do more than log in');
  await expect(apply(newRole(), '')).rejects.toThrow('has no password');
});

test('rights from somewhere else are named, and nothing is changed then', async () => {
  const [role, group] = [newRole(), newRole('group')];
  await owner`create role ${owner(role)}`;
  await owner`create role ${owner(group)}`;
  await owner`grant usage on schema portcullis_private to ${owner(group)}`;
  await owner`grant ${owner(group)} to ${owner(role)}`;
  await expect(apply(role)).rejects.toThrow('usage of portcullis_private');
  const [found] = await owner`select rolcanlogin from pg_roles where rolname = ${role}`;
  expect(found).toEqual({ rolcanlogin: false });
});

test.each([
  ['select on users', 'grant select on portcullis.users to'],
  ['read of users.secret', 'grant select (secret) on portcullis.users to'],
])('a right to read that everybody has is named: %s', async (subject, grant) => {
  await owner`alter table portcullis.users add column secret text`;
  try {
    await owner.unsafe(`${grant} public`);
    await expect(apply(newRole())).rejects.toThrow(subject);
  } finally {
    await owner`revoke all on portcullis.users from public`;
    await owner`alter table portcullis.users drop column secret`;
  }
});

test('an owner who is no superuser but may create roles can do it as well, twice', async () => {
  const [plain, role] = [newRole('plain'), newRole()];
  const other = await createTestDatabase();
  const admin = postgres(other.url, { max: 1, onnotice: () => {} });
  try {
    const url = new URL(other.url);
    await admin.unsafe(`create role "${plain}" login createrole password 'plain'`);
    await admin.unsafe(`alter database "${url.pathname.slice(1)}" owner to "${plain}"`);
    await admin.unsafe(`do $$ declare r record; begin
      for r in select oid::regnamespace as name from pg_namespace where nspname like 'portcullis%' loop
        execute format('alter schema %s owner to "${plain}"', r.name); end loop;
      for r in select oid::regclass as name from pg_class where relkind in ('r', 'v') and relnamespace::regnamespace::text like 'portcullis%' loop
        execute format('alter table %s owner to "${plain}"', r.name); end loop; end $$`);
    const [ownerUrl, hasuraUrl] = [plain, role].map((name) => {
      const login = new URL(other.url);
      login.username = encodeURIComponent(name);
      login.password = 'plain';
      return login.href;
    }) as [string, string];
    expect(await applyHasuraLogin({ ownerUrl, hasuraUrl })).toBe(role);
    expect(await applyHasuraLogin({ ownerUrl, hasuraUrl })).toBe(role);
    expect(await refusal(logIn(hasuraUrl)`select * from portcullis.users`)).toBe('allowed');
    expect(await refusal(logIn(hasuraUrl)`select * from portcullis_private.passwords`)).toBe('42501');
    const [able] = await admin`select pg_has_role(${plain}, ${role}, 'usage') as able`;
    expect(able).toEqual({ able: false });
  } finally {
    await Promise.all(logins.splice(0).map((sql) => sql.end()));
    await admin.end();
    await other.drop();
  }
});
