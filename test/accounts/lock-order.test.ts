import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { bearer, startGateway, type TestGateway } from '../support/gateway.ts';
import { CREATE_TEAM, foundTeam, outcomeOf, SWITCH_TEAM, tally } from '../teams/people.ts';
import { CHANGE_PASSWORD, DELETE_ACCOUNT } from './accounts.ts';
import { gather, type Operation } from './operations.ts';

// Concurrent operations on the same few people never deadlock.

const TABLES = [
  ...['portcullis.users', 'portcullis.teams', 'portcullis.memberships', 'portcullis.sessions'],
  ...['portcullis.invites', 'portcullis_private.passwords', 'portcullis_private.refresh_tokens'],
  ...['portcullis_private.one_time_tokens', 'portcullis_private.access_tokens'],
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
  const pool = { DATABASE_URL: database.url, DATABASE_POOL_SIZE: '66' };
  const env = { ...pool, DATABASE_STATEMENT_TIMEOUT_MS: '300000', RATE_LIMITS: 'off' };
  gateway = await startGateway({ env });
  replica = await startGateway({ replicaOf: gateway });
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

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
    outcomes.push(...(await runAtOnce(await gather({ gateway, replica, sql }))));
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
