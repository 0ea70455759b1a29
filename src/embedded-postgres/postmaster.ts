import { execFile } from 'node:child_process';
import { readFile, realpath, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Client } from '../db/driver/postgres.ts';
import type { PostgresBinaries } from './binaries.ts';

const run = promisify(execFile);

/** How long a server must have no connected gateway before it counts as left behind. */
const WATCH_MS = 1000;
/** How long the last connection of a stopping gateway may still be visible. */
const LEAVING_MS = 500;
const GIVE_UP_MS = 20_000;
const ESCALATE_MS = 10_000;

type PidFile = { pid: number; port: number };

async function readPidFile(path: string): Promise<PidFile | undefined> {
  const lines = (await readFile(path, 'utf8').catch(() => '')).split('\n');
  const pid = Number(lines[0]);
  return pid > 0 ? { pid, port: Number(lines[3]) } : undefined;
}

async function commandLine(pid: number): Promise<string> {
  if (process.platform === 'linux') {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ');
  }
  const list =
    process.platform === 'win32'
      ? run('tasklist', ['/fi', `PID eq ${pid}`, '/nh'])
      : run('ps', ['-o', 'command=', '-p', `${pid}`]);
  return (await list.catch(() => ({ stdout: '' }))).stdout;
}

/** Tells whether a process is a Postgres server, and does not name another folder. Process ids are reused. */
async function isServer(pid: number, folder: string): Promise<boolean> {
  const command = await commandLine(pid);
  if (!/postgres(\.exe)?\b/.test(command) || command.startsWith('postgres: ')) return false;
  return !command.includes(' -D /') || command.includes(` -D ${folder} `);
}

/** Finds the port of the server that runs on the data in this folder; null if none does. */
export async function findServedPort(dataDir: string): Promise<number | null> {
  const folder = await realpath(join(dataDir, 'postgres')).catch(() => join(dataDir, 'postgres'));
  const found = await readPidFile(join(folder, 'postmaster.pid'));
  return found !== undefined && (await isServer(found.pid, folder)) ? found.port : null;
}

/** Tells whether a server is running on the data in this folder. */
export const isServed = async (dataDir: string): Promise<boolean> => (await findServedPort(dataDir)) !== null;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function signal(pid: number, name: 'INT' | 'QUIT', { pgCtl }: PostgresBinaries): Promise<void> {
  if (process.platform === 'win32') return void (await run(pgCtl, ['kill', name, `${pid}`]).catch(() => {}));
  try {
    process.kill(pid, `SIG${name}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Stops a server by a fast shutdown, and waits until `gone`. Running transactions are rolled back, so the next start needs
 * no recovery.
 */
export async function shutDown(
  pid: number,
  gone: Promise<unknown>,
  binaries: PostgresBinaries,
): Promise<void> {
  await signal(pid, 'INT', binaries);
  const escalation = setTimeout(() => void signal(pid, 'QUIT', binaries).catch(() => {}), ESCALATE_MS);
  await gone;
  clearTimeout(escalation);
}

/** Counts the connected gateways. Undefined if the server accepts no connection (it starts, it stops, or it is not ours). */
async function countGateways(connection: Promise<Client>): Promise<number | undefined> {
  const sql = await connection.catch(() => undefined);
  if (sql === undefined) return undefined;
  try {
    const [row] = await sql<{ count: number }[]>`
      select count(*)::int from pg_stat_activity
      where application_name like 'portcullis%' and pid <> pg_backend_pid()`;
    return row?.count;
  } catch {
    return undefined;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/**
 * Waits until no server runs on this data folder. It stops a server that a dead gateway left behind. It waits for a server
 * that is stopping.
 * @param connect must not use the application name of a gateway
 * @throws Error if a gateway uses the folder, or if the server does not go away
 */
export async function freeDataFolder(
  folder: string,
  connect: (port: number) => Promise<Client>,
  binaries: PostgresBinaries,
): Promise<void> {
  const path = join(folder, 'postmaster.pid');
  const giveUpAt = Date.now() + GIVE_UP_MS;
  let unusedSince: number | undefined;
  let usedSince: number | undefined;
  for (;;) {
    const found = await readPidFile(path);
    if (found === undefined || !isAlive(found.pid)) return; // Postgres itself removes the file of a dead server
    if (!(await isServer(found.pid, folder))) {
      // Postgres would take the process that has this id now for a server.
      if ((await readPidFile(path))?.pid === found.pid) await rm(path, { force: true });
      return;
    }
    const gateways = await countGateways(connect(found.port));
    const isUsed = gateways !== undefined && gateways > 0;
    if (isUsed) usedSince ??= Date.now();
    else if (gateways === 0) usedSince = undefined;
    if (isUsed && Date.now() - (usedSince ?? 0) > LEAVING_MS) {
      throw new Error(`another gateway is using the data folder ${dirname(folder)}`);
    }
    // A gateway that is just starting connects within this time.
    unusedSince = gateways === 0 ? (unusedSince ?? Date.now()) : undefined;
    if (unusedSince !== undefined && Date.now() - unusedSince > WATCH_MS) {
      await shutDown(found.pid, untilGone(found.pid, folder), binaries);
    }
    if (Date.now() > giveUpAt) {
      throw new Error(
        `A Postgres server that refuses connections (process ${found.pid}) is using the data folder ${dirname(folder)}. Stop it first.`,
      );
    }
    await sleep(50);
  }
}

/**
 * Waits until the server has ended. It looks for the server and not the process: an ended orphan may stay in the process
 * list.
 */
async function untilGone(pid: number, folder: string): Promise<void> {
  const giveUpAt = Date.now() + GIVE_UP_MS;
  while (Date.now() < giveUpAt && (await isServer(pid, folder))) await sleep(20);
}
