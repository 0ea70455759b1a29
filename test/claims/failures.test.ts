import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VERIFY } from '../accounts/accounts.ts';
import { bearer, LOGIN, logIn, ME, newPerson, SIGNUP, signUp } from '../support/gateway.ts';
import {
  claimsOf,
  codesOf,
  hasuraClaims,
  REFRESH,
  type Stage,
  SWITCH,
  startStage,
  type Tokens,
} from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.close());

const count = async (table: 'sessions' | 'users') =>
  (await stage.plain.sql`select count(*)::int as n from portcullis.${stage.plain.sql(table)}`)[0]?.n;

describe('while CLAIMS_SQL fails', () => {
  const rename = (from: string, to: string) =>
    stage.plain.sql.unsafe(`alter view app.${from} rename to ${to}`);

  test('every sign-in answers claims_failed, nothing is spent, and later all of it works', async () => {
    const person = newPerson();
    const ada = { ...person, ...(await signUp(stage.gateway, person)) };
    await stage.describeUser(ada.user.id);
    const { token } = await stage.accounts.mail(ada.email, 'verify-email');
    const teamId = String(hasuraClaims(ada.teamToken)['x-hasura-team-id']);
    const other = newPerson();
    const [sessionsBefore, usersBefore] = [await count('sessions'), await count('users')];
    const attempts = () =>
      Promise.all([
        codesOf(stage.gateway.failure(LOGIN, { input: { email: ada.email, password: ada.password } })),
        codesOf(stage.gateway.failure(SIGNUP, { input: other })),
        codesOf(stage.gateway.failure(REFRESH, { input: { refreshToken: ada.refreshToken } })),
        codesOf(stage.gateway.failure(SWITCH, { input: { teamId } }, bearer(ada.accessToken))),
        codesOf(stage.gateway.failure(VERIFY, { input: { token, password: ada.password } })),
        fetch(`${stage.gateway.url}/api/refresh`, { headers: bearer(ada.accessToken) }).then(({ status }) => [
          status,
        ]),
        stage.gateway
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
    expect(stage.gateway.logged()).toContain('"reason":"SQLSTATE 42P01"');

    const expected = { 'x-hasura-org-id': '7', 'x-hasura-plan': 'free', 'x-hasura-tags': '{a}' };
    expect(claimsOf((await stage.refresh(ada)).accessToken)).toEqual(expected);
    expect(claimsOf((await logIn(stage.gateway, ada)).accessToken)).toEqual(expected);
    const { verifyEmail } = await stage.gateway.graphql<{ verifyEmail: Tokens }>(VERIFY, {
      input: { token, password: ada.password },
    });
    expect(claimsOf(verifyEmail.accessToken)).toEqual(expected);
    await signUp(stage.gateway, other);
  });

  test('a reused refresh token still ends its session', async () => {
    const ada = await stage.join(stage.gateway);
    const second = await stage.refresh(ada);
    await stage.refresh(second);
    await stage.plain.sql`
      update portcullis_private.refresh_tokens set rotated_at = rotated_at - interval '1 hour'
      where session_id = ${String(hasuraClaims(ada.accessToken)['x-hasura-session-id'])}`;
    await rename('user_claims', 'elsewhere');
    const reused = await codesOf(
      stage.gateway.failure(REFRESH, { input: { refreshToken: ada.refreshToken } }),
    );
    await rename('elsewhere', 'user_claims');
    expect(reused).toEqual(['refresh_token_reused']);
    expect(await stage.gateway.graphql(ME, {}, bearer(second.accessToken)).catch(() => 'refused')).toBe(
      'refused',
    );
  });

  test('with two rows, a line break or too many bytes for one user, only this user is refused', async () => {
    await stage.plain.sql.unsafe(`
      create table if not exists app.notes (user_id uuid, note text);
      create or replace view app.note_claims as select user_id, note from app.notes`);
    await stage.reading('app.note_claims', async (at) => {
      const grace = await stage.join(at);
      for (const [notes, reason] of [
        [['a', 'b'], 'returned more than one row'],
        [
          ['a\r\nx-hasura-role: admin'],
          'returned a value with a control character, for example a line break',
        ],
        [['ü'.repeat(1100)], 'returned more than 2048 bytes'],
        [['x'.repeat(5_000_000)], 'returned a row that is too long'],
      ] as const) {
        const ada = await stage.join();
        for (const note of notes)
          await stage.plain.sql`insert into app.notes values (${ada.user.id}, ${note})`;
        const failure = at.failure(REFRESH, { input: { refreshToken: ada.refreshToken } });
        expect(await codesOf(failure)).toEqual(['claims_failed']);
        expect(at.logged()).toContain(JSON.stringify(reason));
        await stage.plain
          .sql`update app.notes set note = 'kept' where user_id = ${ada.user.id} and note <> 'b'`;
        await stage.plain.sql`delete from app.notes where user_id = ${ada.user.id} and note = 'b'`;
        expect(claimsOf((await stage.refresh(ada, at)).accessToken)).toEqual({ 'x-hasura-note': 'kept' });
      }
      expect(at.logged()).not.toContain('x-hasura-role: admin');
      expect(claimsOf((await stage.refresh(grace, at)).accessToken)).toEqual({});
    });
  });

  test('a statement that sleeps is cancelled, and leaves no timeout behind', async () => {
    await stage.plain.sql.unsafe(`
      create or replace function app.pause() returns text language sql volatile as
        $$ select case when exists (select from app.profiles where plan = 'sleep') then pg_sleep(30)::text else '' end $$`);
    const statement =
      'select app.pause() as pause, (select plan from app.profiles where user_id = $1) as plan';
    await stage.reading(
      statement,
      async (at) => {
        const ada = await stage.join();
        await stage.describeUser(ada.user.id, { plan: 'sleep' });
        const failure = at.failure(REFRESH, { input: { refreshToken: ada.refreshToken } });
        expect(await codesOf(failure)).toEqual(['claims_failed']);
        expect(at.logged()).toContain('SQLSTATE 57014');
        await stage.describeUser(ada.user.id, { plan: 'awake' });
        expect(claimsOf((await stage.refresh(ada, at)).accessToken)['x-hasura-plan']).toBe('awake');
        const timeouts = await Promise.all(
          Array.from({ length: 5 }, () =>
            at.deps.db.$client<{ statement_timeout: string }[]>`show statement_timeout`.execute(),
          ),
        );
        expect(new Set(timeouts.map(([row]) => row?.statement_timeout))).toEqual(new Set(['1min']));
      },
      // Longer than the sleep: only the limit of the claims ends it.
      { CLAIMS_TIMEOUT_MS: '1500', DATABASE_STATEMENT_TIMEOUT_MS: '60000' },
    );
  });

  test('a function that writes, or raises an error, changes nothing and shows no data', async () => {
    await stage.plain.sql.unsafe(`
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
    await stage.reading('select app.write($1) as plan', async (at) => {
      for (const plan of ['write', 'unlock', 'raise', 'away', 'again']) {
        const ada = await stage.join();
        await stage.describeUser(ada.user.id, { plan });
        const failure = at.failure(REFRESH, { input: { refreshToken: ada.refreshToken } });
        expect(await codesOf(failure), plan).toEqual(['claims_failed']);
        const [kept] = await stage.plain.sql`select plan from app.profiles where user_id = ${ada.user.id}`;
        expect(kept?.plan).toBe(plan);
        await stage.describeUser(ada.user.id, { plan: 'fine' });
        expect(claimsOf((await stage.refresh(ada, at)).accessToken)['x-hasura-plan']).toBe('fine');
        expect(await logIn(at, ada)).toMatchObject({ user: { id: ada.user.id } });
      }
      expect(at.logged()).not.toContain('secret-plan');
      expect(at.deps.db.refusedWrites.latest()).toBeNull();
    });
  });
});

test('a view that changes while the gateway runs is read as it is now, and reserved names are refused again', async () => {
  await stage.plain.sql.unsafe(`create view app.changing as select user_id, plan from app.profiles`);
  await stage.reading('app.changing', async (at) => {
    const ada = await stage.join();
    await stage.describeUser(ada.user.id);
    expect(claimsOf((await stage.refresh(ada, at)).accessToken)).toEqual({ 'x-hasura-plan': 'free' });
    const replace = (columns: string) =>
      stage.plain.sql.begin(async (tx) => {
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
