import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { freePort } from '../support/ports.ts';

const USUAL_PLACES = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer', '/opt/homebrew/bin/pgbouncer'];

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @throws Error if the machine has no PgBouncer: a test that did not run has not passed */
function findPgBouncer(): string {
  const named = process.env.PGBOUNCER;
  const found = (named ? [named] : USUAL_PLACES).find(isProgram);
  if (found !== undefined) return found;
  throw new Error(`Not run: no PgBouncer at ${named ?? USUAL_PLACES.join(', ')}; name one in PGBOUNCER.`);
}

export type PgBouncer = {
  /** The URL of the database through the pooler. */
  urlOf(databaseUrl: string): string;
  /** Runs a command of PgBouncer's console. */
  command(text: string): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
};

/** Debian’s configuration, with the changes for this machine and the given lines. */
function configuration(server: URL, port: number, folder: string, lines: readonly string[]): string {
  return `[databases]
* = host=${server.hostname} port=${server.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${join(folder, 'users.txt')}
admin_users = ${decodeURIComponent(server.username)}
max_client_conn = 500
${lines.join('\n')}
`;
}

/** Starts a PgBouncer in front of a server, with more lines of configuration, for example `pool_mode = transaction`. */
export async function startPgBouncer(serverUrl: string, ...lines: string[]): Promise<PgBouncer> {
  const program = findPgBouncer();
  const server = new URL(serverUrl);
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-pgbouncer-'));
  await chmod(folder, 0o755);
  const port = await freePort();
  const [user, password] = [server.username, server.password].map(decodeURIComponent);
  await writeFile(join(folder, 'users.txt'), `"${user}" "${password}"\n`);
  await writeFile(join(folder, 'pgbouncer.ini'), configuration(server, port, folder, lines));
  // PgBouncer refuses to run as root.
  const asUser = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = spawn(program, [...asUser, join(folder, 'pgbouncer.ini')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  while (!(await listens(port))) {
    if (child.exitCode !== null) throw new Error(`PgBouncer ended:\n${output}`);
    await sleep(20);
  }
  const urlOf = (databaseUrl: string): string => {
    const url = new URL(databaseUrl);
    url.host = `127.0.0.1:${port}`;
    return url.href;
  };
  return {
    urlOf,
    async command(text) {
      const console = new URL(urlOf(serverUrl));
      console.pathname = 'pgbouncer';
      const sql = postgres(console.href, { max: 1, fetch_types: false, onnotice: () => {} });
      try {
        return [...(await sql.unsafe(text))];
      } finally {
        await sql.end();
      }
    },
    async stop() {
      child.kill('SIGINT');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
