import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  bearer,
  ME,
  newPerson,
  type SignedInAnswer,
  signUp,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts';

// A network between gateway and database that loses everything and says nothing, as firewalls and failed hosts do.

/** Passes everything on until it goes silent: then it still accepts connections, and nothing comes of them. */
async function startRelay({ hostname, port }: URL) {
  let isSilent = false;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    sockets.add(client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy()));
    upstream.on('error', () => client.destroy()).on('close', () => client.destroy());
    client.on('data', (bytes) => isSilent || upstream.write(bytes));
    upstream.on('data', (bytes) => isSilent || client.write(bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    silence(silent: boolean) {
      isSilent = silent;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

let database: TestDatabase;
let relay: Awaited<ReturnType<typeof startRelay>>;
let gateway: TestGateway;
let signedIn: SignedInAnswer;
const person = newPerson();
beforeAll(async () => {
  database = await createTestDatabase();
  const url = new URL(database.url);
  relay = await startRelay(url);
  url.port = String(relay.port);
  // Longer than a connection may take to come about.
  const env = { DATABASE_URL: url.href, DATABASE_POOL_SIZE: '10', DATABASE_STATEMENT_TIMEOUT_MS: '4000' };
  gateway = await startGateway({ env });
  signedIn = await signUp(gateway, person);
});
afterAll(async () => {
  relay.silence(false);
  await gateway.close();
  relay.close();
  await database.drop();
});

const ask = () => gateway.graphql(ME, {}, bearer(signedIn.accessToken));
const code = (error: { response: { errors: { extensions: { code: string } }[] } }) =>
  error.response.errors[0]?.extensions.code;

const pids = async () =>
  (
    await gateway.sql<{ pid: number }[]>`
      select pid from pg_stat_activity where datname = current_database() and application_name = 'portcullis'
      order by pid`
  ).map(({ pid }) => pid);

test.each([
  ['a request for every connection there is', async () => (await pids()).length],
  ['more requests than there can be connections', async () => 12],
])(
  '%s wait no longer than a statement may take, and go through once the network does',
  async (_what, count) => {
    const asked = Array.from({ length: await count() }, () => () => ask().then(() => 'answered', code));
    relay.silence(true);
    expect(await Promise.all(asked.map((again) => again()))).toEqual(asked.map(() => 'unavailable'));
    relay.silence(false);
    await expect
      .poll(() => ask().catch(code), { timeout: 15_000 })
      .toMatchObject({ me: { email: person.email } });
  },
  60_000,
);

test('a gateway that nobody uses keeps its connections', async () => {
  await Promise.all(Array.from({ length: 5 }, ask));
  const before = await pids();
  // Longer than a silent connection lives.
  await wait(12_000);
  expect(await pids()).toEqual(before);
}, 30_000);
