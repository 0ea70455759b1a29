import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { decodeJwt } from 'jose';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import {
  bearer,
  logIn,
  ME,
  newPerson,
  type SignedInAnswer,
  signUp,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts';

type Headers = Record<string, string>;

const gateway = forFile(() => startGateway());
let ada: SignedInAnswer;
let victim: SignedInAnswer;
const person = newPerson();
beforeAll(async () => {
  await signUp(gateway, person);
  victim = await signUp(gateway);
});
beforeEach(async () => {
  ada = await logIn(gateway, person);
});

const secret = (): Headers => ({ 'x-hasura-gateway-secret': gateway.secret });
const sessionOf = ({ accessToken }: SignedInAnswer) => decodeJwt(accessToken).sid as string;
/** The session variables that Hasura sends for a person with a token. */
const variablesOf = (signedIn: SignedInAnswer): Headers => ({
  'x-hasura-role': 'user',
  'x-hasura-user-id': signedIn.user.id,
  'x-hasura-session-id': sessionOf(signedIn),
});
const asHasura = (headers: Headers): Headers => ({ ...secret(), ...headers });

const me = async (headers: Headers) =>
  (await gateway.graphql<{ me: { id: string } | null }>(ME, {}, headers)).me;
const expectUnauthenticated = async (headers: Headers) =>
  expect(await gateway.failure(ME, {}, headers)).toEqual([
    { message: expect.any(String), extensions: { code: 'unauthenticated', attribute: null }, path: ['me'] },
  ]);

describe('session variables without the secret', () => {
  test('are ignored', async () => {
    for (const role of ['user', 'admin', 'anonymous'])
      expect(await me({ ...variablesOf(victim), 'x-hasura-role': role })).toBeNull();
    expect(await me({ ...variablesOf(victim), 'x-hasura-admin-secret': 'anything' })).toBeNull();
  });

  test('are ignored beside a bearer token, which identifies the user', async () => {
    expect(await me({ ...variablesOf(victim), ...bearer(ada.accessToken) })).toMatchObject({
      id: ada.user.id,
    });
  });
});

describe('a wrong secret', () => {
  test.each([
    ['of the same length', () => 'x'.repeat(gateway.secret.length)],
    ['without its last character', () => gateway.secret.slice(0, -1)],
    ['with one more character', () => `${gateway.secret}x`],
    ['with the prefix Bearer', () => `Bearer ${gateway.secret}`],
    ['that repeats the right one', () => `${gateway.secret},${gateway.secret}`],
  ])('%s answers 403 permission_denied', async (_what, wrong) => {
    const { status, body } = await gateway.post(
      '/graphql',
      { query: '{ authConfig { signup } }' },
      { ...variablesOf(ada), ...bearer(ada.accessToken), 'x-hasura-gateway-secret': wrong() },
    );
    expect({ status, body }).toEqual({
      status: 403,
      body: {
        errors: [
          {
            message: 'The x-hasura-gateway-secret header is wrong.',
            extensions: { code: 'permission_denied', attribute: null },
          },
        ],
      },
    });
  });
});

describe('a request with the secret', () => {
  test('acts as the user of its session variables in the role user', async () => {
    expect(await me(asHasura(variablesOf(ada)))).toMatchObject({ id: ada.user.id });
  });

  test('may also carry the forwarded access or team token of the same user', async () => {
    for (const token of [ada.accessToken, ada.teamToken ?? ''])
      expect(await me(asHasura({ ...variablesOf(ada), ...bearer(token) }))).toMatchObject({
        id: ada.user.id,
      });
  });

  test('acts as the named user without a session, and is unauthenticated for an unknown user', async () => {
    const { 'x-hasura-session-id': _, ...variables } = variablesOf(ada);
    expect(await me(asHasura(variables))).toMatchObject({ id: ada.user.id });
    await expectUnauthenticated(asHasura({ ...variables, 'x-hasura-user-id': randomUUID() }));
    await expectUnauthenticated(asHasura({ ...variables, 'x-hasura-user-id': '' }));
  });

  test('is identified by its bearer token when session variables are missing', async () => {
    expect(await me(secret())).toBeNull();
    expect(await me(asHasura(bearer(ada.accessToken)))).toMatchObject({ id: ada.user.id });
  });

  test.each(['anonymous', 'admin', 'ADMIN', 'User', 'user, admin', 'user,user', 'editor', '*'])(
    'in the role "%s" is anonymous, even with session variables and a token',
    async (role) => {
      const variables = { ...variablesOf(victim), 'x-hasura-role': role };
      expect(await me(asHasura(variables))).toBeNull();
      expect(await me(asHasura({ ...variables, ...bearer(victim.accessToken) }))).toBeNull();
      expect(await me(asHasura({ 'x-hasura-role': role }))).toBeNull();
    },
  );

  test('in the unauthorized role is anonymous, even when that role is named user', async () => {
    const odd = await startGateway({
      replicaOf: gateway,
      env: { HASURA_UNAUTHORIZED_ROLE: 'user', HASURA_ROLES: 'member', DEFAULT_ROLES: 'member' },
    });
    expect(await odd.graphql(ME, {}, asHasura(variablesOf(ada)))).toEqual({ me: null });
    await odd.close();
  });

  test('with an invalid token, or a token of another user or session, is unauthenticated', async () => {
    const otherSession = await logIn(gateway, person);
    for (const token of [victim.accessToken, victim.teamToken ?? '', otherSession.accessToken, 'rubbish'])
      await expectUnauthenticated(asHasura({ ...variablesOf(ada), ...bearer(token) }));
    const { 'x-hasura-session-id': _, ...withoutSession } = variablesOf(ada);
    await expectUnauthenticated(asHasura({ ...withoutSession, ...bearer(victim.accessToken) }));
  });

  test('with ids that are not UUIDs is unauthenticated', async () => {
    for (const id of ['admin', '1', "' or true --", `{${randomUUID()}}`, 'x'.repeat(4000)]) {
      await expectUnauthenticated(asHasura({ ...variablesOf(ada), 'x-hasura-user-id': id }));
      await expectUnauthenticated(asHasura({ ...variablesOf(ada), 'x-hasura-session-id': id }));
    }
    await expectUnauthenticated(asHasura({ 'x-hasura-role': 'user' }));
  });

  test('with the session of another user or an unknown session is unauthenticated', async () => {
    for (const id of [sessionOf(victim), randomUUID()])
      await expectUnauthenticated(asHasura({ ...variablesOf(ada), 'x-hasura-session-id': id }));
  });

  test('with a revoked or expired session is unauthenticated at once', async () => {
    const headers = asHasura(variablesOf(ada));
    await gateway.sql`update portcullis.sessions set revoked_at = now() where id = ${sessionOf(ada)}`;
    await expectUnauthenticated(headers);
    await gateway.sql`update portcullis.sessions set revoked_at = null, expires_at = now() where id = ${sessionOf(ada)}`;
    await expectUnauthenticated(headers);
  });

  test('for a disabled user is unauthenticated at once, with and without a session', async () => {
    const other = await signUp(gateway);
    await gateway.sql`update portcullis.users set disabled_at = now() where id = ${other.user.id}`;
    const { 'x-hasura-session-id': _, ...withoutSession } = variablesOf(other);
    await expectUnauthenticated(asHasura(variablesOf(other)));
    await expectUnauthenticated(asHasura(withoutSession));
  });
});

/** Sends headers as given, also repeated ones. */
function ask(rawHeaders: string[]): Promise<{ status: number | undefined; body: unknown }> {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify({ query: '{ me { id } }' });
    const { hostname, port } = new URL(gateway.url);
    const common = [
      'host',
      'gateway',
      'content-type',
      'application/json',
      'content-length',
      `${body.length}`,
    ];
    const headers = [...common, ...rawHeaders];
    const sent = request({ hostname, port, path: '/graphql', method: 'POST', headers }, async (response) => {
      const chunks = await response.toArray();
      resolve({ status: response.statusCode, body: JSON.parse(Buffer.concat(chunks).toString()) });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

describe('headers sent twice', () => {
  const lines = (headers: Headers) => Object.entries(headers).flat();
  const anonymous = { status: 200, body: { data: { me: null } } };

  test('do not identify a user, and a repeated secret answers 403', async () => {
    const all = lines(asHasura(variablesOf(ada)));
    expect(await ask(all)).toEqual({ status: 200, body: { data: { me: { id: ada.user.id } } } });
    expect(await ask([...all, 'x-hasura-role', 'user'])).toEqual(anonymous);
    expect(await ask(['x-hasura-role', 'anonymous', ...all])).toEqual(anonymous);
    expect(await ask([...all, 'X-Hasura-Role', 'admin'])).toEqual(anonymous);
    for (const twice of ['x-hasura-user-id', 'x-hasura-session-id'])
      expect(await ask([...all, twice, randomUUID()])).toMatchObject({
        status: 200,
        body: { data: { me: null }, errors: [{ extensions: { code: 'unauthenticated' } }] },
      });
    expect(await ask([...all, 'x-hasura-gateway-secret', 'x'])).toMatchObject({ status: 403 });
  });
});

describe('a rotation of the secret', () => {
  test('accepts both secrets at first and only the new secret afterwards', async () => {
    const [older, newer] = ['o'.repeat(32), 'n'.repeat(32)];
    const both = await startGateway({
      replicaOf: gateway,
      env: { INTERNAL_ENDPOINTS_SECRET: ` ${newer} , ${older} ` },
    });
    const after = await startGateway({ replicaOf: gateway, env: { INTERNAL_ENDPOINTS_SECRET: newer } });
    const ask = (at: TestGateway, given: string) =>
      at.post('/graphql', { query: ME }, { ...variablesOf(ada), 'x-hasura-gateway-secret': given });
    for (const given of [older, newer]) {
      expect(await ask(both, given)).toMatchObject({ body: { data: { me: { id: ada.user.id } } } });
      const internal = await both.post('/api/_delete-jwks', undefined, { authorization: `Bearer ${given}` });
      expect(internal.status).toBe(204);
    }
    expect(await ask(both, `${newer},${older}`)).toMatchObject({ status: 403 });
    expect(await ask(after, newer)).toMatchObject({ status: 200 });
    expect(await ask(after, older)).toMatchObject({ status: 403 });
    await both.close();
    await after.close();
  });
});
