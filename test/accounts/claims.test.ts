import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/config/read-config.ts';
import {
  bearer,
  LOGIN,
  logIn,
  ME,
  newPerson,
  type Person,
  SIGNUP,
  type SignedInAnswer,
  signUp,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts';
import { type Login, openLogin } from '../support/hasura/login.ts';
import { type Accounts, startAccounts, VERIFY } from './accounts.ts';

const REFRESH = /* GraphQL */ `
  mutation Refresh($input: RefreshInput) { refresh(input: $input) { accessToken refreshToken teamToken } }
`;
const SWITCH = /* GraphQL */ `
  mutation Switch($input: SwitchTeamInput!) { switchTeam(input: $input) { teamToken } }
`;
const PREVIEW = /* GraphQL */ `
  query Preview($userId: ID!, $teamId: ID) {
    previewClaims(userId: $userId, teamId: $teamId) { roles { role sources inToken } claims { name value source } }
  }
`;

const LIMITS = { LIMIT_SIGNUP_PER_ADDRESS: '1000/60', LIMIT_RENEWALS_PER_SESSION: '1000/60' };
let accounts: Accounts;
let plain: TestGateway;
/** Hasura's database role. Claims statements run with its rights. */
let hasura: Login;
/** A gateway whose claims come from the view `app.user_claims`. */
let gateway: TestGateway;

beforeAll(async () => {
  accounts = await startAccounts(LIMITS);
  plain = accounts.gateway;
  hasura = await openLogin(plain.databaseUrl);
  await plain.sql.unsafe(`
    create schema app;
    grant usage on schema app to ${hasura.role};
    alter default privileges in schema app grant select on tables to ${hasura.role};
    create table app.profiles (
      user_id uuid primary key references portcullis.users (id) on delete cascade,
      org_id bigint, plan text, tags text[]);
    create view app.user_claims as select user_id, org_id, plan, tags from app.profiles`);
  gateway = await withClaims('app.user_claims');
});
afterAll(async () => {
  await gateway.close();
  await hasura.close();
  await accounts.close();
});

const withClaims = (sql: string, env: Record<string, string> = {}): Promise<TestGateway> =>
  startGateway({ replicaOf: plain, env: { CLAIMS_SQL: sql, ...env } });

/** Runs work with a gateway that reads claims with a statement. */
async function reading<Result>(
  sql: string,
  work: (gateway: TestGateway) => Promise<Result>,
  env: Record<string, string> = {},
): Promise<Result> {
  const replica = await withClaims(sql, env);
  try {
    return await work(replica);
  } finally {
    await replica.close();
  }
}

type Tokens = Pick<SignedInAnswer, 'accessToken' | 'refreshToken' | 'teamToken'>;
type Member = Person & SignedInAnswer;

const join = async (at: TestGateway = plain): Promise<Member> => {
  const person = newPerson();
  return { ...person, ...(await signUp(at, person)) };
};
const describeUser = (userId: string, { orgId = 7, plan = 'free', tags = ['a'] } = {}) => plain.sql`
  insert into app.profiles values (${userId}, ${orgId}, ${plan}, ${tags})
  on conflict (user_id) do update set org_id = excluded.org_id, plan = excluded.plan, tags = excluded.tags`;

const refresh = async ({ refreshToken }: Pick<Tokens, 'refreshToken'>, at: TestGateway = gateway) =>
  (await at.graphql<{ refresh: Tokens }>(REFRESH, { input: { refreshToken } })).refresh;
const hasuraClaims = (token: string | null | undefined) =>
  decodeJwt(token ?? '')['https://hasura.io/jwt/claims'] as Record<string, unknown>;
const OWN = /^x-hasura-(?:allowed-roles|default-role|user-id|session-id|token-kind|team-id|team-role)$/;
/** The claims that are not the gateway's own. */
const claimsOf = (token: string | null | undefined) =>
  Object.fromEntries(Object.entries(hasuraClaims(token)).filter(([name]) => !OWN.test(name)));
const codesOf = async (failure: Promise<unknown>) =>
  ((await failure) as { extensions: { code: string } }[]).map(({ extensions }) => extensions.code);
const failing = (sql: string) =>
  withClaims(sql).then(
    async (started) => {
      await started.close();
      return expect.fail('The gateway started.');
    },
    (error: unknown) => {
      expect(error).toBeInstanceOf(ConfigError);
      return (error as ConfigError).problems.join();
    },
  );
const count = async (table: 'sessions' | 'users') =>
  (await plain.sql`select count(*)::int as n from portcullis.${plain.sql(table)}`)[0]?.n;

describe('the claims of CLAIMS_SQL', () => {
  const expected = { 'x-hasura-org-id': '7', 'x-hasura-plan': 'free', 'x-hasura-tags': '{a}' };

  test('are in the tokens of every sign-in, refresh and team switch', async () => {
    const ada = await join();
    await describeUser(ada.user.id);
    const teamId = String(hasuraClaims(ada.teamToken)['x-hasura-team-id']);
    const loggedIn = await logIn(gateway, ada);
    const refreshed = await refresh(loggedIn);
    const repeated = await refresh(loggedIn);
    const { switchTeam } = await gateway.graphql<{ switchTeam: { teamToken: string } }>(
      SWITCH,
      { input: { teamId } },
      bearer(loggedIn.accessToken),
    );
    const renewed = await fetch(`${gateway.url}/api/refresh`, { headers: bearer(loggedIn.accessToken) });
    const renewal = Object.values((await renewed.json()) as Record<string, string | null>).filter(
      (value) => value?.split('.').length === 3,
    );
    const portal = (await gateway.post('/api/v1/login', { email: ada.email, password: ada.password })).body;
    const tokens = [
      ...[loggedIn, refreshed, repeated].flatMap(({ accessToken, teamToken }) => [accessToken, teamToken]),
      ...[switchTeam.teamToken, (portal as { token: string }).token, ...renewal],
    ];
    expect(renewal.length).toBeGreaterThan(0);
    for (const token of tokens) {
      expect(claimsOf(token)).toEqual(expected);
      expect(await gateway.graphql(ME, {}, bearer(token ?? ''))).toMatchObject({ me: { id: ada.user.id } });
    }
    await describeUser(ada.user.id, { plan: 'pro' });
    expect(claimsOf((await refresh(refreshed)).accessToken)).toEqual({ ...expected, 'x-hasura-plan': 'pro' });
  });

  test('are in the tokens of a sign-up and of a mailed token', async () => {
    await reading("select name as who, 'x' as constant from portcullis.users where id = $1", async (at) => {
      const person = newPerson({ name: 'Ada Lovelace' });
      const signedUp = await signUp(at, person);
      expect(claimsOf(signedUp.accessToken)).toEqual({
        'x-hasura-who': 'Ada Lovelace',
        'x-hasura-constant': 'x',
      });
      const { token } = await accounts.mail(person.email, 'verify-email');
      const input = { token, password: person.password };
      const { verifyEmail } = await at.graphql<{ verifyEmail: Tokens }>(VERIFY, { input });
      expect(claimsOf(verifyEmail.teamToken)).toMatchObject({ 'x-hasura-who': 'Ada Lovelace' });
    });
  });

  test('are not in the tokens of a user without a row, nor is a column that is null', async () => {
    const ada = await join(gateway);
    expect(claimsOf(ada.accessToken)).toEqual({});
    await plain.sql`insert into app.profiles (user_id, plan) values (${ada.user.id}, '')`;
    expect(claimsOf((await refresh(ada)).accessToken)).toEqual({ 'x-hasura-plan': '' });
  });

  test('are the texts of Postgres: exact numbers, array literals, JSON', async () => {
    const statement = `
      select $1 as user_id, 9007199254740993 as big, 1.50::numeric as amount, true as yes, date '2026-02-03' as day,
        timestamptz '2026-02-03 04:05:06+02' as moment, '{"a": [1, "b"]}'::jsonb as document,
        array['plain', 'a,b', 'a"b', 'a\\b', '{}', '', 'null', null, 'é ü'] as words, array[1, 2] as numbers,
        array[]::text[] as empty, array[['a', 'b']] as nested, null::text[] as missing, 'x' as "X-Hasura-Org_Name",
        $1 as other_id -- the end`;
    const ada = await join();
    const { accessToken } = await reading(statement, (at) => logIn(at, ada));
    expect(claimsOf(accessToken)).toEqual({
      'x-hasura-big': '9007199254740993',
      'x-hasura-amount': '1.50',
      'x-hasura-yes': 'true',
      'x-hasura-day': '2026-02-03',
      'x-hasura-moment': '2026-02-03 02:05:06+00',
      'x-hasura-document': '{"a": [1, "b"]}',
      'x-hasura-words': '{plain,"a,b","a\\"b","a\\\\b","{}","","null",NULL,"é ü"}',
      'x-hasura-numbers': '{1,2}',
      'x-hasura-empty': '{}',
      'x-hasura-nested': '{{a,b}}',
      'x-hasura-org-name': 'x',
      'x-hasura-other-id': ada.user.id,
    });
  });

  test('never become SQL: what a user wrote stays a value', async () => {
    const ada = await join();
    const text = `'); drop table app.profiles; -- "} {" \\ $1 x-hasura-role: admin`;
    await describeUser(ada.user.id, { plan: text, tags: [text] });
    const { accessToken } = await logIn(gateway, ada);
    expect(claimsOf(accessToken)['x-hasura-plan']).toBe(text);
    const [row] = await plain.sql`
      select ${String(claimsOf(accessToken)['x-hasura-tags'])}::text[] = array[${text}] as same`;
    expect(row?.same).toBe(true);
    expect(hasuraClaims(accessToken)['x-hasura-allowed-roles']).toEqual(['user']);
  });
});

describe('the gateway does not start with', () => {
  test.each([
    ['a statement that does not parse', 'select frm where $1', 'CLAIMS_SQL: column "frm" does not exist'],
    ['a view that does not exist', 'app.nothing', 'CLAIMS_SQL: relation "app.nothing" does not exist'],
    ['a view without a schema', 'user_claims', "CLAIMS_SQL: must name the view's schema: public.user_claims"],
    [
      'a name without a schema',
      'select 1 as a from profiles where $1 is null',
      'CLAIMS_SQL: relation "profiles" does not exist',
    ],
    ['a statement that does not select by the user', 'select 1 as a', 'CLAIMS_SQL: must select by $1'],
    ['a second parameter', 'select $2::text as a where $1 is null', 'CLAIMS_SQL: there is no parameter $2'],
    [
      'several rows',
      'select g as a from generate_series(1, 3) g where $1 is not null',
      'CLAIMS_SQL: returned more than one row',
    ],
    [
      'two statements',
      'select 1 as a where $1 is null; drop table app.profiles',
      'CLAIMS_SQL: must be one statement without a semicolon',
    ],
    ['an insert', 'insert into app.profiles values ($1) returning plan', 'CLAIMS_SQL: must be a select'],
    [
      'an insert inside a select',
      'with i as (insert into app.profiles values ($1) returning plan) select plan from i',
      'CLAIMS_SQL: WITH clause containing a data-modifying statement must be at the top level',
    ],
    ['no column', 'select $1 as user_id', 'CLAIMS_SQL: has no column besides user_id'],
    [
      'a column without a name',
      'select 1 where $1 is null',
      'CLAIMS_SQL: the column "?column?" does not name a claim',
    ],
    [
      'two columns of one name',
      'select 1 as org, 2 as org where $1 is null',
      'CLAIMS_SQL: column reference "org" is ambiguous',
    ],
    [
      'two columns of one claim',
      'select 1 as org_id, 2 as "x-hasura-org-id" where $1 is null',
      'CLAIMS_SQL: two columns name the claim x-hasura-org-id',
    ],
    [
      'too many columns',
      `select ${Array.from({ length: 33 }, (_, at) => `1 as c${at}`)} where $1 is null`,
      'CLAIMS_SQL: has more than 32 columns',
    ],
  ])('%s', async (_title, statement, problem) => {
    expect(await failing(statement)).toContain(problem);
  });

  test.each([
    ...[
      'user-id',
      'session-id',
      'allowed-roles',
      'default-role',
      'role',
      'team-id',
      'team-role',
      'token-kind',
    ],
    ...['auth-level', 'gateway-secret', 'admin-secret', 'access-key', 'use-backend-only-permissions'],
  ])('the reserved name x-hasura-%s, in every spelling', async (name) => {
    const spellings = [`x-hasura-${name}`, `X-Hasura-${name.toUpperCase()}`, name.replaceAll('-', '_'), name];
    for (const column of spellings.filter((spelling) => spelling !== 'user_id'))
      expect(await failing(`select 'x' as "${column}" where $1 is null`), column).toBe(
        `CLAIMS_SQL: the name x-hasura-${name} is reserved`,
      );
  });
});

describe('while CLAIMS_SQL fails', () => {
  const rename = (from: string, to: string) => plain.sql.unsafe(`alter view app.${from} rename to ${to}`);

  test('every sign-in answers claims_failed, nothing is spent, and later all of it works', async () => {
    const person = newPerson();
    const ada = { ...person, ...(await signUp(gateway, person)) };
    await describeUser(ada.user.id);
    const { token } = await accounts.mail(ada.email, 'verify-email');
    const teamId = String(hasuraClaims(ada.teamToken)['x-hasura-team-id']);
    const other = newPerson();
    const [sessionsBefore, usersBefore] = [await count('sessions'), await count('users')];
    const attempts = () =>
      Promise.all([
        codesOf(gateway.failure(LOGIN, { input: { email: ada.email, password: ada.password } })),
        codesOf(gateway.failure(SIGNUP, { input: other })),
        codesOf(gateway.failure(REFRESH, { input: { refreshToken: ada.refreshToken } })),
        codesOf(gateway.failure(SWITCH, { input: { teamId } }, bearer(ada.accessToken))),
        codesOf(gateway.failure(VERIFY, { input: { token, password: ada.password } })),
        fetch(`${gateway.url}/api/refresh`, { headers: bearer(ada.accessToken) }).then(({ status }) => [
          status,
        ]),
        gateway
          .post('/api/v1/login', { email: ada.email, password: ada.password })
          .then(({ status, body }) => [status, (body as { code: string }).code]),
      ]);
    await rename('user_claims', 'elsewhere');
    const refused = await attempts();
    await rename('elsewhere', 'user_claims');
    const code = ['claims_failed'];
    expect(refused).toEqual([code, code, code, code, code, [503], [503, 'claims_failed']]);
    expect(await count('sessions')).toBe(sessionsBefore);
    expect(await count('users')).toBe(usersBefore);
    expect(gateway.logged()).toContain('"reason":"SQLSTATE 42P01"');

    const expected = { 'x-hasura-org-id': '7', 'x-hasura-plan': 'free', 'x-hasura-tags': '{a}' };
    expect(claimsOf((await refresh(ada)).accessToken)).toEqual(expected);
    expect(claimsOf((await logIn(gateway, ada)).accessToken)).toEqual(expected);
    const { verifyEmail } = await gateway.graphql<{ verifyEmail: Tokens }>(VERIFY, {
      input: { token, password: ada.password },
    });
    expect(claimsOf(verifyEmail.accessToken)).toEqual(expected);
    await signUp(gateway, other);
  });

  test('a reused refresh token still ends its session', async () => {
    const ada = await join(gateway);
    const second = await refresh(ada);
    await refresh(second);
    await plain.sql`
      update portcullis_private.refresh_tokens set rotated_at = rotated_at - interval '1 hour'
      where session_id = ${String(hasuraClaims(ada.accessToken)['x-hasura-session-id'])}`;
    await rename('user_claims', 'elsewhere');
    const reused = await codesOf(gateway.failure(REFRESH, { input: { refreshToken: ada.refreshToken } }));
    await rename('elsewhere', 'user_claims');
    expect(reused).toEqual(['refresh_token_reused']);
    expect(await gateway.graphql(ME, {}, bearer(second.accessToken)).catch(() => 'refused')).toBe('refused');
  });

  test('with two rows, a line break or too many bytes for one user, only this user is refused', async () => {
    await plain.sql.unsafe(`
      create table if not exists app.notes (user_id uuid, note text);
      create or replace view app.note_claims as select user_id, note from app.notes`);
    await reading('app.note_claims', async (at) => {
      const grace = await join(at);
      for (const [notes, reason] of [
        [['a', 'b'], 'returned more than one row'],
        [
          ['a\r\nx-hasura-role: admin'],
          'returned a value with a control character, for example a line break',
        ],
        [['ü'.repeat(1100)], 'returned more than 2048 bytes'],
        [['x'.repeat(5_000_000)], 'returned a row that is too long'],
      ] as const) {
        const ada = await join();
        for (const note of notes) await plain.sql`insert into app.notes values (${ada.user.id}, ${note})`;
        const failure = at.failure(REFRESH, { input: { refreshToken: ada.refreshToken } });
        expect(await codesOf(failure)).toEqual(['claims_failed']);
        expect(at.logged()).toContain(JSON.stringify(reason));
        await plain.sql`update app.notes set note = 'kept' where user_id = ${ada.user.id} and note <> 'b'`;
        await plain.sql`delete from app.notes where user_id = ${ada.user.id} and note = 'b'`;
        expect(claimsOf((await refresh(ada, at)).accessToken)).toEqual({ 'x-hasura-note': 'kept' });
      }
      expect(at.logged()).not.toContain('x-hasura-role: admin');
      expect(claimsOf((await refresh(grace, at)).accessToken)).toEqual({});
    });
  });

  test('a statement that sleeps is cancelled, and leaves no timeout behind', async () => {
    await plain.sql.unsafe(`
      create or replace function app.pause() returns text language sql volatile as
        $$ select case when exists (select from app.profiles where plan = 'sleep') then pg_sleep(30)::text else '' end $$`);
    const statement =
      'select app.pause() as pause, (select plan from app.profiles where user_id = $1) as plan';
    await reading(
      statement,
      async (at) => {
        const ada = await join();
        await describeUser(ada.user.id, { plan: 'sleep' });
        const began = Date.now();
        const failure = at.failure(REFRESH, { input: { refreshToken: ada.refreshToken } });
        expect(await codesOf(failure)).toEqual(['claims_failed']);
        expect(Date.now() - began).toBeLessThan(5000);
        expect(at.logged()).toContain('SQLSTATE 57014');
        await describeUser(ada.user.id, { plan: 'awake' });
        expect(claimsOf((await refresh(ada, at)).accessToken)['x-hasura-plan']).toBe('awake');
        const timeouts = await Promise.all(
          Array.from({ length: 5 }, () =>
            at.deps.db.$client<{ statement_timeout: string }[]>`show statement_timeout`.execute(),
          ),
        );
        expect(new Set(timeouts.map(([row]) => row?.statement_timeout))).toEqual(new Set(['10s']));
      },
      { CLAIMS_TIMEOUT_MS: '300' },
    );
  });

  test('a function that writes, or raises an error, changes nothing and shows no data', async () => {
    await plain.sql.unsafe(`
      create or replace function app.write(who uuid) returns text language plpgsql volatile as $$
        declare what text := (select plan from app.profiles where user_id = who);
        begin
          if what = 'write' then update app.profiles set plan = 'written' where user_id = who; end if;
          if what = 'unlock' then
            perform set_config('transaction_read_only', 'off', true);
            update app.profiles set plan = 'written' where user_id = who;
          end if;
          if what = 'raise' then raise exception 'the plan of % is secret-plan', who using errcode = '25006'; end if;
          if what = 'away' then raise exception 'secret-plan' using errcode = '57P01'; end if;
          if what = 'again' then raise exception 'secret-plan' using errcode = '40001'; end if;
          return what;
        end $$`);
    await reading('select app.write($1) as plan', async (at) => {
      for (const plan of ['write', 'unlock', 'raise', 'away', 'again']) {
        const ada = await join();
        await describeUser(ada.user.id, { plan });
        const failure = at.failure(REFRESH, { input: { refreshToken: ada.refreshToken } });
        expect(await codesOf(failure), plan).toEqual(['claims_failed']);
        const [kept] = await plain.sql`select plan from app.profiles where user_id = ${ada.user.id}`;
        expect(kept?.plan).toBe(plan);
        await describeUser(ada.user.id, { plan: 'fine' });
        expect(claimsOf((await refresh(ada, at)).accessToken)['x-hasura-plan']).toBe('fine');
        expect(await logIn(at, ada)).toMatchObject({ user: { id: ada.user.id } });
      }
      expect(at.logged()).not.toContain('secret-plan');
      expect(at.deps.db.refusedWrites.latest()).toBeNull();
    });
  });
});

test('a view that changes while the gateway runs is read as it is now, and reserved names are refused again', async () => {
  await plain.sql.unsafe(`create view app.changing as select user_id, plan from app.profiles`);
  await reading('app.changing', async (at) => {
    const ada = await join();
    await describeUser(ada.user.id);
    expect(claimsOf((await refresh(ada, at)).accessToken)).toEqual({ 'x-hasura-plan': 'free' });
    const replace = (columns: string) =>
      plain.sql.begin(async (tx) => {
        await tx.unsafe('drop view app.changing');
        await tx.unsafe(`create view app.changing as select user_id, ${columns} from app.profiles`);
      });
    await replace('org_id');
    const failure = () => codesOf(at.failure(LOGIN, { input: { email: ada.email, password: ada.password } }));
    expect(await failure()).toEqual(['claims_failed']);
    expect(claimsOf((await logIn(at, ada)).accessToken)).toEqual({ 'x-hasura-org-id': '7' });
    await replace(`'admin' as role`);
    expect(await failure()).toEqual(['claims_failed']);
    expect(await failure()).toEqual(['claims_failed']);
    expect(at.logged()).toContain('the name x-hasura-role is reserved');
  });
});

test('many refreshes and logins at once each get the claims, and one successor of the token', async () => {
  const ada = await join();
  await describeUser(ada.user.id);
  const [refreshed, loggedIn] = await Promise.all([
    Promise.all(Array.from({ length: 12 }, () => refresh(ada))),
    Promise.all(Array.from({ length: 6 }, () => logIn(gateway, ada))),
  ]);
  expect(new Set(refreshed.map(({ refreshToken }) => refreshToken)).size).toBe(1);
  for (const { accessToken } of [...refreshed, ...loggedIn])
    expect(claimsOf(accessToken)).toMatchObject({ 'x-hasura-plan': 'free' });
});

describe('previewClaims', () => {
  const asAdmin = (at: TestGateway) => ({ 'x-hasura-gateway-secret': at.secret, 'x-hasura-role': 'admin' });

  test('shows what the next token holds, and why', async () => {
    const env = { HASURA_ROLES: 'editor,manager', DEFAULT_ROLES: 'user,editor' };
    await reading(
      'app.user_claims',
      async (at) => {
        const ada = await join();
        const userId = ada.user.id;
        const teamId = String(hasuraClaims(ada.teamToken)['x-hasura-team-id']);
        await describeUser(userId);
        await plain.sql`insert into portcullis.user_roles (user_id, role) values (${userId}, 'editor'), (${userId}, 'gone')`;
        await plain.sql`
          insert into portcullis.membership_roles (team_id, user_id, role) values (${teamId}, ${userId}, 'manager')`;
        const preview = async (variables: object) =>
          (
            await at.graphql<{
              previewClaims: { roles: unknown; claims: { name: string; value: string | null }[] };
            }>(PREVIEW, variables, asAdmin(at))
          ).previewClaims;
        const { roles, claims } = await preview({ userId, teamId });
        expect(roles).toEqual([
          { role: 'user', sources: ['DEFAULT_ROLES'], inToken: true },
          { role: 'editor', sources: ['DEFAULT_ROLES', 'USER'], inToken: true },
          { role: 'gone', sources: ['USER'], inToken: false },
          { role: 'manager', sources: ['MEMBERSHIP'], inToken: true },
        ]);
        const { accessToken, teamToken } = await refresh(ada, at);
        const shown = (token: string | null) =>
          Object.entries(hasuraClaims(token))
            .map(([name, value]) => ({
              name,
              value:
                name === 'x-hasura-session-id'
                  ? null
                  : typeof value === 'string'
                    ? value
                    : JSON.stringify(value),
              source: OWN.test(name) ? 'GATEWAY' : 'CLAIMS_SQL',
            }))
            .sort((a, b) => a.name.localeCompare(b.name));
        const sorted = (list: { name: string }[]) => [...list].sort((a, b) => a.name.localeCompare(b.name));
        expect(sorted(claims)).toEqual(shown(teamToken));
        expect(sorted((await preview({ userId })).claims)).toEqual(shown(accessToken));
      },
      env,
    );
  });

  test('says why CLAIMS_SQL fails, and is for the operator only', async () => {
    await reading('select 1 / (select org_id from app.profiles where user_id = $1) as share', async (at) => {
      const ada = await join();
      await describeUser(ada.user.id, { orgId: 0 });
      const userId = ada.user.id;
      expect(await at.failure(PREVIEW, { userId }, asAdmin(at))).toMatchObject([
        { message: 'CLAIMS_SQL: SQLSTATE 22012.', extensions: { code: 'claims_failed' } },
      ]);
      expect(await codesOf(at.failure(PREVIEW, { userId }, bearer(ada.accessToken)))).toEqual([
        'permission_denied',
      ]);
      for (const variables of [{ userId: 'x' }, { userId, teamId: 'x' }])
        expect(await codesOf(at.failure(PREVIEW, variables, asAdmin(at)))).toEqual(['invalid']);
      const unknown = '018f0000-0000-7000-8000-00000000dead';
      for (const variables of [{ userId: unknown }, { userId, teamId: unknown }])
        expect(await codesOf(at.failure(PREVIEW, variables, asAdmin(at)))).toEqual(['not_found']);
    });
  });
});
