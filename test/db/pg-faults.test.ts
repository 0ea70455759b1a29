import { expect, inject, onTestFinished, test, vi } from 'vitest';
import { loadPgDriver, type PgClient } from '../../src/db/driver/pg.ts';
import { startRelay } from '../support/relay.ts';
import { failureOf, openBarePool, startServer } from './bare-drivers.ts';

// Each test shows a fault that a file of src/db/driver works around. When the test fails, the driver has been repaired and the
// file can be deleted. src/db/README.md lists the work-arounds.

type BareClient = PgClient & { getStartupConf(): Record<string, string> };

/** Opens a client of pg until the end of the test. */
function openBareClient(options: Record<string, unknown>): BareClient {
  const { Client } = loadPgDriver();
  const client = new Client(options) as BareClient;
  client.on('error', () => {});
  onTestFinished(() => void client.connection.stream.destroy());
  return client;
}

/** The message with which a Postgres server continues a login. */
function authentication(step: number, text: string): Buffer {
  const body = Buffer.from(text);
  const head = Buffer.alloc(9);
  head.write('R');
  head.writeUInt32BE(body.length + 8, 1);
  head.writeUInt32BE(step, 5);
  return Buffer.concat([head, body]);
}

test('pg drops a setting of the caller and sends one from the environment', () => {
  vi.stubEnv('PGOPTIONS', '-c work_mem=64kB');
  onTestFinished(() => void vi.unstubAllEnvs());
  const client = openBareClient({ user: 'ann', database: 'notes', options: '', TimeZone: 'UTC' });
  expect(client.getStartupConf()).toEqual({ user: 'ann', database: 'notes', options: '-c work_mem=64kB' });
});

test('pg leaves a connection open after a failed login', async () => {
  const { port } = await startServer((client) => {
    client.once('data', () => {
      client.write(authentication(10, 'SCRAM-SHA-256\0\0'));
      client.once('data', () => client.write(authentication(11, 'r=nonce,s=c2FsdA==,i=4096')));
    });
  });
  const client = openBareClient({ host: '127.0.0.1', port, user: 'ann', password: () => '' });
  expect(await failureOf(client.connect())).toContain('password must be a non-empty string');
  expect(client.connection.stream.destroyed).toBe(false);
});

test('pg reuses a connection on which a query timed out', async () => {
  const server = new URL(inject('postgresUrl'));
  const relay = await startRelay(server);
  onTestFinished(() => relay.close());
  server.port = String(relay.port);
  const ask = openBarePool(server.href, { query_timeout: 100 });
  await ask('select 1');
  // A new connection would work.
  relay.forget();
  expect(await failureOf(ask('select 1'))).toBe('Query read timeout');
  expect(await failureOf(ask('select 1'))).toBe('Query read timeout');
});

test('pg keeps its connection to a read-only server', async () => {
  const ask = openBarePool(inject('postgresUrl'), { options: '-c default_transaction_read_only=on' });
  const before = await ask('select pg_backend_pid()');
  expect(await failureOf(ask('create table refused (id int)'))).toBe('25006');
  expect(await ask('select pg_backend_pid()')).toEqual(before);
});

test('pg refuses a server without TLS if the URL prefers TLS', async () => {
  const { port } = await startServer((client) => client.once('data', () => client.write('N')));
  const client = openBareClient({
    connectionString: `postgres://ann@127.0.0.1:${port}/notes?sslmode=prefer`,
  });
  expect(await failureOf(client.connect())).toBe('The server does not support SSL connections');
});
