import { setTimeout as wait } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { createEmptyDatabase, type TestDatabase } from '../support/database.ts';
import { startRelay } from '../support/relay.ts';
import { failureOf, openBare, openWithSockets, runScript, startServer, stateOf } from './bare-drivers.ts';

// Each test shows a fault that a file of src/db/driver works around. When the test fails, the driver has been repaired and the
// file can be deleted. src/db/README.md lists the work-arounds.

let database: TestDatabase;
beforeAll(async () => {
  database = await createEmptyDatabase();
});
afterAll(() => database.drop());

type Pid = { pid: number };

test('postgres.js replaces an empty password and a null session attribute by the environment', () => {
  vi.stubEnv('PGPASSWORD', 'of the shell');
  vi.stubEnv('PGTARGETSESSIONATTRS', 'standby');
  onTestFinished(() => void vi.unstubAllEnvs());
  const { options } = postgres({ pass: '', target_session_attrs: null } as object);
  expect(options).toMatchObject({ pass: 'of the shell', target_session_attrs: 'standby' });
});

test('postgres.js ends the process if it may not read the types of arrays', async () => {
  await openBare(database.url)`revoke select on pg_catalog.pg_type from public`;
  const { exitCode, errors } = await runScript(`
    const client = postgres('${database.url}', { max: 1, connection: { role: 'pg_monitor' } });
    await client\`select 1\`;
    await client.end();`);
  expect([exitCode, errors]).toEqual([1, expect.stringContaining('permission denied for table pg_type')]);
});

test('postgres.js sends nothing on a new connection after it lost an unsent statement', async () => {
  const { client, sockets } = openWithSockets(database.url);
  await client`select 1`;
  const unsent = failureOf(client`select ${'x'}::text`);
  // The driver has accepted the statement, and writes it at the end of this turn of the event loop.
  for (let step = 0; step < 5; step++) await null;
  sockets[0]?.emit('close', false);
  expect(await unsent).toBe('CONNECTION_CLOSED');
  const next = failureOf(client`select ${'y'}::text`);
  await vi.waitFor(() => expect(sockets[1]?.connecting).toBe(false));
  await wait(100);
  expect([sockets[1]?.bytesWritten, await stateOf(next)]).toEqual([0, 'pending']);
});

test('postgres.js reconnects endlessly to a server that closes the connection', async () => {
  let connections = 0;
  const { port } = await startServer((client) => {
    connections += 1;
    client.once('data', () => client.end());
  });
  const answer = failureOf(openBare(`postgres://ada@127.0.0.1:${port}/nothing`)`select 1`);
  await vi.waitFor(() => expect(connections).toBeGreaterThan(20), { timeout: 5000, interval: 5 });
  expect(await stateOf(answer)).toBe('pending');
});

test('postgres.js answers a statement of a closing connection without asking the server', async () => {
  const { client, sockets } = openWithSockets(database.url);
  await client`select 1`;
  let late: Promise<unknown> | undefined;
  sockets[0]?.once('error', () => {
    late = client`select 7 as seven`.then((rows) => rows);
  });
  const isClosed = new Promise((resolve) => sockets[0]?.once('close', resolve));
  sockets[0]?.destroy(new Error('The network is gone.'));
  await isClosed;
  expect(await client`select 2 as two`).toEqual([{ two: 2 }]);
  expect(await late).toEqual([]);
});

test('postgres.js reports the end of a connection to a statement of the next one', async () => {
  const client = openBare(database.url);
  const [{ pid }] = (await client`select pg_backend_pid() as pid`) as unknown as [Pid];
  const asleep = failureOf(client`select pg_sleep(30)`);
  const killer = openBare(database.url);
  await vi.waitFor(async () =>
    expect(await killer`select from pg_stat_activity where pid = ${pid} and state = 'active'`).toHaveLength(
      1,
    ),
  );
  await killer`select pg_terminate_backend(${pid}, 5000)`;
  expect(await asleep).toBe('CONNECTION_CLOSED');
  expect(await failureOf(client`select 1`)).toBe('57P01');
  expect(await client`select 2 as two`).toEqual([{ two: 2 }]);
});

test('postgres.js sends a statement on a connection that was lost with another one', async () => {
  const { client, sockets } = openWithSockets(database.url, { max: 2 });
  const asleep = () => client`select pg_sleep(0.1)`;
  await Promise.all([asleep(), asleep()]);
  const before = sockets.map(({ bytesWritten }) => bytesWritten);
  const lost = failureOf(client`select pg_sleep(60)`);
  const next = lost.then(() => failureOf(client`select 1`));
  await vi.waitFor(() => expect(sockets.map(({ bytesWritten }) => bytesWritten)).not.toEqual(before));
  // The socket that is destroyed last closes first.
  const inUse = ({ bytesWritten }: { bytesWritten: number }) => Number(!before.includes(bytesWritten));
  for (const socket of sockets.toSorted((one, other) => inUse(one) - inUse(other))) socket.destroy();
  expect([await lost, await next]).toEqual(['CONNECTION_CLOSED', 'CONNECTION_CLOSED']);
});

test('postgres.js waits forever for a server that does not answer', async () => {
  const relay = await startRelay(new URL(database.url));
  const url = new URL(database.url);
  url.port = String(relay.port);
  const client = openBare(url.href, { connection: { statement_timeout: 100 } });
  await client`select 1`;
  relay.silence(true);
  const answer = failureOf(client`select 1`);
  await wait(300);
  expect(await stateOf(answer)).toBe('pending');
  relay.close();
  expect(await answer).toBe('CONNECTION_CLOSED');
});

test('postgres.js keeps its connection to a read-only server', async () => {
  const client = openBare(database.url, { connection: { default_transaction_read_only: true } });
  const before = await client<Pid[]>`select pg_backend_pid() as pid`;
  expect(await failureOf(client`create table refused (id int)`)).toBe('25006');
  expect(await client`select pg_backend_pid() as pid`).toEqual(before);
});

test('Drizzle does not prepare queries of postgres.js', async () => {
  const client = openBare(database.url, { prepare: true });
  const db = drizzle(client);
  for (let time = 0; time < 2; time++) await db.execute(sql`select ${1}::int`);
  expect(await client.unsafe('select statement from pg_prepared_statements')).toEqual([]);
});

test('postgres.js reports a transaction as committed that Postgres rolled back', async () => {
  const client = openBare(database.url);
  await client`create table notes (id int)`;
  // Prepares the driver’s `commit`.
  await client.begin((tx) => tx`insert into notes values (1)`);
  const outcome = client.begin(async (tx) => {
    await tx`insert into notes values (2)`;
    await tx.unsafe('deallocate all');
    return 'committed';
  });
  expect(await outcome).toBe('committed');
  expect(await client`select id from notes`).toEqual([{ id: 1 }]);
});

test('postgres.js ends the process when a transaction loses its connection', async () => {
  const { exitCode, errors } = await runScript(`
    import { connect } from 'node:net';
    const { hostname, port } = new URL('${database.url}');
    let socket;
    const client = postgres('${database.url}', {
      max: 1, fetch_types: false, socket: () => (socket = connect(Number(port), hostname)),
    });
    const lost = client.begin(async (tx) => {
      await tx\`select 1\`;
      const asleep = tx\`select pg_sleep(60)\`.execute();
      setTimeout(() => socket.destroy(), 50);
      await asleep;
    });
    await lost.catch(() => {});
    await client.end();`);
  expect([exitCode, errors]).toEqual([1, expect.stringContaining('nextWrite')]);
});

test('postgres.js sends a statement of a lost transaction on the next connection', async () => {
  const { client, sockets } = openWithSockets(database.url);
  let goOn = () => {};
  const isConnectedAgain = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let work: Promise<Pid[]> | undefined;
  const lost = client.begin((tx) => {
    work = (async () => {
      await tx`select 1`;
      sockets[0]?.destroy();
      await isConnectedAgain;
      return tx<Pid[]>`select pg_backend_pid() as pid`;
    })();
    return work;
  });
  expect(await failureOf(lost)).toBe('CONNECTION_CLOSED');
  const next = await client<Pid[]>`select pg_backend_pid() as pid`;
  goOn();
  expect(await work).toEqual(next);
});

test('postgres.js leaves a connection in a transaction that began at the end of a full pipeline', async () => {
  const client = openBare(database.url, { max: 2, max_pipeline: 5 } as object);
  await client`create table pipelined (id int)`;
  await Promise.all([client`select pg_sleep(0.1)`, client`select pg_sleep(0.1)`]);
  const waiting = Array.from({ length: 10 }, () => client`select 1`.execute());
  expect(await failureOf(client.begin((tx) => tx`select 1`))).toBe('UNSAFE_TRANSACTION');
  await Promise.all(waiting);
  // One on each connection.
  await Promise.all([1, 2].map((id) => client`insert into pipelined values (${id})`));
  expect(await openBare(database.url)`select from pipelined`).toHaveLength(1);
});

test('postgres.js never reserves a connection that it has to open', async () => {
  const { client, sockets } = openWithSockets(database.url);
  const reserved = client.reserve();
  const isReady = () => expect(sockets[0]?.bytesRead).toBeGreaterThan(100);
  await vi.waitFor(isReady);
  await wait(100);
  expect(await stateOf(reserved)).toBe('pending');
});

test('postgres.js sends sslrootcert to the server as a setting', async () => {
  const url = new URL(database.url);
  url.searchParams.set('sslrootcert', '/etc/ssl/root.crt');
  expect(await failureOf(openBare(url.href)`select 1`)).toBe('42704');
});
