import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createJwtVerifier, type JwtVerifier } from '../support/hasura/jwt.ts';

// When Hasura fetches the JWKS: by a poller that looks every 60 seconds.

type Key = Awaited<ReturnType<typeof newKey>>;
async function newKey(kid: string) {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  return { kid, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' }, privateKey };
}

let fetches: number;
let published: Key[];
let headers: Record<string, string>;
let failing: (fetch: number) => boolean;
const server = createServer((_request, response) => {
  fetches += 1;
  response.writeHead(failing(fetches) ? 503 : 200, headers);
  response.end(JSON.stringify({ keys: published.map(({ jwk }) => jwk) }));
});
let clock: number;
let old: Key;
beforeEach(async () => {
  [fetches, headers, clock, failing] = [
    0,
    { 'cache-control': 'public, max-age=300' },
    Date.now(),
    () => false,
  ];
  old = await newKey('old');
  published = [old];
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const start = () => {
  const jwk_url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`;
  const secret = { jwk_url, issuer: 'i', audience: 'a', allowed_skew: 0 };
  return createJwtVerifier(secret, () => clock);
};
async function reasonAgainst(verifier: JwtVerifier, { kid, privateKey }: Key): Promise<string> {
  const hasura = { 'x-hasura-allowed-roles': ['user'], 'x-hasura-default-role': 'user' };
  const token = new SignJWT({ 'https://hasura.io/jwt/claims': hasura }).setProtectedHeader({
    alg: 'ES256',
    kid,
  });
  return verifier.sessionOf(await token.sign(privateKey), undefined).then(
    () => 'none',
    (error: Error) => /JWSError (\w+)/.exec(error.message)?.[1] ?? error.message,
  );
}
const pass = (seconds: number) => {
  clock += seconds * 1000;
};

test('it is fetched twice at the start: to see that it can be, and by the poller', async () => {
  await start();
  expect(fetches).toBe(2);
});

test('a start without it fails', async () => {
  failing = () => true;
  await expect(start()).rejects.toThrow('Non-2xx response on fetching JWK from');
});

test('where only the poller’s fetch fails, no token is good for a minute', async () => {
  failing = (fetch) => fetch === 2;
  const verifier = await start();
  expect(await reasonAgainst(verifier, old)).toBe('NoUsableKeys');
  pass(59);
  expect(await reasonAgainst(verifier, old)).toBe('NoUsableKeys');
  pass(1);
  expect(await reasonAgainst(verifier, old)).toBe('none');
});

test('an unknown key is no reason to fetch it before its time', async () => {
  const verifier = await start();
  const added = await newKey('added');
  published = [old, added];
  pass(299);
  expect(await reasonAgainst(verifier, added)).toBe('JWSInvalidSignature');
  expect(fetches).toBe(2);
  pass(1);
  expect(await reasonAgainst(verifier, added)).toBe('none');
  expect(fetches).toBe(3);
});

test('its time ends with a look of the poller, up to a minute late', async () => {
  headers = { 'cache-control': 'max-age=301' };
  const verifier = await start();
  const added = await newKey('added');
  published = [added];
  pass(359);
  expect(await reasonAgainst(verifier, added)).toBe('JWSInvalidSignature');
  expect(await reasonAgainst(verifier, old)).toBe('none');
  pass(1);
  expect(await reasonAgainst(verifier, added)).toBe('none');
  expect(await reasonAgainst(verifier, old)).toBe('JWSInvalidSignature');
});

test('after a pause its time runs from the last look that was due, not from the request', async () => {
  const verifier = await start();
  pass(3000 + 299);
  await reasonAgainst(verifier, old);
  const added = await newKey('added');
  published = [added];
  expect(await reasonAgainst(verifier, added)).toBe('JWSInvalidSignature');
  pass(1);
  expect(await reasonAgainst(verifier, added)).toBe('none');
});

test('a fetch that fails leaves the old keys for a minute more', async () => {
  const verifier = await start();
  const added = await newKey('added');
  published = [added];
  failing = (fetch) => fetch === 3;
  pass(300);
  expect(await reasonAgainst(verifier, old)).toBe('none');
  pass(59);
  expect(await reasonAgainst(verifier, added)).toBe('JWSInvalidSignature');
  pass(1);
  expect(await reasonAgainst(verifier, added)).toBe('none');
  // Its time runs from then.
  published = [old];
  pass(299);
  expect(await reasonAgainst(verifier, added)).toBe('none');
  pass(1);
  expect(await reasonAgainst(verifier, added)).toBe('JWSInvalidSignature');
});

test('a set without keys is fetched again at every look', async () => {
  published = [];
  const verifier = await start();
  published = [old];
  pass(59);
  expect(await reasonAgainst(verifier, old)).toBe('NoUsableKeys');
  pass(1);
  expect(await reasonAgainst(verifier, old)).toBe('none');
});

test.each([
  ['no-store', 60],
  ['no-cache', 60],
  ['must-revalidate', 60],
  ['max-age=100, must-revalidate', 120],
  ['s-maxage=60', 60],
])('with "%s" it is fetched again after %i seconds', async (cacheControl, seconds) => {
  headers = { 'cache-control': cacheControl };
  const verifier = await start();
  pass(seconds - 1);
  await reasonAgainst(verifier, old);
  expect(fetches).toBe(2);
  pass(1);
  await reasonAgainst(verifier, old);
  expect(fetches).toBe(3);
});

test('without a word about its lifetime it is never fetched again; Expires is one', async () => {
  headers = {};
  const forEver = await start();
  headers = { expires: new Date(clock + 100_000).toUTCString() };
  const expiring = await start();
  pass(86_400);
  const before = fetches;
  await reasonAgainst(forEver, old);
  expect(fetches).toBe(before);
  await reasonAgainst(expiring, old);
  expect(fetches).toBe(before + 1);
});

test('after an answer with a lifetime one without a word of it is followed by a fetch at every look', async () => {
  headers = { 'cache-control': 'max-age=60' };
  const verifier = await start();
  headers = {};
  for (const fetched of [3, 4, 5]) {
    pass(60);
    await reasonAgainst(verifier, old);
    expect(fetches).toBe(fetched);
    pass(59);
    await reasonAgainst(verifier, old);
    expect(fetches).toBe(fetched);
    pass(-59);
  }
  const added = await newKey('added');
  published = [added];
  pass(60);
  expect(await reasonAgainst(verifier, added)).toBe('none');
});

test.each([
  ['an unknown use', { use: 'wrap' }],
  ['an unknown kty', { kty: 'XY' }],
  ['parameters of another curve', { crv: 'P-384' }],
  ['a parameter too few', { y: undefined }],
])('one key with %s spoils the set', async (_what, wrong) => {
  const verifier = await start();
  const added = await newKey('added');
  published = [added, { ...old, jwk: { ...old.jwk, ...wrong } as Key['jwk'] }];
  pass(300);
  expect(await reasonAgainst(verifier, added)).toBe('JWSInvalidSignature');
  expect(await reasonAgainst(verifier, old)).toBe('none');
});

test.each(['kid', 'alg', 'use'] as const)('a key without %s is as good as any', async (member) => {
  const { [member]: _, ...jwk } = old.jwk;
  published = [{ ...old, jwk: jwk as Key['jwk'] }];
  expect(await reasonAgainst(await start(), old)).toBe('none');
});
