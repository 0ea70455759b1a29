import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { newPerson, signUp, startGateway, type TestGateway } from '../support/gateway.ts';
import { usedMemory } from '../support/memory.ts';
import { head, openRawClient, parseAnswers, type RawClient } from '../support/raw-client.ts';

let gateway: TestGateway;
let proxied: TestGateway;
const person = newPerson();
beforeAll(async () => {
  const env = { LIMIT_LOGIN_PER_ACCOUNT: '1000/60', LIMIT_LOGIN_PER_ADDRESS: '1000/60' };
  gateway = await startGateway({ env });
  proxied = await startGateway({ replicaOf: gateway, env: { TRUSTED_PROXIES: 'loopback' } });
  await signUp(gateway, person);
});
afterAll(async () => {
  await proxied.close();
  await gateway.close();
});

const MB = 1024 * 1024;
const JSON_TYPE = { 'content-type': 'application/json' };
const UNFINISHED = Buffer.alloc(MB - 1, 'x');
const held = ({ deps }: TestGateway) => deps.bodyBudget.heldBytes;

/** A GraphQL body of this many bytes, which the gateway answers with 200. */
const bodyOf = (bytes: number) => {
  const [start, end] = ['{"query":"{ __typename }","variables":{"x":"', '"}}'];
  return start + 'x'.repeat(bytes - start.length - end.length) + end;
};
const ask = async ({ post }: TestGateway, bytes: number, headers = {}) =>
  (await post('/graphql', bodyOf(bytes), headers)).status;
const logIn = async ({ post }: TestGateway) =>
  (await post('/api/v1/login', { email: person.email, password: person.password })).status;

const uploads: RawClient[] = [];
afterEach(async () => {
  for (const { socket } of uploads.splice(0)) socket.destroy();
  for (const each of [gateway, proxied]) await expect.poll(() => held(each)).toBe(0);
});

/** Sends a body of 1 MB except its last byte. */
async function beginUpload({ url }: TestGateway, headers: Record<string, string> = {}): Promise<RawClient> {
  const client = await openRawClient(url);
  uploads.push(client);
  client.socket.write(head('POST /graphql', { ...JSON_TYPE, ...headers, 'content-length': MB }));
  client.socket.write(UNFINISHED);
  return client;
}
const refusals = () =>
  uploads.filter(({ received }) => received() !== '').map(({ received }) => parseAnswers(received())[0]);
/** Waits until this many uploads are refused. By then the gateway has read nearly all of the others. */
const untilRefused = (bodies: number) =>
  expect.poll(() => refusals().length, { interval: 50 }).toBeGreaterThanOrEqual(bodies);

describe('an IP address that sends unfinished bodies', () => {
  const flood = async (bodies: number) => {
    await Promise.all(Array.from({ length: bodies }, () => beginUpload(gateway)));
    // About 8 bodies fit into the share of one address.
    await untilRefused(bodies - 20);
  };

  test('holds its share at most, its further bodies answer busy, and logins succeed', async () => {
    await flood(140);
    // The share is 8 MB. The first 16 KB of each body do not count.
    expect(held(gateway)).toBeLessThan(11 * MB);
    const refused = refusals();
    expect(await Promise.all(Array.from({ length: 20 }, () => logIn(gateway)))).toEqual(Array(20).fill(200));
    for (const answer of refused) {
      expect(answer).toMatchObject({ status: 503 });
      expect(JSON.parse(answer?.body ?? '')).toMatchObject({ errors: [{ extensions: { code: 'busy' } }] });
      expect(answer?.headers.get('retry-after')).toBe('1');
      expect(answer?.headers.get('connection')).toBe('close');
    }
  });

  test('can still send complete bodies of up to 1 MB, and so can Hasura', async () => {
    await flood(40);
    for (const bytes of [20_000, 100_000, MB]) expect(await ask(gateway, bytes)).toBe(200);
    const asHasura = { 'x-hasura-gateway-secret': gateway.secret };
    expect(await Promise.all(Array.from({ length: 10 }, () => ask(gateway, MB, asHasura)))).toEqual(
      Array(10).fill(200),
    );
  });
});

test('many addresses share a budget, and further addresses can still send 1 MB', async () => {
  const from = (n: number) => ({ 'x-forwarded-for': `198.51.100.${n}` });
  await Promise.all(
    Array.from({ length: 30 }, (_, n) => [1, 2, 3].map(() => beginUpload(proxied, from(n)))).flat(),
  );
  // 32 MB of the 90 MB fit into the budget.
  await untilRefused(50);
  expect(held(proxied)).toBeGreaterThan(20 * MB);
  expect(held(proxied)).toBeLessThan(35 * MB);
  for (const [n, bytes] of [20_000, 100_000, MB].entries())
    expect(await ask(proxied, bytes, from(100 + n))).toBe(200);
});

test('an IPv6 network has one share, and all clients without a known address have another', async () => {
  const claims = [(n: number) => `2001:db8:0:1::${n}`, (n: number) => `hidden-${n}`];
  for (const claim of claims) {
    await Promise.all(
      Array.from({ length: 20 }, (_, n) => beginUpload(proxied, { 'x-forwarded-for': claim(n + 1) })),
    );
    await untilRefused(10);
    expect(held(proxied)).toBeLessThan(9 * MB);
    for (const { socket } of uploads.splice(0)) socket.destroy();
    await expect.poll(() => held(proxied)).toBe(0);
  }
});

test('a wrong secret does not give a client the room of Hasura', async () => {
  const headers = { 'x-hasura-gateway-secret': 'x'.repeat(64) };
  // This endpoint reads the body before it looks at the secret.
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      const client = await openRawClient(gateway.url);
      uploads.push(client);
      const start = head('POST /api/v1/login', { ...JSON_TYPE, ...headers, 'content-length': MB });
      client.socket.write(start);
      client.socket.write(UNFINISHED);
    }),
  );
  await untilRefused(10);
  expect(held(gateway)).toBeLessThan(9 * MB);
});

test('bodies that arrive too slowly answer request_timeout, and their connections are closed', async () => {
  const slow = await Promise.all([openRawClient(gateway.url), openRawClient(gateway.url)]);
  uploads.push(...slow);
  const [silent, trickling] = slow;
  const start = head('POST /api/v1/login', { ...JSON_TYPE, 'content-length': 200 });
  await silent!.send(start);
  await trickling!.send(start);
  const trickle = setInterval(() => trickling!.socket.write(' '), 100);
  const answers = await Promise.all(slow.map(({ ended }) => ended()));
  clearInterval(trickle);
  for (const text of answers) {
    const [answer] = parseAnswers(text);
    expect(answer).toMatchObject({ status: 408 });
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({ code: 'request_timeout' });
    expect(answer?.headers.get('connection')).toBe('close');
  }
});

test('a body in chunks of one byte takes no more memory than another body', async () => {
  const before = usedMemory();
  const start = head('POST /graphql', { ...JSON_TYPE, 'transfer-encoding': 'chunked', connection: 'close' });
  const [first, ...rest] = bodyOf(300_000);
  const pieces = Buffer.from(rest.map((character) => `1\r\n${character}\r\n`).join(''));
  const client = await openRawClient(gateway.url);
  uploads.push(client);
  await client.send(`${start}1\r\n${first}\r\n`);
  await client.send(pieces);
  await expect.poll(() => held(gateway)).toBe(300_000);
  // An object for each piece would take more than 100 bytes.
  expect(usedMemory() - before - pieces.length).toBeLessThan(10 * MB);
  await client.send('0\r\n\r\n');
  expect(parseAnswers(await client.ended())[0]).toMatchObject({ status: 200 });
});
