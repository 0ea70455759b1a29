import { randomBytes } from 'node:crypto';
import type { JWK } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reencryptKeys } from '../../src/keys/encryption-at-rest.ts';
import { createSignerKeyFinder, storeSignerKey } from '../../src/keys/password-signer-keys.ts';
import {
  bearer,
  LOGIN,
  logIn,
  ME,
  newPerson,
  signUp,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts';
import { ageKey, generateKey, keyOf, PUBLISHED, readJwks } from './keys.ts';

const person = newPerson();
const credentials = { email: person.email, password: person.password };
const noSigningKey = [
  {
    message: 'The gateway has no usable signing key.',
    extensions: { code: 'no_signing_key', attribute: null, requestId: expect.any(String) },
    path: ['login'],
  },
];

describe('the private half of a key', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway();
    await signUp(gateway, person);
  });
  afterAll(() => gateway.close());

  test('is encrypted in the database and appears in no answer, table or log', async () => {
    const generated = [
      await gateway.post('/api/_jwk-gen', undefined, { authorization: gateway.secret }),
      await gateway.post(
        '/hasura/actions/generateJwk',
        { session_variables: { 'x-hasura-role': 'admin' } },
        { 'x-hasura-gateway-secret': gateway.secret },
      ),
    ];
    const kept = await gateway.sql<{ jwe: string }[]>`select jwe from portcullis_private.private_jwks`;
    expect(kept).toHaveLength(3);
    const seen = JSON.stringify([
      generated,
      await readJwks(gateway),
      await gateway.sql`select * from portcullis.jwks`,
      gateway.logged(),
      kept,
    ]);
    for (const { jwe } of kept) {
      expect(jwe.split('.')).toHaveLength(5);
      const { d } = JSON.parse(await gateway.deps.keyEncryption.decrypt(jwe)) as JWK;
      expect(d).toMatch(/^[\w-]{43}$/);
      expect(seen).not.toContain(d);
    }
  });

  test.each(['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'])(
    'cannot be stored in the public table: member %s',
    async (member) => {
      const id = `jwk_${randomBytes(16).toString('hex')}`;
      const jwk = { kty: 'EC', kid: id, [member]: 'AAAA' };
      await expect(
        gateway.sql`insert into portcullis.jwks (id, alg, public_jwk, expires_at)
        values (${id}, 'ES256', ${gateway.sql.json(jwk)}, now() + interval '1 day')`,
      ).rejects.toMatchObject({ constraint_name: 'jwks_public_half_only' });
    },
  );

  test('does not sign after a move to another key’s row: no_signing_key', async () => {
    const [first] = (await readJwks(gateway)).ids;
    await gateway.sql`delete from portcullis.jwks where id <> ${first ?? ''}`;
    const second = await generateKey(gateway);
    await gateway.sql`update portcullis_private.private_jwks as mine set jwe = other.jwe
      from portcullis_private.private_jwks as other where other.id <> mine.id`;
    // A gateway that has not imported the key yet.
    const replica = await startGateway({ replicaOf: gateway });
    expect(await replica.failure(LOGIN, { input: credentials })).toEqual(noSigningKey);
    await ageKey(gateway, PUBLISHED, second);
    expect(await replica.failure(LOGIN, { input: credentials })).toEqual(noSigningKey);
    await replica.close();
  });

  test('does not sign after an alteration: no_signing_key, and /ready answers 503', async () => {
    await gateway.sql`delete from portcullis.jwks`;
    await generateKey(gateway);
    // The first character of the encrypted key, of which every bit matters.
    await gateway.sql`update portcullis_private.private_jwks
      set jwe = regexp_replace(jwe, '^([^.]+[.])(.)', '\\1' || case when jwe ~ '^[^.]+[.]A' then 'B' else 'A' end)`;
    expect(await gateway.failure(LOGIN, { input: credentials })).toEqual(noSigningKey);
    expect(gateway.logged()).toContain('ERR_JWE_DECRYPTION_FAILED');
    const ready = await fetch(`${gateway.url}/ready`);
    expect({ status: ready.status, ...((await ready.json()) as object) }).toMatchObject({
      status: 503,
      checks: [
        { name: 'database', ok: true },
        { name: 'migrations', ok: true },
        { name: 'signing_key', ok: false, reason: 'The gateway has no usable signing key.' },
      ],
    });
  });
});

describe('the key-encryption keys', () => {
  const [a, b] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
  const underKeys = (replicaOf: TestGateway, keys: string) =>
    startGateway({ replicaOf, env: { KEY_ENCRYPTION_KEYS: keys } });

  test('that do not fit the stored keys stop the start with the name KEY_ENCRYPTION_KEYS', async () => {
    const gateway = await startGateway({ env: { KEY_ENCRYPTION_KEYS: a } });
    const refusal: unknown = await underKeys(gateway, b).catch((error: unknown) => error);
    expect((refusal as Error).message).toBe(
      'KEY_ENCRYPTION_KEYS: no key fits a stored signing key. Configure the key that encrypted it.',
    );
    for (const keys of ['dG9vIHNob3J0', 'not base64!', `${a},${a},${a}`]) {
      const problem = (await underKeys(gateway, keys).catch((error: unknown) => error)) as Error;
      expect(problem.message).toContain('KEY_ENCRYPTION_KEYS: must be');
      expect(problem.message).not.toContain(keys);
    }
    await gateway.close();
  });

  test('also fit the signer keys of imported passwords, and re-encryption covers those', async () => {
    const before = await startGateway({ env: { KEY_ENCRYPTION_KEYS: a } });
    const signerKey = randomBytes(64);
    const id = await storeSignerKey(before.deps.db, before.deps.keyEncryption, signerKey);
    await before.sql`delete from portcullis.jwks`;
    await expect(underKeys(before, b)).rejects.toThrow(
      'KEY_ENCRYPTION_KEYS: no key fits a stored signer key of imported passwords. Configure the key that encrypted it.',
    );
    const during = await underKeys(before, `${b},${a}`);
    expect(await reencryptKeys(during.deps)).toBe(1);
    expect(await reencryptKeys(during.deps)).toBe(0);
    const { db } = before.deps;
    const { keyEncryption } = await underKeys(before, b).then(async (after) => {
      await after.close();
      return after.deps;
    });
    expect(await createSignerKeyFinder(db, keyEncryption)(id)).toEqual(signerKey);
    expect(await createSignerKeyFinder(db, keyEncryption)('0'.repeat(32))).toBeNull();
    for (const gateway of [during, before]) await gateway.close();
  });

  test('can be rotated: both keys at first, then re-encryption, then the new key alone', async () => {
    const before = await startGateway({ env: { KEY_ENCRYPTION_KEYS: a } });
    const signedUp = await signUp(before, person);

    const during = await underKeys(before, `${b},${a}`);
    const second = await generateKey(during);
    expect(keyOf((await logIn(during, person)).accessToken)).toBe(keyOf(signedUp.accessToken));
    await expect(underKeys(before, b)).rejects.toThrow('KEY_ENCRYPTION_KEYS');
    const stored = () => before.sql`select * from portcullis_private.private_jwks where id <> ${second}`;
    const old = await stored();
    expect(await reencryptKeys(during.deps)).toBe(1);
    expect(await stored()).not.toEqual(old);
    const renewed = await stored();
    expect(await reencryptKeys(during.deps)).toBe(0);
    expect(await stored()).toEqual(renewed);

    const after = await underKeys(before, b);
    const { accessToken } = await logIn(after, person);
    expect(keyOf(accessToken)).toBe(keyOf(signedUp.accessToken));
    for (const token of [accessToken, signedUp.accessToken])
      expect(await after.graphql(ME, {}, bearer(token))).toMatchObject({ me: { email: person.email } });
    await ageKey(after, PUBLISHED, second);
    expect(keyOf((await logIn(after, person)).accessToken)).toBe(second);
    await expect(underKeys(before, a)).rejects.toThrow('KEY_ENCRYPTION_KEYS');
    for (const gateway of [after, during, before]) await gateway.close();
  });
});
