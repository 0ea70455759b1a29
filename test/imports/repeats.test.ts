import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { hash as bcrypt } from 'bcrypt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pruneSessions } from '../../src/sessions/sessions.ts';
import { bearer, LOGIN, logIn, startGateway, type TestGateway } from '../support/gateway.ts';
import { refresh, runImport, shortly, writeExport } from './exports.ts';

const PASSWORD = 'correct horse';
const names = ['ada', 'bruno', 'chidi', 'dora', 'emil'] as const;
type Name = (typeof names)[number];
const ids = Object.fromEntries(names.map((name) => [name, randomUUID()])) as Record<Name, string>;
const tokens = Object.fromEntries(names.map((name) => [name, randomUUID()])) as Record<Name, string>;
const rows = Object.fromEntries(names.map((name) => [name, randomUUID()])) as Record<Name, string>;
const emailOf = (name: Name) => `${name}@example.com`;
const hashText = (token: string) => `\\x${createHash('sha256').update(token).digest('hex')}`;
const AT = '2022-05-06T07:08:09+00:00';

const tokenRow = (name: Name, token: string) => ({
  ...{ id: rows[name], created_at: AT, expires_at: '2999-01-01T00:00:00+00:00', user_id: ids[name] },
  ...{ type: 'regular', refresh_token_hash: hashText(token) },
});

let gateway: TestGateway;
let files: string[];
beforeAll(async () => {
  gateway = await startGateway({ env: { HASURA_ROLES: 'editor' } });
  const password_hash = await bcrypt(PASSWORD, 4);
  const folder = await writeExport([
    {
      name: 'users.jsonl',
      lines: names.map((name) => ({
        ...{ id: ids[name], email: emailOf(name), display_name: name, password_hash },
        ...{ created_at: AT, email_verified: true, disabled: false, default_role: 'editor' },
      })),
    },
    { name: 'tokens.jsonl', lines: names.map((name) => tokenRow(name, tokens[name])) },
    { name: 'later.jsonl', lines: names.map((name) => tokenRow(name, `later-${tokens[name]}`)) },
  ]);
  files = ['users.jsonl', 'tokens.jsonl', 'later.jsonl'].map((name) => join(folder, name));
});
afterAll(() => gateway.close());

const runWith = (tokenFile: string | undefined, ...more: string[]) =>
  runImport(gateway, [
    ...[files[0] ?? '', '--from', 'hasura-auth', ...more],
    ...(tokenFile === undefined ? [] : ['--with', `refresh_tokens=${tokenFile}`]),
  ]);

/** Everything that an import could change. */
const everything = async () => [
  await gateway.sql`select * from portcullis.users order by id`,
  await gateway.sql`select * from portcullis_private.passwords order by user_id`,
  await gateway.sql`select * from portcullis.user_roles order by user_id, role`,
  await gateway.sql`select * from portcullis.sessions order by id`,
  await gateway.sql`select * from portcullis_private.refresh_tokens order by token_hash`,
  await gateway.sql`select * from portcullis.identities order by id`,
  await gateway.sql`select * from portcullis_private.imported order by kind, key`,
  await gateway.sql`select count(*) from portcullis.security_events where action = 'users_imported'`,
];

const remove = async (name: Name) => {
  const { accessToken } = await logIn(gateway, { email: emailOf(name), password: PASSWORD });
  await gateway.graphql(
    'mutation D($input: DeleteAccountInput!) { deleteAccount(input: $input) { ok } }',
    { input: { currentPassword: PASSWORD } },
    bearer(accessToken),
  );
};

test('a dry run reports what an import would do, and writes nothing', async () => {
  const before = await everything();
  const dry = await runWith(files[1], '--dry-run');
  expect(dry.summary).toMatchObject({ dryRun: true, imported: 5, roles: 5, sessions: 5, refused: 0 });
  expect(dry.code).toBe(0);
  expect(await everything()).toEqual(before);
});

test('a repeated import changes nothing', async () => {
  const first = await runWith(files[1]);
  expect(first.summary).toMatchObject({ imported: 5, roles: 5, sessions: 5, refused: 0 });
  const after = await everything();
  const second = await runWith(files[1]);
  expect(second.summary).toMatchObject({ imported: 0, unchanged: 10, roles: 0, sessions: 0, refused: 0 });
  expect(second.code).toBe(0);
  expect(await everything()).toEqual(after);
});

test('what happened here since stays: passwords, deletions, roles, spent, ended and pruned sessions', async () => {
  await remove('ada');
  await gateway.graphql(
    'mutation C($input: ChangePasswordInput!) { changePassword(input: $input) { ok } }',
    { input: { currentPassword: PASSWORD, newPassword: 'another horse' } },
    bearer((await logIn(gateway, { email: emailOf('bruno'), password: PASSWORD })).accessToken),
  );
  const spent = await refresh(gateway, tokens.chidi);
  await gateway.sql`delete from portcullis.user_roles where user_id = ${ids.chidi}`;
  await gateway.sql`update portcullis.sessions set revoked_at = now() - interval '30 days' where user_id = ${ids.dora}`;
  await pruneSessions(gateway.deps.db, 86_400);
  const before = await everything();

  const again = await runWith(files[1]);
  expect(shortly(again)).toEqual([
    'skipped users.jsonl 1 deleted_here',
    'refused tokens.jsonl 1 unknown_user',
  ]);
  expect(await everything()).toEqual(before);

  // A later export of the other system, in which every token is another one.
  const later = await runWith(files[2]);
  expect(shortly(later)).toEqual([
    'skipped users.jsonl 1 deleted_here',
    'refused later.jsonl 1 unknown_user',
    'skipped later.jsonl 2 changed_here',
    'skipped later.jsonl 3 spent_here',
    'skipped later.jsonl 4 spent_here',
  ]);
  for (const name of ['ada', 'bruno', 'chidi', 'dora'] as const)
    expect(await refresh(gateway, `later-${tokens[name]}`), name).toBeNull();
  for (const name of ['ada', 'bruno', 'dora'] as const)
    expect(await refresh(gateway, tokens[name])).toBeNull();
  expect(await refresh(gateway, spent?.refreshToken ?? '')).not.toBeNull();
  await logIn(gateway, { email: emailOf('bruno'), password: 'another horse' });
  expect(
    await gateway.failure(LOGIN, { input: { email: emailOf('ada'), password: PASSWORD } }),
  ).toMatchObject([{ extensions: { code: 'invalid_credentials' } }]);
});

test('a later export replaces the token of a session that is unused here', async () => {
  // The other system has exchanged it: the older one is spent.
  expect(await refresh(gateway, tokens.emil)).toBeNull();
  expect(await refresh(gateway, `later-${tokens.emil}`)).not.toBeNull();
  const [count] =
    await gateway.sql`select count(*)::int as n from portcullis.sessions where user_id = ${ids.emil}`;
  expect(count?.n).toBe(1);
});
