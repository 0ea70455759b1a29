import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sha256 } from '../../src/crypto/secrets.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  bearer,
  LOGIN,
  logIn,
  type SignedInAnswer,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts';
import {
  ACCEPT_INVITE,
  CHANGE_ROLE,
  CREATE_PROJECT,
  CREATE_TEAM,
  DECLINE_INVITE,
  DELETE_TEAM,
  foundTeam,
  INVITE,
  invite,
  LEAVE_TEAM,
  outcomeOf,
  REMOVE_MEMBER,
  RENAME_TEAM,
  REVOKE_INVITE,
  type Someone,
  SWITCH_TEAM,
  tally,
} from '../teams/people.ts';
import {
  CHANGE_EMAIL,
  CHANGE_PASSWORD,
  CONFIRM_EMAIL,
  DELETE_ACCOUNT,
  DISABLE,
  ENABLE,
  RESET,
  UPDATE_PROFILE,
  VERIFY,
} from './accounts.ts';

// Concurrent operations on the same few people never deadlock.

const LOGOUT = 'mutation ($scope: LogoutScope!) { logout(input: { scope: $scope }) { sessionsEnded } }';
const REFRESH =
  'mutation ($refreshToken: String!) { refresh(input: { refreshToken: $refreshToken }) { refreshToken } }';

const TABLES = [
  ...['portcullis.users', 'portcullis.teams', 'portcullis.memberships', 'portcullis.sessions'],
  ...['portcullis.invites', 'portcullis_private.passwords', 'portcullis_private.refresh_tokens'],
  'portcullis_private.one_time_tokens',
];

let database: TestDatabase;
let gateway: TestGateway;
let replica: TestGateway;
let sql: postgres.Sql;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = postgres(database.url, { max: 2, onnotice: () => {} });
  await sql.unsafe(`
    alter database ${new URL(database.url).pathname.slice(1)} set deadlock_timeout = '20ms';
    create function linger() returns trigger language plpgsql as
      'begin perform pg_sleep(random() * 0.008); return coalesce(new, old); end';`);
  // Each change of a row takes a few milliseconds, so that transactions interleave.
  for (const table of TABLES)
    await sql.unsafe(
      `create trigger linger before update or delete on ${table} for each row execute function linger()`,
    );
  const pool = { DATABASE_URL: database.url, DATABASE_POOL_SIZE: '60' };
  const env = { ...pool, DATABASE_STATEMENT_TIMEOUT_MS: '300000', RATE_LIMITS: 'off' };
  gateway = await startGateway({ env });
  replica = await startGateway({ replicaOf: gateway });
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

/** Stores a token as the gateway does when it mails one. */
async function plantToken(person: Someone, purpose: string): Promise<string> {
  const token = `pot_${randomBytes(32).toString('base64url')}`;
  await sql`insert into portcullis_private.one_time_tokens (token_hash, user_id, purpose, email, expires_at)
    values (${sha256(token)}, ${person.id}, ${purpose}, ${person.email}, now() + interval '1 hour')
    on conflict (user_id, purpose) do update set token_hash = excluded.token_hash, expires_at = excluded.expires_at`;
  return token;
}

type Operation = () => Promise<unknown>;

/** The operations that a person can make, and those that others can make on the person. */
async function operationsOf(
  person: Someone,
  { teamId, others, session }: { teamId: string; others: Someone[]; session: SignedInAnswer },
): Promise<Operation[]> {
  const [verifying, resetting, changing] = await Promise.all(
    ['verify_email', 'reset_password', 'change_email'].map((purpose) => plantToken(person, purpose)),
  );
  const headers = bearer(person.token);
  const run = (document: string, input: object) => () => person.run(document, { input });
  const elsewhere = (document: string, input: object) => () => replica.graphql(document, { input }, headers);
  const operator = { 'x-hasura-gateway-secret': gateway.secret, 'x-hasura-role': 'admin' };
  const asOperator = (document: string) => () =>
    replica.graphql(document, { input: { userId: person.id } }, operator);
  const { email, password: currentPassword } = person;
  const newEmail = `new-${email}`;
  return [
    elsewhere(DELETE_ACCOUNT, { currentPassword }),
    run(CHANGE_PASSWORD, { currentPassword, newPassword: 'another passphrase' }),
    elsewhere(CHANGE_EMAIL, { currentPassword, newEmail }),
    run(CONFIRM_EMAIL, { token: changing }),
    run(RESET, { token: resetting, newPassword: 'a new passphrase' }),
    elsewhere(VERIFY, { token: verifying }),
    asOperator(DISABLE),
    asOperator(ENABLE),
    run(UPDATE_PROFILE, { name: 'Grace' }),
    run(LOGIN, { email, password: currentPassword }),
    elsewhere(LOGIN, { email, password: currentPassword }),
    () => gateway.graphql(REFRESH, { refreshToken: session.refreshToken }),
    () => replica.graphql(REFRESH, { refreshToken: session.refreshToken }),
    ...['LOCAL', 'GLOBAL', 'OTHERS'].map((scope) => () => replica.graphql(LOGOUT, { scope }, headers)),
    () => gateway.graphql(LOGOUT, { scope: 'LOCAL' }, bearer(session.accessToken)),
    run(CREATE_TEAM, { name: 'Another' }),
    run(SWITCH_TEAM, { teamId }),
    elsewhere(LEAVE_TEAM, { teamId }),
    run(RENAME_TEAM, { teamId, name: 'Renamed' }),
    elsewhere(CREATE_PROJECT, { teamId, name: 'Mine' }),
    run(INVITE, { teamId, emails: [`a${email}`, `b${email}`], role: 'MEMBER' }),
    ...others.flatMap(({ id: userId }) => [
      elsewhere(REMOVE_MEMBER, { teamId, userId }),
      run(CHANGE_ROLE, { teamId, userId, role: 'OWNER' }),
    ]),
  ];
}

/** Founds a team whose members have sessions, invites a guest, and returns all operations on them. */
async function gather(): Promise<Operation[]> {
  const { teamId, people } = await foundTeam(gateway, 'OWNER', 'ADMIN');
  const guest = (await foundTeam(gateway)).people[0];
  const [invited] = await invite(people[0], { teamId, emails: [guest.email], role: 'MEMBER' });
  const input = { inviteId: invited?.id };
  const everyone = [...people, guest];
  const sessions = await Promise.all(everyone.map((person) => logIn(gateway, person)));
  await sql`update portcullis.sessions set active_team_id = ${teamId}
    where user_id = any(${people.map(({ id }) => id)})`;
  const operations = await Promise.all(
    everyone.map((person, index) =>
      operationsOf(person, {
        teamId,
        others: people.filter((other) => other !== person),
        session: sessions[index] as SignedInAnswer,
      }),
    ),
  );
  return [
    ...operations.flat(),
    () => guest.run(ACCEPT_INVITE, { input }),
    () => replica.graphql(DECLINE_INVITE, { input }, bearer(guest.token)),
    () => people[0].run(REVOKE_INVITE, { input }),
    () => people[1].run(DELETE_TEAM, { input: { teamId } }),
    () => gateway.post('/hasura/cron/prune', {}, { 'x-hasura-gateway-secret': gateway.secret }),
    () => replica.post('/hasura/cron/prune', {}, { 'x-hasura-gateway-secret': gateway.secret }),
  ];
}

const shuffled = <Item>(items: readonly Item[]): Item[] =>
  items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);

/** How many connections of the gateways wait for a lock. */
const countWaiting = async () =>
  (
    await sql`select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and application_name = 'portcullis'`
  ).length;
const expectWaiting = (count: number) => expect.poll(countWaiting, { interval: 10 }).toBe(count);

/** Runs operations in random order. All of them wait for their first lock, and get it at the same moment. */
async function runAtOnce(operations: readonly Operation[]): Promise<string[]> {
  let pending = operations.length;
  let outcomes: Promise<string[]> | undefined;
  await sql.begin(async (tx) => {
    await tx.unsafe(`lock table ${TABLES.join(', ')} in exclusive mode`);
    outcomes = Promise.all(
      shuffled(operations).map((operation) =>
        outcomeOf(operation()).finally(() => {
          pending -= 1;
        }),
      ),
    );
    await expect.poll(async () => (await countWaiting()) >= pending, { interval: 20 }).toBe(true);
  });
  return (await outcomes) ?? [];
}

test('deleting an account during its password change succeeds, and the change answers invalid_credentials', async () => {
  const { teamId, people } = await foundTeam(gateway);
  const [person] = people;
  await person.run(SWITCH_TEAM, { input: { teamId } });
  const currentPassword = person.password;
  let outcomes: Promise<string>[] = [];
  await sql.begin(async (tx) => {
    await tx`select from portcullis.sessions where user_id = ${person.id} for update`;
    outcomes = [outcomeOf(person.run(DELETE_ACCOUNT, { input: { currentPassword } }))];
    await expectWaiting(1);
    const input = { currentPassword, newPassword: 'another passphrase' };
    outcomes.push(outcomeOf(replica.graphql(CHANGE_PASSWORD, { input }, bearer(person.token))));
    await expectWaiting(2);
  });
  expect(await Promise.all(outcomes)).toEqual(['done', 'invalid_credentials']);
});

test('a team that a user founds during the deletion of their account is deleted too', async () => {
  const { people } = await foundTeam(gateway);
  const [person] = people;
  const GATE = 4711;
  await sql.unsafe(`
    create function wait_at_gate() returns trigger language plpgsql as
      'begin perform pg_advisory_xact_lock_shared(${GATE}); return new; end';
    create trigger wait_at_gate before insert on portcullis.security_events for each row
      when (new.action = 'team_created') execute function wait_at_gate()`);
  let outcomes: Promise<string>[] = [];
  await sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(${GATE})`;
    outcomes = [outcomeOf(person.run(CREATE_TEAM, { input: { name: 'The last one' } }))];
    await expectWaiting(1);
    const input = { currentPassword: person.password };
    outcomes.push(outcomeOf(replica.graphql(DELETE_ACCOUNT, { input }, bearer(person.token))));
    await expectWaiting(2);
  });
  expect(await Promise.all(outcomes)).toEqual(['done', 'done']);
  expect(await sql`select name from portcullis.teams where name = 'The last one'`).toEqual([]);
  await sql`drop trigger wait_at_gate on portcullis.security_events`;
});

test('concurrent account and team operations on the same users never deadlock or answer internal_error', async () => {
  const outcomes: string[] = [];
  for (let round = 0; round < 3; round++) {
    outcomes.push(...(await runAtOnce(await gather())));
  }
  const codes = tally(outcomes);
  expect(codes.done).toBeGreaterThan(30);
  expect(codes).not.toHaveProperty('internal_error');
  expect(codes).not.toHaveProperty('unavailable');
  // Postgres adds up what a connection counted when the connection ends.
  await replica.close();
  await gateway.close();
  const [counted] = await sql`select deadlocks::int from pg_stat_database where datname = current_database()`;
  expect(counted).toEqual({ deadlocks: 0 });
});
