import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { startGateway } from '../support/gateway.ts';
import { head, openRawClient, type RawClient } from '../support/raw-client.ts';

const AT_ONCE = 4;
const gateway = forFile(() =>
  startGateway({
    env: { MAX_CONCURRENT_REQUESTS: String(AT_ONCE), MAX_BODY_BYTES: '200000' },
  }),
);

/** Pseudo-random numbers from 0 to below 1, the same for one seed (Lehmer's generator). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

type Random = () => number;
type Behaviour = (client: RawClient, random: Random) => Promise<void>;

const JSON_TYPE = { 'content-type': 'application/json' };
const body = (random: Random) => {
  const [start, end] = ['{"query":"{ authConfig { signup } }","variables":{"x":"', '"}}'];
  return start + 'x'.repeat(Math.floor(random() * 60_000)) + end;
};
const post = (text: string, headers = {}) =>
  head('POST /graphql', { ...JSON_TYPE, ...headers, 'content-length': text.length }) + text;
const chunked = head('POST /graphql', { ...JSON_TYPE, 'transfer-encoding': 'chunked' });
const cut = (text: string, random: Random) => text.slice(0, Math.floor(random() * text.length));

const behaviours: Record<string, Behaviour> = {
  finishes: (client, random) => client.send(post(body(random))),
  'is Hasura': (client, random) =>
    client.send(post(body(random), { 'x-hasura-gateway-secret': gateway.secret })),
  'shows a wrong secret': (client, random) =>
    client.send(post(body(random), { 'x-hasura-gateway-secret': 'wrong' })),
  'leaves in the middle': (client, random) => client.send(cut(post(body(random)), random)),
  async 'ends its side in the middle'(client, random) {
    await client.send(cut(post(body(random)), random));
    client.socket.end();
  },
  'sends too much': (client) => client.send(post('x'.repeat(200_001))),
  'sends too much in chunks': (client) =>
    client.send(`${chunked}${`8000\r\n${'x'.repeat(0x8000)}\r\n`.repeat(8)}`),
  'sends a malformed chunk': (client) => client.send(`${chunked}3\r\nabc\r\nno number\r\n`),
  'pipelines and leaves': (client, random) =>
    client.send(cut(Array.from({ length: 6 }, () => post(body(random))).join(''), random)),
  'asks first and never sends': (client) =>
    client.send(head('POST /graphql', { ...JSON_TYPE, expect: '100-continue', 'content-length': 1000 })),
  'sends a body to an endpoint that reads none': (client, random) =>
    client.send(cut(`${head('GET /health', { 'content-length': 50_000 })}${'x'.repeat(50_000)}`, random)),
  'sends another type': (client, random) =>
    client.send(cut(post(body(random), { 'content-type': 'text/plain' }), random)),
};

test.each([1, 2, 3])(
  'the gateway frees the bodies and places of broken and aborted requests (mix %i)',
  async (seed) => {
    const random = createRandom(seed);
    const names = Object.keys(behaviours);
    await Promise.all(
      Array.from({ length: 80 }, async () => {
        const behave = behaviours[names[Math.floor(random() * names.length)] ?? ''];
        const client = await openRawClient(gateway.url, { reads: random() < 0.8 });
        client.socket.on('error', () => {});
        await behave?.(client, random).catch(() => {});
        await sleep(random() * 200);
        if (random() < 0.5) client.socket.resetAndDestroy();
        else client.socket.destroy();
      }),
    );
    await expect.poll(() => gateway.deps.bodyBudget.heldBytes).toBe(0);
    // All places are free, round after round.
    const ask = async () => (await gateway.post('/graphql', { query: '{ authConfig { signup } }' })).status;
    for (let round = 0; round < 3; round++)
      await expect
        .poll(() => Promise.all(Array.from({ length: AT_ONCE }, ask)))
        .toEqual(Array(AT_ONCE).fill(200));
  },
);
