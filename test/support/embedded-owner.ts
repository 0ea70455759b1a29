import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { startEmbeddedPostgres } from '../../src/embedded-postgres/server.ts';

/** A process that owns an embedded database as the gateway does: it prints JSON lines, and ends on SIGINT. */
const [dataDir, withoutSetpriv] = process.argv.slice(2);
if (withoutSetpriv !== undefined) process.env.PATH = '/nonexistent';
const say = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`);

const server = await startEmbeddedPostgres({ dataDir: dataDir! });
process.once('SIGINT', async () => {
  await sleep(300); // work in flight
  const sql = postgres(server.url, { max: 1 });
  const [row] = await sql`select 'still here' as answer`;
  await sql.end();
  await server.stop();
  say({ answer: row?.answer });
});
say({ url: server.url });
