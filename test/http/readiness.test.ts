import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.close());

/** Counts the statements that the gateway sends during some work. */
async function statementsOf(work: () => Promise<unknown>): Promise<number> {
  let statements = 0;
  const clients = [gateway.deps.db.$client, gateway.deps.priority.db.$client];
  const originals = clients.map(({ unsafe }) => unsafe);
  for (const client of clients) {
    const { unsafe } = client;
    client.unsafe = (...args) => {
      statements += 1;
      return unsafe(...args);
    };
  }
  try {
    await work();
  } finally {
    for (const [i, client] of clients.entries()) client.unsafe = originals[i]!;
  }
  return statements;
}

test.each(['/ready', '/.well-known/jwks.json'])(
  '300 concurrent requests for %s share a few database reads',
  async (path) => {
    const ask = async () => (await fetch(gateway.url + path)).status;
    await ask(); // Opens the connections.
    const one = await statementsOf(ask);
    expect(one).toBeGreaterThan(0);
    const statuses: number[] = [];
    const many = await statementsOf(async () => {
      statuses.push(...(await Promise.all(Array.from({ length: 300 }, ask))));
    });
    expect(statuses).toEqual(Array(300).fill(200));
    // The gateway takes the requests from their connections in several rounds.
    expect(many).toBeLessThanOrEqual(30 * one);
  },
);
