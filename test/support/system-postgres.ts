import { execFile, spawn } from 'node:child_process';
import { chmod, mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { planLaunch } from '../../src/embedded-postgres/unprivileged.ts';
import { freePort } from './ports.ts';
import type { PostgresServer } from './postgres-server.ts';

const DEBIAN_FOLDER = '/usr/lib/postgresql';

/** Lists the versions of Postgres that Debian's packages installed, such as `15`. */
export const installedVersions = async (): Promise<string[]> =>
  (await readdir(DEBIAN_FOLDER).catch(() => [])).sort();

/** Starts a server of an installed version, with the superuser `postgres`. Its data is deleted when it is stopped. */
export async function startInstalledPostgres(version: string): Promise<PostgresServer> {
  const program = (name: string) => join(DEBIAN_FOLDER, version, 'bin', name);
  const home = await realpath(await mkdtemp(join(tmpdir(), `portcullis-postgres-${version}-`)));
  await chmod(home, 0o777);
  const data = join(home, 'data');
  const launcher = await planLaunch(data, [home, program('postgres')]);
  const initdb = launcher.command(program('initdb'), [
    ...['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C'],
  ]);
  await promisify(execFile)(initdb.file, [...initdb.args], { ...initdb.options, cwd: home });
  const port = await freePort();
  const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: '', fsync: 'off' };
  const server = launcher.command(program('postgres'), [
    ...['-D', data, '-p', String(port)],
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]);
  const child = spawn(server.file, [...server.args], { ...server.options, cwd: home, stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  await untilReady(url);
  return {
    url,
    async stop() {
      child.kill('SIGINT');
      await ended;
      await rm(home, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

async function untilReady(url: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const sql = postgres(url, { max: 1, onnotice: () => {}, connect_timeout: 2 });
    try {
      await sql`select 1`;
      return;
    } catch (error) {
      if (attempt === 100) throw error;
      await sleep(100);
    } finally {
      await sql.end({ timeout: 1 });
    }
  }
}
