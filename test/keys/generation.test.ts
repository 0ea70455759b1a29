import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { logIn, newPerson, signUp, startGateway, type TestGateway } from '../support/gateway.ts';
import { expireKey, generateKey, keyOf, readJwks } from './keys.ts';

describe('the internal endpoints for keys', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway.close());

  const ids = async () =>
    (await gateway.sql`select id from portcullis.jwks order by id`).map(({ id }) => id as string);

  test('_jwk-gen answers with the new key’s id and expiry and changes no other key', async () => {
    const before = await gateway.sql`select * from portcullis.jwks`;
    const { status, body } = await gateway.post('/api/_jwk-gen', undefined, {
      authorization: `Bearer ${gateway.secret}`,
    });
    expect({ status, body }).toEqual({
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
    const { jwk } = body as { jwk: { id: string; expires_at: string } };
    const [row] = await gateway.sql`select expires_at from portcullis.jwks where id = ${jwk.id}`;
    expect(row?.expires_at).toEqual(new Date(jwk.expires_at));
    expect(await gateway.sql`select * from portcullis.jwks where id <> ${jwk.id}`).toEqual(before);
  });

  test('_delete-jwks deletes only keys whose last token has expired', async () => {
    // A token lives for a day at most here, and a cache may be 750 s late.
    const grace = 86_400 + 750;
    const [unexpired, expired, nearly, long] = [
      await generateKey(gateway),
      await generateKey(gateway),
      await generateKey(gateway),
      await generateKey(gateway),
    ];
    await expireKey(gateway, expired);
    await expireKey(gateway, nearly, -grace + 30);
    await expireKey(gateway, long, -grace - 1);
    const before = await ids();
    for (let i = 0; i < 2; i++) {
      const answer = await fetch(`${gateway.url}/api/_delete-jwks`, {
        method: 'POST',
        headers: { authorization: gateway.secret },
      });
      expect({ status: answer.status, body: await answer.text() }).toEqual({ status: 204, body: '' });
      expect(await ids()).toEqual(before.filter((id) => id !== long));
    }
    expect(await ids()).toEqual(expect.arrayContaining([unexpired, expired, nearly]));
  });
});

describe('concurrent generation', () => {
  test('stops at 50 unexpired keys: too_many_keys', async () => {
    const gateway = await startGateway();
    const replica = await startGateway({ replicaOf: gateway });
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        (i % 2 === 0 ? gateway : replica).post('/api/_jwk-gen', undefined, { authorization: gateway.secret }),
      ),
    );
    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused).toHaveLength(11); // the gateway made one when it started
    for (const { status, body } of refused)
      expect({ status, body }).toEqual({
        status: 400,
        body: {
          code: 'too_many_keys',
          detail: 'There are too many unexpired keys. Delete or expire some first.',
          attribute: null,
        },
      });
    const { ids } = await readJwks(gateway);
    expect(new Set(ids).size).toBe(50);

    await expireKey(gateway, ids[0]);
    expect((await readJwks(gateway)).ids).toHaveLength(49);
    await generateKey(replica);
    expect((await readJwks(gateway)).ids).toHaveLength(50);
    await replica.close();
    await gateway.close();
  });

  test('makes one key when replicas start together on an empty table', async () => {
    const gateway = await startGateway();
    await gateway.sql`delete from portcullis.jwks`;
    const replicas = await Promise.all([1, 2, 3].map(() => startGateway({ replicaOf: gateway })));
    expect((await readJwks(gateway)).ids).toHaveLength(1);
    await Promise.all(replicas.map((replica) => replica.close()));
    await gateway.close();
  });
});

describe('housekeeping', () => {
  test('makes one successor for an ending key, even with three replicas', async () => {
    const env = { HOUSEKEEPING_SECONDS: '1' };
    const gateway = await startGateway({ env });
    const replicas = await Promise.all([1, 2].map(() => startGateway({ replicaOf: gateway })));
    const person = newPerson();
    const first = keyOf((await signUp(gateway, person)).accessToken);
    await sleep(1500);
    expect((await readJwks(gateway)).ids).toEqual([first]);

    await expireKey(gateway, first, 1800);
    await expect.poll(async () => (await readJwks(gateway)).ids.length).toBe(2);
    await sleep(3000);
    expect((await readJwks(gateway)).ids).toHaveLength(2);
    // The successor signs only after every cache holds it, which is soon enough.
    expect(keyOf((await logIn(gateway, person)).accessToken)).toBe(first);

    await Promise.all(replicas.map((replica) => replica.close()));
    await gateway.close();
  });

  test('makes a key for a gateway whose keys have all expired', async () => {
    const gateway = await startGateway({ env: { HOUSEKEEPING_SECONDS: '1' } });
    await expireKey(gateway);
    await expect.poll(async () => (await fetch(`${gateway.url}/ready`)).status).toBe(200);
    await signUp(gateway);
    await gateway.close();
  });
});
