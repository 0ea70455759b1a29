import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Database, openDatabase, type Queryable } from '../../src/db/client.ts';
import { toAuthError } from '../../src/request/public-error.ts';
import { CHANGE_PASSWORD, FORGOT, passSpacing, RESEND, UPDATE_PROFILE } from '../accounts/accounts.ts';
import { createEmptyDatabase, type TestDatabase } from '../support/database.ts';
import {
  bearer,
  LOGIN,
  logIn,
  newPerson,
  type Person,
  SIGNUP,
  type SignedInAnswer,
  signUp,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts';
import { CREATE_TEAM, INVITE, LEAVE_TEAM, SWITCH_TEAM } from '../teams/people.ts';

// The gateway repeats work that Postgres rolled back because of other transactions.

/** Counts every write, and fails those with a number in `failing`. A sequence is never rolled back. */
const COUNT_WRITES = `
  create sequence public.writes;
  create table public.failing (number int, state text);
  create function public.count_write() returns trigger language plpgsql as $$
    declare
      this int := nextval('public.writes');
      failure record;
    begin
      select * into failure from public.failing where number = this;
      if found then raise exception using errcode = failure.state, message = 'lost to others'; end if;
      return null;
    end $$;`;

describe('work that Postgres rolled back', () => {
  let database: TestDatabase;
  let admin: postgres.Sql;
  let pool: { db: Database; close(): Promise<void> };
  beforeAll(async () => {
    database = await createEmptyDatabase();
    admin = postgres(database.url, { max: 1, onnotice: () => {} });
    pool = openDatabase({ url: database.url, poolSize: 4, statementTimeoutMs: 20_000 });
    await admin.unsafe(`${COUNT_WRITES}
      create table public.notes (id int primary key, text text not null default '');
      create trigger count_write before insert or update on public.notes for each statement execute function public.count_write()`);
  });
  afterAll(async () => {
    await pool.close();
    await admin.end();
    await database.drop();
  });
  beforeEach(async () => {
    await admin`truncate notes, failing`;
    await admin`select setval('writes', 1, false)`;
  });

  const fail = (state: string, times: number) =>
    admin`insert into public.failing select number, ${state} from generate_series(1, ${times}::int) number`;
  const countWrites = async () => Number((await admin`select last_value from writes`)[0]?.last_value);
  const notes = async () =>
    (await admin`select id from public.notes order by id`).map(({ id }) => id as number);
  const write = (db: Queryable) => db.execute(sql`insert into public.notes values (${1}) returning id`);

  test.each<[string, (db: Database) => Promise<unknown>]>([
    ['a statement', (db) => write(db)],
    ['a template', (db) => db.$client`insert into public.notes values (${1}) returning id`],
    ['a transaction', (db) => db.transaction((tx) => write(tx))],
  ])('is repeated: %s', async (_what, work) => {
    for (const state of ['40001', '40P01']) {
      await admin`truncate notes, failing`;
      await admin`select setval('writes', 1, false)`;
      await fail(state, 3);
      expect(await work(pool.db)).toMatchObject([{ id: 1 }]);
      expect([await notes(), await countWrites()]).toEqual([[1], 4]);
    }
  });

  test.each<[string, (db: Database) => Promise<unknown>]>([
    ['a statement', (db) => write(db)],
    ['a transaction', (db) => db.transaction((tx) => write(tx))],
  ])('answers unavailable after three repetitions: %s', async (_what, work) => {
    await fail('40001', 1000);
    const failure = await work(pool.db).catch((error: unknown) => error);
    expect(toAuthError(failure)).toMatchObject({ code: 'unavailable', retryAfterSeconds: 5 });
    expect([await notes(), await countWrites()]).toEqual([[], 4]);
  });

  test.each(['40003', '23514', '57014', '55P03'])('is not repeated for %s', async (state) => {
    await fail(state, 1);
    await expect(write(pool.db)).rejects.toThrow();
    await fail(state, 2);
    await expect(pool.db.transaction((tx) => write(tx))).rejects.toThrow();
    expect([await notes(), await countWrites()]).toEqual([[], 2]);
  });

  test('by a real deadlock succeeds on both sides', async () => {
    await admin`insert into public.notes values (1), (2)`;
    const edit = (tx: Queryable, id: number) =>
      tx.execute(sql`update public.notes set text = text || 'x' where id = ${id}`);
    let inside = 0;
    const cross = (from: number, to: number) =>
      pool.db.transaction(async (tx) => {
        await edit(tx, from);
        inside += 1;
        // In the first round both hold a row before they lock the other row.
        while (inside < 2) await new Promise((resolve) => setTimeout(resolve, 5));
        await edit(tx, to);
      });
    await Promise.all([cross(1, 2), cross(2, 1)]);
    expect(inside).toBe(3);
    expect(await admin`select text from public.notes order by id`).toEqual([{ text: 'xx' }, { text: 'xx' }]);
  });

  test('by a real serialization failure succeeds on both sides', async () => {
    let inside = 0;
    const addOne = () =>
      pool.db.transaction(async (tx) => {
        await tx.execute(sql`set transaction isolation level serializable`);
        const [row] = await tx.execute<{ count: number }>(
          sql`select count(*)::int as count from public.notes`,
        );
        inside += 1;
        while (inside < 2) await new Promise((resolve) => setTimeout(resolve, 5));
        await tx.execute(sql`insert into public.notes values (${row?.count ?? 0})`);
      });
    await Promise.all([addOne(), addOne()]);
    expect([await notes(), inside]).toEqual([[0, 1], 3]);
  });
});

describe('a flow whose writes are rolled back once each', () => {
  let gateway: TestGateway;
  let person: Person;
  let signedIn: SignedInAnswer;
  beforeAll(async () => {
    gateway = await startGateway({ env: { RATE_LIMITS: 'on', LIMIT_SIGNUP_PER_ADDRESS: '10000/60' } });
    person = newPerson();
    signedIn = await signUp(gateway, person);
    await gateway.sql`update portcullis.users set email_verified_at = now()`;
    await gateway.sql.unsafe(COUNT_WRITES);
    const tables = await gateway.sql<{ name: string }[]>`
      select format('%I.%I', schemaname, tablename) as name from pg_tables
      where schemaname in ('portcullis', 'portcullis_private')`;
    for (const { name } of tables)
      await gateway.sql.unsafe(
        `create trigger count_write before insert or update or delete on ${name} for each statement execute function public.count_write()`,
      );
  });
  afterAll(() => gateway.close());

  const asPerson = (document: string, input: object) =>
    gateway.graphql<Record<string, never>>(document, { input }, bearer(signedIn.accessToken));
  const makeTeam = async () =>
    (
      (await asPerson(CREATE_TEAM, { name: 'Engines' })) as unknown as {
        createTeam: { team: { id: string } };
      }
    ).createTeam.team.id;

  test.each<[string, () => Promise<() => Promise<unknown>>]>([
    ['signup', async () => () => gateway.graphql(SIGNUP, { input: newPerson() })],
    [
      'login',
      async () => () => gateway.graphql(LOGIN, { input: { email: person.email, password: person.password } }),
    ],
    [
      'refresh',
      async () => {
        const { refreshToken } = await logIn(gateway, person);
        return () =>
          gateway.graphql(
            'mutation ($token: String!) { refresh(input: { refreshToken: $token }) { accessToken } }',
            {
              token: refreshToken,
            },
          );
      },
    ],
    [
      'logout',
      async () => {
        const other = await logIn(gateway, person);
        return () => gateway.graphql('mutation { logout { sessionsEnded } }', {}, bearer(other.accessToken));
      },
    ],
    ['forgotPassword', async () => () => gateway.graphql(FORGOT, { input: { email: person.email } })],
    [
      'resendEmailVerification',
      async () => {
        const unverified = await signUp(gateway);
        await passSpacing(gateway);
        return () => gateway.graphql(RESEND, { input: {} }, bearer(unverified.accessToken));
      },
    ],
    ['updateProfile', async () => () => asPerson(UPDATE_PROFILE, { name: `Ada ${Math.random()}` })],
    [
      'changePassword',
      async () => () =>
        asPerson(CHANGE_PASSWORD, { currentPassword: person.password, newPassword: person.password }),
    ],
    ['createTeam', async () => makeTeam],
    [
      'switchTeam',
      async () => {
        const teamId = await makeTeam();
        return () => asPerson(SWITCH_TEAM, { teamId });
      },
    ],
    [
      'inviteMembers',
      async () => {
        const teamId = await makeTeam();
        return () => asPerson(INVITE, { teamId, emails: [newPerson().email], role: 'MEMBER' });
      },
    ],
    [
      'leaveTeam',
      async () => {
        const teamId = await makeTeam();
        const other = await signUp(gateway);
        await gateway.sql`
          insert into portcullis.memberships (team_id, user_id, role) values (${teamId}, ${other.user.id}, 'OWNER')`;
        return () => asPerson(LEAVE_TEAM, { teamId });
      },
    ],
    [
      'prune',
      async () => async () => {
        const secret = { 'x-hasura-gateway-secret': gateway.secret };
        const { status } = await gateway.post('/hasura/cron/prune', undefined, secret);
        expect(status).toBe(200);
      },
    ],
  ])('succeeds: %s', async (_flow, prepare) => {
    let writes = 1;
    for (let nth = 1; nth <= writes; nth++) {
      const run = await prepare();
      await gateway.sql`truncate public.failing`;
      await gateway.sql`insert into public.failing values (${nth}, '40001')`;
      await gateway.sql`select setval('public.writes', 1, false)`;
      await run();
      const [{ last }] = (await gateway.sql`select last_value::int as last from public.writes`) as [
        { last: number },
      ];
      // Repeated writes count again, and the mail worker may write too.
      writes = Math.min(Math.max(writes, last), 14);
      await gateway.sql`truncate public.failing`;
    }
  });
});
