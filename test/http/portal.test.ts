import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bearer, ME, newPerson, startGateway, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.close());

const login = (body?: unknown) => gateway.post('/api/v1/login', body);
const signup = (body?: unknown) => gateway.post('/api/v1/signup', body);
const bob = () => ({
  email: newPerson().email,
  password: '987654321',
  name: 'Bob',
  team_name: 'The Bob Project',
});
const error = (code: string, detail: string, attribute: string | null) => ({ code, detail, attribute });

describe('the portal’s endpoints', () => {
  test('signup and login answer as the portal’s documents show', async () => {
    const person = bob();
    const signedUp = await signup(person);
    expect(signedUp).toMatchObject({ status: 201, body: { token: expect.any(String) } });
    expect(Object.keys(signedUp.body as object)).toEqual(['token']);
    const loggedIn = await login({ email: person.email, password: person.password });
    expect(loggedIn).toMatchObject({ status: 200, body: { token: expect.any(String) } });
    expect(loggedIn.headers.get('cache-control')).toBe('no-store');
    expect(await signup(person)).toMatchObject({
      status: 400,
      body: error('already_registered', 'This email address is already registered.', 'email'),
    });
    expect(await login({ email: person.email, password: 'something else' })).toMatchObject({
      status: 400,
      body: error('invalid_credentials', 'Invalid email or password.', null),
    });
  });

  test('signup returns a team token that is valid for a day and works at /graphql', async () => {
    const { token } = (await signup(bob())).body as { token: string };
    const { exp = 0, iat = 0, ...claims } = decodeJwt(token);
    expect(exp - iat).toBe(86_400);
    expect(claims['https://hasura.io/jwt/claims']).toMatchObject({ 'x-hasura-team-role': 'OWNER' });
    const { me } = await gateway.graphql(ME, {}, bearer(token));
    expect(me).toMatchObject({ memberships: [{ role: 'OWNER', team: { name: 'The Bob Project' } }] });
  });

  test('a missing attribute answers required with the portal’s name, in the portal’s order', async () => {
    const body: Record<string, unknown> = {};
    for (const [attribute, value] of Object.entries(bob())) {
      expect(await signup(body)).toMatchObject({
        status: 400,
        body: error('required', 'This attribute is required.', attribute),
      });
      body[attribute] = attribute === 'email' ? null : '';
      expect(await signup(body)).toMatchObject({ body: { code: 'required', attribute } });
      body[attribute] = value;
    }
    expect(await signup(body)).toMatchObject({ status: 201 });
    expect(await login({})).toMatchObject({ status: 400, body: { code: 'required', attribute: 'email' } });
    expect(await login({ email: 'a@example.com' })).toMatchObject({
      body: { code: 'required', attribute: 'password' },
    });
  });

  test('a short password is reported before an invalid address', async () => {
    expect(await signup({ ...bob(), password: '1234567', email: 'bad' })).toMatchObject({
      status: 400,
      body: error('min_length', 'Password must be at least 8 characters long.', 'password'),
    });
    expect(await signup({ ...bob(), email: 'bad' })).toMatchObject({
      status: 400,
      body: error('invalid', 'This attribute is invalid.', 'email'),
    });
    expect(await signup({ ...bob(), password: '12345678' })).toMatchObject({ status: 201 });
    expect(await signup({ ...bob(), team_name: 'x'.repeat(256) })).toMatchObject({
      status: 400,
      body: { code: 'max_length', attribute: 'team_name' },
    });
  });

  test.each([
    ['an email that is a number', { email: 5, password: 'x' }, 400, 'invalid', 'email'],
    ['a list', [], 400, 'invalid_json', null],
    ['null', null, 400, 'invalid_json', null],
    ['half of a document', '{"email":', 400, 'invalid_json', null],
    ['an inherited attribute', '{"__proto__":{"email":"a@example.com"}}', 400, 'required', 'email'],
  ])('login answers 400 to %s', async (_what, body, status, code, attribute) => {
    expect(await login(body)).toMatchObject({ status, body: { code, attribute } });
  });

  test('login answers 405 to GET and 415 to a form', async () => {
    const get = await fetch(`${gateway.url}/api/v1/login`);
    expect(get.status).toBe(405);
    expect(get.headers.get('allow')).toBe('POST');
    expect(await get.json()).toEqual(
      error('method_not_allowed', "HTTP method 'GET' is not allowed for this endpoint.", null),
    );
    const form = await gateway.post('/api/v1/login', 'email=a', {
      'content-type': 'application/x-www-form-urlencoded',
    });
    expect(form).toMatchObject({ status: 415, body: { code: 'unsupported_media_type', attribute: null } });
  });

  test('login answers 413 to a body above the limit, with and without Content-Length', async () => {
    const large = JSON.stringify({ email: 'a@example.com', password: 'x'.repeat(1_100_000) });
    expect(await login(large)).toMatchObject({ status: 413, body: { code: 'payload_too_large' } });
    const chunked = await fetch(`${gateway.url}/api/v1/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Blob([large]).stream(),
      duplex: 'half',
    } as RequestInit);
    expect(chunked.status).toBe(413);
  });

  test('contracts returns the cached addresses to anonymous', async () => {
    expect(await (await fetch(`${gateway.url}/api/v1/contracts`)).json()).toEqual([]);
    await gateway.sql`insert into portcullis.cache (key, value) values
      ('staging.semaphore.wld.eth', '0x2222222222222222222222222222222222222222'),
      ('semaphore.wld.eth', '0x1111111111111111111111111111111111111111'), ('other.eth', '0x')`;
    expect(await (await fetch(`${gateway.url}/api/v1/contracts`)).json()).toEqual([
      { key: 'semaphore.wld.eth', value: '0x1111111111111111111111111111111111111111' },
      { key: 'staging.semaphore.wld.eth', value: '0x2222222222222222222222222222222222222222' },
    ]);
  });
});

describe('the portal’s internal endpoints', () => {
  const paths = ['/api/_ens', '/api/_jwk-gen', '/api/_delete-jwks'];

  test.each(paths)('%s answers 403 without the secret before any other check', async (path) => {
    const denied = error('permission_denied', 'You do not have permission to perform this action.', null);
    for (const authorization of [
      '',
      'Bearer',
      'Bearer wrong',
      gateway.secret.slice(1),
      `Basic ${gateway.secret}`,
    ]) {
      const answer = await fetch(gateway.url + path, { headers: { authorization } });
      expect({ status: answer.status, body: await answer.json() }).toEqual({ status: 403, body: denied });
    }
    for (const authorization of [gateway.secret, `Bearer ${gateway.secret}`, `bearer ${gateway.secret}`])
      expect((await fetch(gateway.url + path, { headers: { authorization } })).status).toBe(405);
  });

  test('_jwk-gen answers as its document shows, for every body', async () => {
    for (const body of [undefined, '{}', 'rubbish']) {
      const answer = await gateway.post('/api/_jwk-gen', body, { authorization: gateway.secret });
      expect(answer).toMatchObject({
        status: 201,
        body: {
          success: true,
          jwk: {
            id: expect.stringMatching(/^jwk_[0-9a-f]{32}$/),
            expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$/),
            __typename: 'jwks',
          },
        },
      });
    }
  });

  test('_ens answers 500 when ENS_RPC_URLS is missing', async () => {
    expect(await gateway.post('/api/_ens', {}, { authorization: gateway.secret })).toMatchObject({
      status: 500,
      body: { success: false, error: 'ENS is not configured: set ENS_RPC_URLS.' },
    });
  });
});
