import { decodeJwt } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';
import { keepHouse } from '../../src/flows/upkeep/housekeeping.ts';
import { dumpDatabase } from '../mail/smtp.ts';
import { forFile } from '../support/for-file.ts';
import {
  bearer,
  isSignedIn,
  ME,
  newPerson,
  type SignedInAnswer,
  signUp,
  startGateway,
} from '../support/gateway.ts';
import { openLogin } from '../support/hasura/login.ts';
import {
  CREATE,
  create,
  EXCHANGE,
  exchange,
  hasuraClaims,
  inHours,
  isGood,
  list,
  REVOKE,
  refusal,
} from './programs.ts';

const gateway = forFile(() =>
  startGateway({
    env: {
      SMTP_URL: 'off',
      PERSONAL_TOKENS_PER_USER: '3',
      PERSONAL_TOKEN_MAX_TTL: String(30 * 86_400),
      LIMIT_EXCHANGES_PER_PERSONAL_TOKEN: '5/3600',
      HASURA_ROLES: 'editor,manager',
      DEFAULT_ROLES: 'user',
    },
  }),
);

let ada: SignedInAnswer;
beforeEach(async () => {
  ada = await signUp(gateway);
});

const admin = () => ({ 'x-hasura-gateway-secret': gateway.secret, 'x-hasura-role': 'admin' });
const setRoles = (roles: string[]) =>
  gateway.graphql(
    'mutation ($input: SetUserRolesInput!) { setUserRoles(input: $input) { roles } }',
    { input: { userId: ada.user.id, roles } },
    admin(),
  );
const eventsOf = async (id: string) =>
  (
    await gateway.sql<{ action: string }[]>`select action from portcullis.security_events
      where details->>'accessTokenId' = ${id} or session_id = ${id} order by created_at`
  ).map(({ action }) => action);
const input = (more: object = {}) => ({
  ...{ name: 'CI', expiresAt: inHours(24), currentPassword: 'correct horse' },
  ...more,
});

describe('createAccessToken', () => {
  test('shows the token once, stores only its hash, and records it', async () => {
    const expiresAt = inHours(48);
    const { token, accessToken } = await create(gateway, ada, { name: '  Deploy script ', expiresAt });
    expect(token).toMatch(/^prt_pat_[\w-]{43}$/);
    expect(accessToken).toMatchObject({
      name: 'Deploy script',
      roles: ['user'],
      lastUsedAt: null,
      expiresAt,
    });
    expect(await list(gateway, ada)).toEqual([accessToken]);
    expect(await dumpDatabase(gateway.sql)).not.toContain(token);
    expect(gateway.logged()).not.toContain(token);
    expect(await eventsOf(accessToken.id)).toEqual(['access_token_created']);
  });

  test.each([
    [{ name: ' ' }, 'required (name)'],
    [{ name: 'x'.repeat(256) }, 'max_length (name)'],
    [{ name: 'a\u0000b' }, 'invalid (name)'],
    [{ expiresAt: inHours(-1) }, 'invalid (expiresAt)'],
    [{ expiresAt: inHours(31 * 24) }, 'invalid (expiresAt)'],
    [{ roles: ['editor'] }, 'invalid (roles)'],
    [{ roles: ['admin'] }, 'invalid (roles)'],
    [{ roles: [] }, 'invalid (roles)'],
    [{ currentPassword: '' }, 'required (currentPassword)'],
    [{ currentPassword: 'wrong' }, 'invalid_credentials (currentPassword)'],
  ])('refuses %j: %s', async (more, code) => {
    expect(await refusal(gateway, CREATE, input(more), bearer(ada.accessToken))).toBe(code);
    expect(await list(gateway, ada)).toEqual([]);
  });

  test('of many requests at once no more succeed than a user may have', async () => {
    const tries = Array.from({ length: 6 }, () =>
      create(gateway, ada).then(
        () => true,
        () => false,
      ),
    );
    expect((await Promise.all(tries)).filter(Boolean)).toHaveLength(3);
    expect(await refusal(gateway, CREATE, input(), bearer(ada.accessToken))).toBe('too_many_access_tokens');
    const [first] = await list(gateway, ada);
    await gateway.graphql(REVOKE, { input: { id: first?.id } }, bearer(ada.accessToken));
    expect((await create(gateway, ada)).accessToken.name).toBe('CI');
  });

  test('a user who is not signed in cannot create one', async () => {
    expect(await refusal(gateway, CREATE, input())).toBe('unauthenticated');
  });
});

describe('signInWithAccessToken', () => {
  test('returns a personal token in the session of the personal access token, and no refresh token', async () => {
    const { token, accessToken } = await create(gateway, ada);
    const signedIn = await exchange(gateway, token);
    expect(signedIn.user.id).toBe(ada.user.id);
    expect(hasuraClaims(signedIn.accessToken)).toEqual({
      'x-hasura-allowed-roles': ['user'],
      'x-hasura-default-role': 'user',
      'x-hasura-user-id': ada.user.id,
      'x-hasura-session-id': accessToken.id,
      'x-hasura-token-kind': 'personal',
      'x-hasura-auth-level': 'aal1',
    });
    expect(decodeJwt(signedIn.accessToken).sid).toBe(accessToken.id);
    expect(await gateway.graphql(ME, {}, bearer(signedIn.accessToken))).toMatchObject({
      me: { id: ada.user.id },
    });
    expect(
      await gateway.sql`select from portcullis_private.refresh_tokens where session_id = ${accessToken.id}`,
    ).toEqual([]);
    const [listed] = await list(gateway, ada);
    expect(Date.parse(listed?.lastUsedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(accessToken.createdAt));
    expect(await eventsOf(accessToken.id)).toEqual(['access_token_created', 'access_token_used']);
  });

  test.each([
    ['', 'required (token)'],
    ['prt_pat_unknown', 'invalid_access_token (token)'],
    ['\ud800', 'invalid (token)'],
  ])('refuses %j: %s', async (token, code) => {
    expect(await refusal(gateway, EXCHANGE, { token })).toBe(code);
  });

  test('does not accept a refresh token or an access token, nor does refresh accept a personal access token', async () => {
    const { token } = await create(gateway, ada);
    for (const other of [ada.refreshToken, ada.accessToken])
      expect(await refusal(gateway, EXCHANGE, { token: other })).toBe('invalid_access_token (token)');
    const REFRESH = 'mutation ($input: RefreshInput!) { refresh(input: $input) { accessToken } }';
    expect(await refusal(gateway, REFRESH, { refreshToken: token })).toBe('invalid_refresh_token');
    await expect(gateway.graphql(ME, {}, bearer(token))).rejects.toThrow('unauthenticated');
  });

  test('is rate_limited per personal access token', async () => {
    const [one, other] = [await create(gateway, ada), await create(gateway, ada)];
    for (let count = 0; count < 5; count++) await exchange(gateway, one.token);
    expect(await refusal(gateway, EXCHANGE, { token: one.token })).toBe('rate_limited');
    expect(await isGood(gateway, other.token)).toBe(true);
  });

  test('a personal access token and its tokens end when it expires, and housekeeping deletes it a week later', async () => {
    const { token, accessToken } = await create(gateway, ada);
    const signedIn = await exchange(gateway, token);
    const { id } = accessToken;
    await gateway.sql`update portcullis.sessions set expires_at = now() + interval '30 seconds' where id = ${id}`;
    const short = await exchange(gateway, token);
    expect(Date.parse(short.expiresAt)).toBeLessThanOrEqual(Date.now() + 31_000);
    await gateway.sql`update portcullis.sessions set expires_at = now() where id = ${id}`;
    expect(await isGood(gateway, token)).toBe(false);
    expect(await isSignedIn(gateway, signedIn)).toBe(false);
    expect(await list(gateway, ada)).toEqual([]);
    await gateway.sql`update portcullis.sessions set expires_at = now() - interval '8 days' where id = ${id}`;
    await keepHouse(gateway.deps);
    expect(await gateway.sql`select from portcullis_private.access_tokens where session_id = ${id}`).toEqual(
      [],
    );
  });
});

describe('the roles of a personal access token', () => {
  test('are those that it may have and the user still has, at each exchange', async () => {
    await setRoles(['editor', 'manager']);
    const all = await create(gateway, ada);
    expect(all.accessToken.roles).toEqual(['editor', 'manager', 'user']);
    const some = await create(gateway, ada, { roles: ['manager', 'editor', 'manager'] });
    expect(some.accessToken.roles).toEqual(['editor', 'manager']);
    const allowed = async (token: string) =>
      hasuraClaims((await exchange(gateway, token)).accessToken)['x-hasura-allowed-roles'];
    expect(await allowed(all.token)).toEqual(['user', 'editor', 'manager']);
    expect(await allowed(some.token)).toEqual(['editor', 'manager']);
    await setRoles(['manager']);
    expect(await allowed(all.token)).toEqual(['user', 'manager']);
    expect(await allowed(some.token)).toEqual(['manager']);
    const claims = hasuraClaims((await exchange(gateway, some.token)).accessToken);
    expect(claims['x-hasura-default-role']).toBe('manager');
    await setRoles([]);
    expect(await refusal(gateway, EXCHANGE, { token: some.token })).toBe('permission_denied');
    expect(await allowed(all.token)).toEqual(['user']);
  });

  test('a role that is given later is not added', async () => {
    const { token } = await create(gateway, ada);
    await setRoles(['editor']);
    const { accessToken } = await exchange(gateway, token);
    expect(hasuraClaims(accessToken)['x-hasura-allowed-roles']).toEqual(['user']);
  });
});

describe('revokeAccessToken', () => {
  test('ends the token, its session and what it was exchanged for, once', async () => {
    const { token, accessToken } = await create(gateway, ada);
    const other = await create(gateway, ada);
    const signedIn = await exchange(gateway, token);
    const { id } = accessToken;
    await gateway.graphql(REVOKE, { input: { id } }, bearer(ada.accessToken));
    expect(await isGood(gateway, token)).toBe(false);
    expect(await isSignedIn(gateway, signedIn)).toBe(false);
    expect((await list(gateway, ada)).map((listed) => listed.id)).toEqual([other.accessToken.id]);
    expect(await refusal(gateway, REVOKE, { id }, bearer(ada.accessToken))).toBe('not_found (id)');
    const [session] = await gateway.sql`select revoked_at from portcullis.sessions where id = ${id}`;
    expect(session?.revoked_at).not.toBeNull();
    expect(await eventsOf(id)).toEqual(['access_token_created', 'access_token_used', 'access_token_revoked']);
    expect(await isSignedIn(gateway, ada)).toBe(true);
  });

  test('does not end a token of another user, nor a session of a login', async () => {
    const { token, accessToken } = await create(gateway, ada);
    const eve = await signUp(gateway, newPerson());
    const { sid } = decodeJwt(ada.accessToken);
    expect(await refusal(gateway, REVOKE, { id: accessToken.id }, bearer(eve.accessToken))).toBe(
      'not_found (id)',
    );
    expect(await refusal(gateway, REVOKE, { id: sid }, bearer(ada.accessToken))).toBe('not_found (id)');
    expect(await refusal(gateway, REVOKE, { id: 'x' }, bearer(ada.accessToken))).toBe('invalid (id)');
    expect(await isGood(gateway, token)).toBe(true);
    expect(await isSignedIn(gateway, ada)).toBe(true);
  });

  test('racing exchanges leaves no live token', async () => {
    for (let round = 0; round < 5; round++) {
      const { token, accessToken } = await create(gateway, ada);
      const revoke = () =>
        gateway.graphql(REVOKE, { input: { id: accessToken.id } }, bearer(ada.accessToken)).then(() => null);
      const tries = [0, 1, 2].map(() => exchange(gateway, token).catch(() => null));
      const outcomes = await Promise.all([...tries, revoke(), exchange(gateway, token).catch(() => null)]);
      for (const signedIn of outcomes) if (signedIn) expect(await isSignedIn(gateway, signedIn)).toBe(false);
      expect(await isGood(gateway, token)).toBe(false);
    }
  });
});

test('an access token for a personal access token holds the claims of the application, and a failure of them refuses it', async () => {
  const { token, accessToken } = await create(gateway, ada);
  const hasura = await openLogin(gateway.databaseUrl);
  const withClaims = await startGateway({
    replicaOf: gateway,
    env: { CLAIMS_SQL: 'select 100 / (char_length(name) - 5) as share from portcullis.users where id = $1' },
  });
  const rename = (name: string) =>
    gateway.sql`update portcullis.users set name = ${name} where id = ${ada.user.id}`;
  const signedIn = await exchange(withClaims, token);
  expect(hasuraClaims(signedIn.accessToken)).toMatchObject({
    ...{ 'x-hasura-share': '-50', 'x-hasura-token-kind': 'personal', 'x-hasura-session-id': accessToken.id },
  });
  await rename('Augusta Ada');
  expect(hasuraClaims((await exchange(withClaims, token)).accessToken)['x-hasura-share']).toBe('16');
  await rename('Grace');
  expect(await refusal(withClaims, EXCHANGE, { token })).toMatch('claims_failed');
  await rename('Ada');
  expect(await isGood(withClaims, token)).toBe(true);
  expect(await eventsOf(accessToken.id)).toHaveLength(4);
  await withClaims.close();
  await hasura.close();
});

test('PERSONAL_TOKENS_PER_USER=0 switches personal access tokens off', async () => {
  const { token } = await create(gateway, ada);
  const off = await startGateway({ replicaOf: gateway, env: { PERSONAL_TOKENS_PER_USER: '0' } });
  expect(await refusal(off, EXCHANGE, { token })).toBe('feature_disabled');
  expect(await refusal(off, CREATE, input(), bearer(ada.accessToken))).toBe('feature_disabled');
  expect(await off.graphql('{ authConfig { personalTokenSeconds } }')).toEqual({
    authConfig: { personalTokenSeconds: null },
  });
  await off.close();
});

test('the error for an expiry that is too late names the longest life', async () => {
  for (const [ttl, longest] of [
    ['7200', '7200 seconds'],
    ['172800', '2 days'],
  ] as const) {
    const replica = await startGateway({ replicaOf: gateway, env: { PERSONAL_TOKEN_MAX_TTL: ttl } });
    const late = { input: input({ expiresAt: inHours(72) }) };
    const [error] = (await replica.failure(CREATE, late, bearer(ada.accessToken))) as [{ message: string }];
    expect(error.message).toBe(`Must be between one minute and ${longest} from now.`);
    await replica.close();
  }
});
