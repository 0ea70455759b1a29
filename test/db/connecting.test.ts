import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { sql } from 'drizzle-orm';
import { afterEach, expect, test } from 'vitest';
import { openDatabase } from '../../src/db/client.ts';

// Servers that close a connection before it is established.

let server: Server | undefined;
afterEach(() => server?.close());

/** AuthenticationCleartextPassword of Postgres' protocol. */
const ASKS_FOR_PASSWORD = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]);

test.each<[string, (client: Socket) => void]>([
  ['at once', (client) => client.end()],
  ['by a reset', (client) => client.resetAndDestroy()],
  ['after it has asked for the password', (client) => client.end(ASKS_FOR_PASSWORD)],
  [
    'by a reset after it has asked for the password',
    (client) => void client.write(ASKS_FOR_PASSWORD, () => setTimeout(() => client.resetAndDestroy(), 50)),
  ],
])('a server that closes %s fails the statement and gets one connection', async (_how, leave) => {
  let connections = 0;
  const opened = createServer((client) => {
    connections += 1;
    client.on('error', () => {});
    client.once('data', () => leave(client));
  });
  server = opened;
  await new Promise<void>((resolve) => opened.listen(0, '127.0.0.1', resolve));
  const { port } = opened.address() as AddressInfo;
  // Without a request for TLS, and with one.
  for (const [turn, query] of ['?sslmode=disable', '?sslmode=prefer'].entries()) {
    const url = `postgres://ada:secret@127.0.0.1:${port}/nothing${query}`;
    const pool = openDatabase({ url, poolSize: 1, statementTimeoutMs: 1000 });
    await expect(pool.db.execute(sql`select 1`)).rejects.toThrow();
    expect(connections).toBe(turn + 1);
    await pool.close();
  }
});
