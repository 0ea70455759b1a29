import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import postgres from 'postgres';
import { afterEach, expect, test } from 'vitest';
import { databaseCastsSql } from '../../src/commands/hasura/metadata/database-casts.ts';
import { applyHasuraLogin } from '../../src/commands/hasura/metadata/database-login.ts';
import { scramVerifier } from '../../src/commands/hasura/metadata/scram.ts';
import { createEmptyDatabase, createTestDatabase } from '../support/database.ts';
import { forFile } from '../support/for-file.ts';
import { openLogins, refusal } from './database-logins.ts';

// How `hasura:role` creates and renews the engine's database role, and what it refuses.

const logins = forFile(() => openLogins());
afterEach(() => logins.logOut());

test('a second hasura:role renews the password', async () => {
  const { owner, newRole, apply } = logins;
  const role = newRole();
  await apply(role, 'first password');
  await apply(role, 'second password');
  const [{ verifier } = { verifier: '' }] = await owner<{ verifier: string }[]>`
    select rolpassword as verifier from pg_authid where rolname = ${role}`;
  expect(matches(verifier, 'second password')).toBe(true);
  expect(matches(verifier, 'first password')).toBe(false);
});

test.each([
  ['usage of portcullis_private', 'usage on schema portcullis_private'],
  ['usage of portcullis_jobs', 'usage on schema portcullis_jobs'],
  ['create in portcullis', 'create on schema portcullis'],
  ['trigger on sessions', 'trigger on portcullis.sessions'],
  ['delete on users', 'delete on portcullis.users'],
  ['insert on jwks', 'insert on portcullis.jwks'],
  ['update of users.email', 'update (email) on portcullis.users'],
  ['references of users.email', 'references (email) on portcullis.users'],
  ['references on invites', 'references on portcullis.invites'],
  ['membership of pg_execute_server_program', 'pg_execute_server_program'],
])('hasura:role refuses and keeps a right that an operator granted: %s', async (subject, right) => {
  const { owner, newRole, apply } = logins;
  const role = newRole();
  await apply(role);
  await owner.unsafe(`grant ${right} to "${role.replaceAll('"', '""')}"`);
  await expect(apply(role)).rejects.toThrow(`has rights that it must not have: ${subject}.`);
  await owner.unsafe(`revoke ${right} from "${role.replaceAll('"', '""')}"`);
  expect(await apply(role)).toMatchObject({ role });
});

function matches(verifier: string, password: string): boolean {
  const [, iterations, salt, storedKey] = /^SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):/.exec(verifier) ?? [];
  const salted = pbkdf2Sync(password, Buffer.from(salt ?? '', 'base64'), Number(iterations), 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  return createHash('sha256').update(clientKey).digest('base64') === storedKey;
}

test('scramVerifier returns the verifier of RFC 7677 and refuses passwords that are not printable ASCII', async () => {
  // RFC 7677's example exchange: user "user", password "pencil".
  expect(scramVerifier('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'))).toBe(
    'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
  );
  expect(() => scramVerifier('pässword')).toThrow('printable ASCII');
  expect(() => scramVerifier('')).toThrow('printable ASCII');
});

test('hasura:role creates no role before the migrations and names the command to run', async () => {
  const { owner, newRole, loginUrl } = logins;
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

test('hasura:role refuses the database owner, a role with more rights than login, and an empty password', async () => {
  const { database, owner, newRole, apply } = logins;
  await expect(applyHasuraLogin({ ownerUrl: database.url, hasuraUrl: database.url })).rejects.toThrow(
    'a role of its own',
  );
  const strong = newRole();
  await owner`create role ${owner(strong)} createrole`;
  await expect(apply(strong)).rejects.toThrow('may do more than log in');
  await expect(apply(newRole(), '')).rejects.toThrow('has no password');
});

test('hasura:role names rights that the role inherits from a group and leaves the role unchanged', async () => {
  const { owner, newRole, apply } = logins;
  const [role, group] = [newRole(), newRole('group')];
  await owner`create role ${owner(role)}`;
  await owner`create role ${owner(group)}`;
  await owner`grant usage on schema portcullis_private to ${owner(group)}`;
  await owner`grant ${owner(group)} to ${owner(role)}`;
  await expect(apply(role)).rejects.toThrow('usage of portcullis_private');
  const [found] = await owner`select rolcanlogin from pg_roles where rolname = ${role}`;
  expect(found).toEqual({ rolcanlogin: false });
});

test('hasura:role refuses a role that may become a role with more rights, though it does not inherit them', async () => {
  const { owner, newRole, apply } = logins;
  const [role, group] = [newRole(), newRole('group')];
  await apply(role);
  await owner`create role ${owner(group)} createrole`;
  await owner`alter role ${owner(role)} noinherit`;
  await owner`grant ${owner(group)} to ${owner(role)}`;
  await expect(apply(role)).rejects.toThrow(`must not have: membership of ${group}.`);
});

test('hasura:role tells an owner that may not create roles what to do', async () => {
  const { database, owner, newRole, loginUrl } = logins;
  const [plain, role] = [newRole('plain'), newRole()];
  await owner.unsafe(`create role "${plain}" login password 'plain'; grant usage on schema portcullis to "${plain}";
    grant select on all tables in schema portcullis to "${plain}"; grant usage on schema portcullis_private to "${plain}"`);
  const ownerUrl = loginUrl(plain, 'plain');
  await expect(applyHasuraLogin({ ownerUrl, hasuraUrl: loginUrl(role) })).rejects.toThrow(
    `The role ${plain} of DATABASE_URL may not create roles. Run this command with DATABASE_URL set`,
  );
  expect(await applyHasuraLogin({ ownerUrl: database.url, hasuraUrl: loginUrl(role) })).toMatchObject({
    references: true,
  });
});

test('an owner with CREATEROLE but without superuser can run hasura:role twice', async () => {
  const { newRole, logIn, logOut } = logins;
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
        execute format('alter table %s owner to "${plain}"', r.name); end loop;
      for r in select oid::regprocedure as name from pg_proc where pronamespace::regnamespace::text like 'portcullis%' loop
        execute format('alter function %s owner to "${plain}"', r.name); end loop; end $$`);
    const [ownerUrl, hasuraUrl] = [plain, role].map((name) => {
      const login = new URL(other.url);
      login.username = encodeURIComponent(name);
      login.password = 'plain';
      return login.href;
    }) as [string, string];
    // Only a superuser creates event triggers, without which references are not given.
    expect(await applyHasuraLogin({ ownerUrl, hasuraUrl })).toMatchObject({ role, references: false });
    await admin.unsafe(databaseCastsSql());
    await admin.unsafe(databaseCastsSql());
    const { guard, ...applied } = await applyHasuraLogin({ ownerUrl, hasuraUrl });
    expect(applied).toMatchObject({ role, references: true });
    expect(await refusal(logIn(hasuraUrl)`select * from portcullis.users`)).toBe('allowed');
    expect(await refusal(logIn(hasuraUrl)`select * from portcullis_private.passwords`)).toBe('42501');
    for (const name of [role, guard]) {
      const [able] = await admin`select pg_has_role(${plain}, ${name}, 'usage') as able`;
      expect(able).toEqual({ able: false });
    }
  } finally {
    await logOut();
    await admin.end();
    await other.drop();
  }
});
