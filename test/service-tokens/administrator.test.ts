import { decodeJwt, decodeProtectedHeader, exportSPKI, importJWK } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';
import { administrate, JWT_SECRET, signShared } from '../gotrue/administrators.ts';
import { type Member, verifiedPerson } from '../gotrue/people.ts';
import { bearer, expectError, send, type WireAnswer } from '../gotrue/wire.ts';
import { expireKey, readJwks } from '../keys/keys.ts';
import { forFile } from '../support/for-file.ts';
import { startGateway } from '../support/gateway.ts';
import { createServiceToken, serviceToken, serviceTokenJson } from './tokens.ts';

// Which tokens manage accounts at the GoTrue dialect.

const OTHER_SECRET = 'another secret of at least 32 characters';
const gateway = forFile(() =>
  startGateway({
    env: {
      GOTRUE_JWT_SECRET: `${OTHER_SECRET},${JWT_SECRET}`,
      LIMIT_SIGNUP_PER_ADDRESS: '1000/60',
      LIMIT_INTERNAL_SECRET_PER_ADDRESS: '1000/60',
    },
  }),
);

let ada: Member;
beforeEach(async () => {
  ada = await verifiedPerson(gateway);
});

const ADMINISTRATION = [
  ['GET', '/admin/users'],
  ['POST', '/admin/users'],
  ['POST', '/admin/users/018f0000-0000-7000-8000-00000000dead'],
  ['GET', '/admin/users/018f0000-0000-7000-8000-00000000dead'],
  ['PUT', '/admin/users/018f0000-0000-7000-8000-00000000dead'],
  ['DELETE', '/admin/users/018f0000-0000-7000-8000-00000000dead'],
] as const;

const listUsers = (token: string, at = gateway): Promise<WireAnswer> =>
  send(at, 'GET', '/admin/users?per_page=1', { headers: bearer(token) });
const sessionOf = (token: string) => String(decodeJwt(token).sid);
const badJwt = (answer: WireAnswer) =>
  expectError(answer, 403, 'bad_jwt', expect.stringMatching(/^invalid JWT: unable to parse or verify/));

describe.each(ADMINISTRATION)('%s %s', (method, path) => {
  const ask = (headers: Record<string, string>) => send(gateway, method, path, { headers });

  test('without a token answers no_authorization', async () => {
    expectError(await ask({}), 401, 'no_authorization', 'This endpoint requires a valid Bearer token');
    expectError(await ask({ authorization: 'Basic YTpi' }), 401, 'no_authorization', expect.any(String));
  });

  test('with the token of a person, or of role anon, answers not_admin', async () => {
    const anon = await signShared({ role: 'anon' });
    for (const token of [ada.accessToken, ada.teamToken ?? '', anon, await signShared({})])
      expectError(await ask(bearer(token)), 403, 'not_admin', 'User not allowed');
  });

  test('with a token that nothing proves answers bad_jwt', async () => {
    for (const token of ['not.a.jwt', await signShared({ role: 'service_role' }, 'x'.repeat(32))])
      badJwt(await ask(bearer(token)));
  });
});

describe('a service token', () => {
  test('manages accounts, below every alias, and the list shows the hour of its use', async () => {
    const { token, id } = await createServiceToken(gateway);
    for (const place of ['', '/gotrue', '/gotrue/auth/v1'])
      expect((await send(gateway, 'GET', `${place}/admin/users`, { headers: bearer(token) })).status).toBe(
        200,
      );
    const { serviceTokens } = await serviceTokenJson<{ serviceTokens: { id: string; lastUsedAt: string }[] }>(
      gateway,
      ['list'],
    );
    const used = serviceTokens.find((each) => each.id === id)?.lastUsedAt ?? '';
    expect(used).toMatch(/:00:00\.000Z$/);
    expect(Date.now() - Date.parse(used)).toBeLessThan(2 * 3_600_000);
  });

  test('is refused at once by every replica when it is revoked: bad_jwt', async () => {
    const replica = await startGateway({ replicaOf: gateway });
    try {
      const { token, id } = await createServiceToken(gateway);
      expect((await listUsers(token, replica)).status).toBe(200);
      await serviceToken(gateway, ['revoke', id]);
      for (const at of [gateway, replica]) badJwt(await listUsers(token, at));
    } finally {
      await replica.close();
    }
  });

  test('is refused when it has expired, or when its key was ended: bad_jwt', async () => {
    const own = await startGateway({ env: { GOTRUE_JWT_SECRET: JWT_SECRET } });
    try {
      const { token, id } = await createServiceToken(own);
      await own.sql`update portcullis_private.service_tokens
        set created_at = now() - interval '2 hours', expires_at = now() - interval '1 hour' where id = ${id}`;
      badJwt(await listUsers(token, own));
      const { token: second } = await createServiceToken(own);
      expect((await listUsers(second, own)).status).toBe(200);
      await expireKey(own);
      badJwt(await listUsers(second, own));
    } finally {
      await own.close();
    }
  });

  test.each([
    ['GET', '/user'],
    ['PUT', '/user'],
    ['POST', '/logout'],
  ])('is not a person: %s %s answers bad_jwt', async (method, path) => {
    const { token } = await createServiceToken(gateway);
    badJwt(await send(gateway, method, path, { headers: bearer(token) }));
  });

  test('manages nothing if its role is not in GOTRUE_ADMIN_ROLES any more: not_admin', async () => {
    const { token } = await createServiceToken(gateway, ['--role', 'fastrue_admin']);
    expect((await listUsers(token)).status).toBe(200);
    const replica = await startGateway({ replicaOf: gateway, env: { GOTRUE_ADMIN_ROLES: 'service_role' } });
    try {
      expectError(await listUsers(token, replica), 403, 'not_admin', 'User not allowed');
    } finally {
      await replica.close();
    }
  });
});

describe('a token by the shared secret', () => {
  test('manages accounts without exp, and with a sub that is not a UUID', async () => {
    expect((await administrate(gateway, 'GET', '/admin/users?per_page=1')).status).toBe(200);
  });

  test.each(['service_role', 'supabase_admin', 'fastrue_admin'])(
    'of role %s manages accounts',
    async (role) => {
      expect((await listUsers(await signShared({ role }))).status).toBe(200);
    },
  );

  test('counts under either of two secrets', async () => {
    for (const secret of [JWT_SECRET, OTHER_SECRET])
      expect((await listUsers(await signShared({ role: 'service_role' }, secret))).status).toBe(200);
  });

  test('that has expired, or is not valid yet, answers bad_jwt', async () => {
    const now = Math.floor(Date.now() / 1000);
    for (const times of [{ exp: now - 10 }, { nbf: now + 60 }])
      badJwt(await listUsers(await signShared({ role: 'service_role', ...times })));
  });

  test('with a session manages accounts while the session lives: session_not_found', async () => {
    const token = await signShared({ role: 'service_role', session_id: sessionOf(ada.accessToken) });
    expect((await listUsers(token)).status).toBe(200);
    await gateway.graphql('mutation { logout { sessionsEnded } }', {}, bearer(ada.accessToken));
    const message = 'Session from session_id claim in JWT does not exist';
    expectError(await listUsers(token), 403, 'session_not_found', message);
    const odd = await signShared({ role: 'service_role', session_id: 'x' });
    expectError(await listUsers(odd), 403, 'session_not_found', message);
  });

  test('that names a key, or has another algorithm, answers bad_jwt', async () => {
    const { kid } = decodeProtectedHeader(ada.accessToken);
    const { keys } = await readJwks(gateway);
    const [jwk = {}] = keys;
    const spki = await exportSPKI((await importJWK({ ...jwk, ext: true }, 'ES256')) as CryptoKey);
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const payload = { role: 'service_role' };
    for (const token of [
      await signShared(payload, JWT_SECRET, { kid }),
      await signShared(payload, JWT_SECRET, { kid: '' }),
      await signShared(payload, spki),
      await signShared(payload, JSON.stringify(jwk), { kid }),
      await signShared(payload, JWT_SECRET, { alg: 'HS512' }),
      `${encode({ alg: 'none' })}.${encode(payload)}.`,
      `${encode({ alg: 'HS256' })}.${encode(payload)}.`,
    ])
      badJwt(await listUsers(token));
  });

  test('is refused without GOTRUE_JWT_SECRET: bad_jwt', async () => {
    const replica = await startGateway({ replicaOf: gateway, env: { GOTRUE_JWT_SECRET: '' } });
    try {
      badJwt(await listUsers(await signShared({ role: 'service_role' }), replica));
    } finally {
      await replica.close();
    }
  });
});

test('wrong tokens are counted per address: rate_limited, and the right one is never refused', async () => {
  const limited = await startGateway({
    env: {
      GOTRUE_JWT_SECRET: JWT_SECRET,
      LIMIT_INTERNAL_SECRET_PER_ADDRESS: '5/600',
      TRUSTED_PROXIES: 'loopback',
    },
  });
  try {
    const from = (address: string, token: string) =>
      send(limited, 'GET', '/admin/users', { headers: { ...bearer(token), 'x-forwarded-for': address } });
    for (let n = 0; n < 5; n++) badJwt(await from('203.0.113.1', `wrong.${n}.token`));
    const refused = await from('203.0.113.1', 'wrong.6.token');
    expectError(refused, 429, 'over_request_rate_limit', 'Request rate limit reached');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(500);
    badJwt(await from('203.0.113.2', 'wrong.1.token'));
    expect((await from('203.0.113.1', await signShared({ role: 'service_role' }))).status).toBe(200);
    const events = await limited.sql`select details ->> 'header' as header from portcullis.security_events
      where action = 'internal_secret_refused'`;
    expect(events.map(({ header }) => header)).toContain('authorization');
  } finally {
    await limited.close();
  }
});
