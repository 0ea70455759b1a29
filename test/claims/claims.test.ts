import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VERIFY } from '../accounts/accounts.ts';
import { bearer, logIn, ME, newPerson, signUp } from '../support/gateway.ts';
import { claimsOf, hasuraClaims, type Stage, SWITCH, startStage, type Tokens } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.close());

describe('the claims of CLAIMS_SQL', () => {
  const expected = { 'x-hasura-org-id': '7', 'x-hasura-plan': 'free', 'x-hasura-tags': '{a}' };

  test('are in the tokens of every sign-in, refresh and team switch', async () => {
    const ada = await stage.join();
    await stage.describeUser(ada.user.id);
    const teamId = String(hasuraClaims(ada.teamToken)['x-hasura-team-id']);
    const loggedIn = await logIn(stage.gateway, ada);
    const refreshed = await stage.refresh(loggedIn);
    const repeated = await stage.refresh(loggedIn);
    const { switchTeam } = await stage.gateway.graphql<{ switchTeam: { teamToken: string } }>(
      SWITCH,
      { input: { teamId } },
      bearer(loggedIn.accessToken),
    );
    const renewed = await fetch(`${stage.gateway.url}/api/refresh`, {
      headers: bearer(loggedIn.accessToken),
    });
    const renewal = Object.values((await renewed.json()) as Record<string, string | null>).filter(
      (value) => value?.split('.').length === 3,
    );
    const portal = (await stage.gateway.post('/api/v1/login', { email: ada.email, password: ada.password }))
      .body;
    const tokens = [
      ...[loggedIn, refreshed, repeated].flatMap(({ accessToken, teamToken }) => [accessToken, teamToken]),
      ...[switchTeam.teamToken, (portal as { token: string }).token, ...renewal],
    ];
    expect(renewal.length).toBeGreaterThan(0);
    for (const token of tokens) {
      expect(claimsOf(token)).toEqual(expected);
      expect(await stage.gateway.graphql(ME, {}, bearer(token ?? ''))).toMatchObject({
        me: { id: ada.user.id },
      });
    }
    await stage.describeUser(ada.user.id, { plan: 'pro' });
    expect(claimsOf((await stage.refresh(refreshed)).accessToken)).toEqual({
      ...expected,
      'x-hasura-plan': 'pro',
    });
  });

  test('are in the tokens of a sign-up and of a mailed token', async () => {
    await stage.reading(
      "select name as who, 'x' as constant from portcullis.users where id = $1",
      async (at) => {
        const person = newPerson({ name: 'Ada Lovelace' });
        const signedUp = await signUp(at, person);
        expect(claimsOf(signedUp.accessToken)).toEqual({
          'x-hasura-who': 'Ada Lovelace',
          'x-hasura-constant': 'x',
        });
        const { token } = await stage.accounts.mail(person.email, 'verify-email');
        const input = { token, password: person.password };
        const { verifyEmail } = await at.graphql<{ verifyEmail: Tokens }>(VERIFY, { input });
        expect(claimsOf(verifyEmail.teamToken)).toMatchObject({ 'x-hasura-who': 'Ada Lovelace' });
      },
    );
  });

  test('are not in the tokens of a user without a row, nor is a column that is null', async () => {
    const ada = await stage.join(stage.gateway);
    expect(claimsOf(ada.accessToken)).toEqual({});
    await stage.plain.sql`insert into app.profiles (user_id, plan) values (${ada.user.id}, '')`;
    expect(claimsOf((await stage.refresh(ada)).accessToken)).toEqual({ 'x-hasura-plan': '' });
  });

  test('are the texts of Postgres: exact numbers, array literals, JSON', async () => {
    const statement = `
      select $1 as user_id, 9007199254740993 as big, 1.50::numeric as amount, true as yes, date '2026-02-03' as day,
        timestamptz '2026-02-03 04:05:06+02' as moment, '{"a": [1, "b"]}'::jsonb as document,
        array['plain', 'a,b', 'a"b', 'a\\b', '{}', '', 'null', null, 'é ü'] as words, array[1, 2] as numbers,
        array[]::text[] as empty, array[['a', 'b']] as nested, null::text[] as missing, 'x' as "X-Hasura-Org_Name",
        $1 as other_id -- the end`;
    const ada = await stage.join();
    const { accessToken } = await stage.reading(statement, (at) => logIn(at, ada));
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
    const ada = await stage.join();
    const text = `'); drop table app.profiles; -- "} {" \\ $1 x-hasura-role: admin`;
    await stage.describeUser(ada.user.id, { plan: text, tags: [text] });
    const { accessToken } = await logIn(stage.gateway, ada);
    expect(claimsOf(accessToken)['x-hasura-plan']).toBe(text);
    const [row] = await stage.plain.sql`
      select ${String(claimsOf(accessToken)['x-hasura-tags'])}::text[] = array[${text}] as same`;
    expect(row?.same).toBe(true);
    expect(hasuraClaims(accessToken)['x-hasura-allowed-roles']).toEqual(['user']);
  });
});

test('many refreshes and logins at once each get the claims, and one successor of the token', async () => {
  const ada = await stage.join();
  await stage.describeUser(ada.user.id);
  const [refreshed, loggedIn] = await Promise.all([
    Promise.all(Array.from({ length: 12 }, () => stage.refresh(ada))),
    Promise.all(Array.from({ length: 6 }, () => logIn(stage.gateway, ada))),
  ]);
  expect(new Set(refreshed.map(({ refreshToken }) => refreshToken)).size).toBe(1);
  for (const { accessToken } of [...refreshed, ...loggedIn])
    expect(claimsOf(accessToken)).toMatchObject({ 'x-hasura-plan': 'free' });
});
