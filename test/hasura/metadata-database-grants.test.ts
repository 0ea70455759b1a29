import { afterEach, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { openLogins, refusal } from './database-logins.ts';

// The rights of the engine's database role.

const logins = forFile(() => openLogins());
afterEach(() => logins.logOut());

test('the role logs in, reads the declared tables and updates only the declared columns', async () => {
  const { owner, newRole, apply, logIn, loginUrl } = logins;
  const role = newRole();
  expect(await apply(role)).toMatchObject({ role, otherReads: [] });
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

test('the role cannot read a column that a later migration adds', async () => {
  const { owner, newRole, apply, logIn, loginUrl } = logins;
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

test('a second hasura:role keeps a read right that an operator granted, and reports it', async () => {
  const { owner, newRole, apply } = logins;
  const role = newRole();
  await owner`alter table portcullis.users add column secret text`;
  try {
    await apply(role);
    await owner`grant select (secret) on portcullis.users to ${owner(role)}`;
    expect(await apply(role)).toMatchObject({ otherReads: ['users.secret'] });
    const [kept] =
      await owner`select has_column_privilege(${role}, 'portcullis.users', 'secret', 'select') as kept`;
    expect(kept).toEqual({ kept: true });
  } finally {
    await owner`alter table portcullis.users drop column secret`;
  }
});

test('a second hasura:role revokes what it gave before and what is no longer declared', async () => {
  const { owner, newRole, apply, logIn, loginUrl } = logins;
  const role = newRole();
  await owner`alter table portcullis.users add column former text`;
  try {
    await apply(role);
    await owner`select portcullis_private.give_hasura(${role}, 'update', 'users', array['former'])`;
    await apply(role);
    expect(await refusal(logIn(loginUrl(role))`update portcullis.users set former = 'x'`)).toBe('42501');
    expect(await owner`select from portcullis_private.hasura_grants where "column" = 'former'`).toEqual([]);
  } finally {
    await owner`alter table portcullis.users drop column former`;
  }
});

test('the role can reference users and teams by their ids, and only these', async () => {
  const { newRole, apply, logIn, loginUrl } = logins;
  const role = newRole();
  expect(await apply(role, undefined, 'application')).toMatchObject({ references: true });
  const hasura = logIn(loginUrl(role));
  const referring = (table: string, column: string, type = 'uuid') =>
    refusal(
      hasura.begin(async (tx) => {
        await tx.unsafe(
          `create table application.refers (r ${type} references portcullis.${table} (${column}))`,
        );
        await tx.unsafe('drop table application.refers');
      }),
    );
  expect(await referring('users', 'id')).toBe('allowed');
  expect(await referring('teams', 'id')).toBe('allowed');
  expect(await referring('users', 'email', 'text')).toBe('42501');
  expect(await referring('sessions', 'id')).toBe('42501');
  await hasura`drop schema application`;
});

test('hasura:role asks for the migrations when a declared column is missing', async () => {
  const { owner, newRole, apply } = logins;
  await owner`alter table portcullis.cache rename column value to worth`;
  try {
    await expect(apply(newRole())).rejects.toThrow('Run npm run db:migrate first.');
  } finally {
    await owner`alter table portcullis.cache rename column worth to value`;
  }
});

test('the role has timeouts for statements, locks and idle transactions, and keeps those of the operator', async () => {
  const { database, owner, newRole, apply, logIn, loginUrl } = logins;
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

test('an update by the role sets updated_at', async () => {
  const { newRole, apply, logIn, loginUrl } = logins;
  const role = newRole();
  await apply(role);
  const hasura = logIn(loginUrl(role));
  const [row] = await hasura<{ moved: boolean }[]>`
    update portcullis.users set name = 'Ada L.' returning updated_at > created_at as moved`;
  expect(row).toEqual({ moved: true });
});

test('the role cannot read the private, migration and job schemas or create tables in portcullis', async () => {
  const { newRole, apply, logIn, loginUrl } = logins;
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

test('the role finds pgcrypto and creates tables in hdb_catalog', async () => {
  const { newRole, apply, logIn, loginUrl } = logins;
  const role = newRole();
  await apply(role);
  const hasura = logIn(loginUrl(role));
  await hasura.unsafe('create extension if not exists pgcrypto');
  await hasura.unsafe(
    'create table hdb_catalog.event_log (id uuid default gen_random_uuid()); drop table hdb_catalog.event_log',
  );
});
