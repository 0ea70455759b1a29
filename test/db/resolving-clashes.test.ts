import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hash } from 'argon2';
import postgres from 'postgres';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { applyMigrations } from '../../src/migrations/migrate.ts';
import type { TestDatabase } from '../support/database.ts';
import { bearer, logIn, ME, startGateway, type TestGateway } from '../support/gateway.ts';
import { createFormerDatabase } from './former-database.ts';

// An operator resolves a clash of two addresses with the SQL that users:clashes prints.

const [CANONICAL, FORMER, MEMBER] = [1, 2, 3].map((n) => `018f0000-0000-7000-8000-00000000000${n}`) as [
  string,
  string,
  string,
];
const EMAILS = {
  [CANONICAL]: 'ada@xn--bcher-kva.example',
  [FORMER]: 'ada@bücher.example',
  [MEMBER]: 'bob@example.com',
};
const PASSWORD = 'correct horse';

let database: TestDatabase;
let sql: postgres.Sql;
let gateway: TestGateway;
beforeEach(async () => {
  database = await createFormerDatabase(2);
  sql = postgres(database.url, { max: 1, onnotice: () => {} });
  const hashed = await hash(PASSWORD, { memoryCost: 1024, timeCost: 1, parallelism: 1 });
  for (const [id, email] of Object.entries(EMAILS)) {
    await sql`insert into portcullis.users (id, email, name, email_verified_at) values (${id}, ${email}, 'Ada', now())`;
    await sql`insert into portcullis_private.passwords (user_id, hash) values (${id}, ${hashed})`;
  }
  await applyMigrations(database.url);
  gateway = await startGateway({
    env: { DATABASE_URL: database.url, DATA_DIR: join(tmpdir(), 'portcullis-clashes') },
  });
});
afterEach(async () => {
  await gateway.close();
  await sql.end({ timeout: 5 });
  await database.drop();
});

/** The SQL that the command prints for the operator. */
async function printed(): Promise<{ change: string; remove: string; makeOwner: string }> {
  const { stdout } = await promisify(execFile)('node', ['--import', 'tsx', 'src/commands/users-clashes.ts'], {
    env: {
      PATH: process.env.PATH ?? '',
      DATABASE_URL: database.url,
      DATA_DIR: join(tmpdir(), 'portcullis-clashes'),
    },
  });
  const [change = '', remove = ''] = stdout.match(/^ {2}begin;\n(?: {2}.*\n)*? {2}commit;$/gm) ?? [];
  const [makeOwner = ''] = stdout.match(/^ {2}update portcullis\.memberships .*$/m) ?? [];
  return { change, remove, makeOwner };
}
const runFor = async (statements: string, id: string) => {
  await sql.unsafe(statements.replaceAll('…', id)).catch(async (error: unknown) => {
    await sql`rollback`;
    throw error;
  });
};
const addTeam = async (name: string, members: Record<string, 'OWNER' | 'MEMBER'>) => {
  const [team] =
    await sql`insert into portcullis.teams (id, name) values (gen_random_uuid(), ${name}) returning id`;
  for (const [userId, role] of Object.entries(members))
    await sql`insert into portcullis.memberships (team_id, user_id, role) values (${team?.id}, ${userId}, ${role})`;
  return team?.id as string;
};
const expectResolved = async () => {
  await applyMigrations(database.url);
  const [check] = await sql`select convalidated from pg_constraint where conname = 'users_email_canonical'`;
  expect(check?.convalidated).toBe(true);
};

test('the SQL for a changed address removes proofs, sessions, mailed tokens and codes of the account', async () => {
  const { accessToken } = await logIn(gateway, { email: EMAILS[FORMER] ?? '', password: PASSWORD });
  await sql`insert into portcullis_private.one_time_tokens (token_hash, user_id, purpose, email, expires_at)
    values (sha256('a token'), ${FORMER}, 'change_email', 'x@example.com', now() + interval '1 day')`;
  const [identity] = await sql`insert into portcullis.identities (id, user_id, provider, subject)
    values (gen_random_uuid(), ${FORMER}, 'github', '1') returning id`;
  await sql`insert into portcullis_private.identity_profiles (identity_id, data, email_verified, proven_at)
    values (${identity?.id}, '{}', true, now())`;
  await sql`insert into portcullis_private.one_time_codes (id, user_id, purpose, target, expires_at)
    values (gen_random_uuid(), ${FORMER}, 'email_change_new', 'x@example.com', now() + interval '1 day')`;
  await sql`insert into portcullis_private.flow_states (id, redirect_to, user_id, expires_at)
    values (gen_random_uuid(), 'https://app.example.com', ${FORMER}, now() + interval '1 day')`;
  const proven = () =>
    sql`select from portcullis_private.passwords where user_id = ${FORMER} and proven_at is not null
      union all select from portcullis_private.identity_profiles where proven_at is not null`;
  expect(await proven()).toHaveLength(2);
  await runFor((await printed()).change, FORMER);
  expect(await proven()).toHaveLength(0);
  expect(await sql`select from portcullis.sessions where proven_at is not null`).toHaveLength(0);
  expect(await sql`select from portcullis_private.one_time_tokens`).toHaveLength(0);
  expect(await sql`select from portcullis_private.one_time_codes`).toHaveLength(0);
  expect(await sql`select from portcullis_private.flow_states`).toHaveLength(0);
  await expect(gateway.graphql(ME, {}, bearer(accessToken))).rejects.toThrow();
  const again = await logIn(gateway, { email: 'another@example.com', password: PASSWORD });
  expect(again.user).toMatchObject({ id: FORMER, emailVerified: false });
  await expectResolved();
});

test('the SQL for a deletion deletes only the teams in which the account is the sole member', async () => {
  await addTeam('Alone', { [FORMER]: 'OWNER' });
  await addTeam('Shared', { [FORMER]: 'OWNER', [MEMBER]: 'OWNER' });
  await addTeam('Of another', { [CANONICAL]: 'OWNER' });
  await runFor((await printed()).remove, FORMER);
  const teams = await sql`select name from portcullis.teams order by name`;
  expect(teams.map(({ name }) => name)).toEqual(['Of another', 'Shared']);
  await expectResolved();
});

test('the SQL for a deletion refuses the only owner until a member is made an owner', async () => {
  const teamId = await addTeam('Shared', { [FORMER]: 'OWNER', [MEMBER]: 'MEMBER' });
  const { remove, makeOwner } = await printed();
  await expect(runFor(remove, FORMER)).rejects.toThrow('A team needs an owner.');
  expect(await sql`select from portcullis.users where id = ${FORMER}`).toHaveLength(1);
  await sql.unsafe(makeOwner.replace('the team', teamId).replace('the member', MEMBER));
  await runFor(remove, FORMER);
  expect(await sql`select role from portcullis.memberships`).toEqual([{ role: 'OWNER' }]);
  await expectResolved();
});
