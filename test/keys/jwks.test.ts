import { decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  bearer,
  logIn,
  ME,
  newPerson,
  PUBLIC_URL,
  signUp,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts';
import { ageKey, expireKey, generateKey, keyOf, PUBLISHED, readJwks, verify } from './keys.ts';

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const common = { kid: expect.stringMatching(/^jwk_[0-9a-f]{32}$/), use: 'sig' };
const base64url = expect.stringMatching(/^[\w-]+$/);

describe.each([
  { alg: 'ES256', members: { kty: 'EC', crv: 'P-256', x: base64url, y: base64url } },
  { alg: 'RS256', members: { kty: 'RSA', n: base64url, e: 'AQAB' } },
  { alg: 'EdDSA', members: { kty: 'OKP', crv: 'Ed25519', x: base64url } },
])('with JWT_ALGORITHM=$alg', ({ alg, members }) => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway({ env: { JWT_ALGORITHM: alg } });
  });
  afterAll(() => gateway.close());

  test('a standard client verifies tokens by the JWKS, and the gateway accepts them', async () => {
    const { accessToken, teamToken, user } = await signUp(gateway);
    for (const token of [accessToken, teamToken ?? '']) {
      const { payload, protectedHeader } = await verify(gateway, token);
      expect(protectedHeader).toEqual({ alg, typ: 'JWT', kid: keyOf(accessToken) });
      expect(payload.sub).toBe(user.id);
      expect(await gateway.graphql(ME, {}, bearer(token))).toMatchObject({ me: { id: user.id } });
    }
  });

  test('the JWKS has only the public members of the key', async () => {
    const { keys } = await readJwks(gateway);
    expect(keys).toEqual([{ ...common, alg, ...members }]);
    for (const member of PRIVATE_MEMBERS) expect(keys[0]).not.toHaveProperty(member);
  });
});

describe('the claims', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway.close());

  const claimsOf = (userId: string, team: object = {}) => ({
    iss: PUBLIC_URL,
    aud: 'hasura',
    sub: userId,
    sid: expect.stringMatching(/^[0-9a-f-]{36}$/),
    iat: expect.any(Number),
    exp: expect.any(Number),
    email_verified: false,
    'https://hasura.io/jwt/claims': {
      'x-hasura-allowed-roles': ['user'],
      'x-hasura-default-role': 'user',
      'x-hasura-user-id': userId,
      'x-hasura-session-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'x-hasura-token-kind': 'access',
      'x-hasura-auth-level': 'aal1',
      ...team,
    },
  });

  test('of an access token are the claims that Hasura needs, without a team', async () => {
    const { accessToken, user } = await signUp(gateway);
    const { payload } = await verify(gateway, accessToken);
    expect(payload).toEqual(claimsOf(user.id));
    expect((payload['https://hasura.io/jwt/claims'] as Record<string, string>)['x-hasura-session-id']).toBe(
      payload.sid,
    );
    expect(payload.exp).toBe((payload.iat ?? 0) + 900);
  });

  test('of a team token name the team and the team role as strings', async () => {
    const { teamToken, user } = await signUp(gateway);
    const [team] = await gateway.sql`select team_id from portcullis.memberships where user_id = ${user.id}`;
    const { payload } = await verify(gateway, teamToken ?? '');
    expect(payload).toEqual(
      claimsOf(user.id, {
        ...{ 'x-hasura-team-id': team?.team_id, 'x-hasura-team-role': 'OWNER' },
        'x-hasura-token-kind': 'team',
        'x-hasura-auth-level': 'aal1',
      }),
    );
  });

  test('contain no text that a person can choose and no role but user', async () => {
    const person = newPerson({ name: 'x-hasura-role', teamName: 'admin' });
    const { accessToken, teamToken } = await signUp(gateway, person);
    for (const token of [accessToken, teamToken ?? '']) {
      const text = JSON.stringify((await verify(gateway, token)).payload);
      expect(text).not.toContain('admin');
      expect(text).not.toContain(person.email);
      expect(text).not.toContain(person.name);
    }
  });

  test('contain whether the address is verified', async () => {
    const person = newPerson();
    const { user } = await signUp(gateway, person);
    await gateway.sql`update portcullis.users set email_verified_at = now() where id = ${user.id}`;
    const { accessToken } = await logIn(gateway, person);
    expect((await verify(gateway, accessToken)).payload.email_verified).toBe(true);
  });
});

describe('the JWKS', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway.close());

  test('is the same at the portal’s path, and readable for pages of any origin', async () => {
    await generateKey(gateway);
    const wellKnown = await readJwks(gateway);
    expect(wellKnown.ids).toHaveLength(2);
    expect(await readJwks(gateway, '/api/v1/jwks')).toEqual(wellKnown);
    const { headers } = await fetch(`${gateway.url}/.well-known/jwks.json`);
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    const post = await gateway.post('/.well-known/jwks.json', {});
    expect(post).toMatchObject({ status: 405, body: { code: 'method_not_allowed' } });
  });

  test('holds only unexpired keys, with a max-age of 300 s that ends at the next expiry', async () => {
    expect((await readJwks(gateway)).cacheControl).toBe('public, max-age=300');
    const ending = await generateKey(gateway);
    await expireKey(gateway, ending, 100);
    const seconds = /^public, max-age=(\d+)$/.exec((await readJwks(gateway)).cacheControl ?? '')?.[1];
    expect(Number(seconds)).toBeLessThanOrEqual(100);
    expect(Number(seconds)).toBeGreaterThan(80);
    await expireKey(gateway, ending);
    const { ids, cacheControl } = await readJwks(gateway);
    expect(ids).not.toContain(ending);
    expect(cacheControl).toBe('public, max-age=300');
  });

  test('shows only members that a verifier needs, even if the table holds more', async () => {
    const id = await generateKey(gateway);
    await gateway.sql`update portcullis.jwks
      set public_jwk = public_jwk || '{"x5c": ["AAAA"], "x5t": "AAAA", "note": "mine"}' where id = ${id}`;
    const { keys } = await readJwks(gateway);
    const shown = keys.find(({ kid }) => kid === id) ?? {};
    expect(Object.keys(shown).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  });

  test('holds keys of both algorithms after a change, and old tokens stay valid', async () => {
    const person = newPerson();
    const { accessToken } = await signUp(gateway, person);
    const changed = await startGateway({ replicaOf: gateway, env: { JWT_ALGORITHM: 'EdDSA' } });
    const id = await generateKey(changed);
    await ageKey(gateway, PUBLISHED, id);
    const later = await logIn(changed, person);
    expect(decodeProtectedHeader(later.accessToken)).toMatchObject({ alg: 'EdDSA', kid: id });
    for (const token of [accessToken, later.accessToken])
      for (const replica of [gateway, changed]) {
        await verify(replica, token);
        expect(await replica.graphql(ME, {}, bearer(token))).toMatchObject({ me: { email: person.email } });
      }
    await changed.close();
  });
});
