import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Client } from '../db/driver/postgres.ts';
import type { PostgresBinaries } from './binaries.ts';

const run = promisify(execFile);

/** How long a server that no gateway is connected to is watched before it counts as left behind. */
const WATCH_MS = 1000;
/** How long the last connection of a gateway that is stopping may show after it has ended. */
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

/** Process ids are reused: tells whether this one is (still) a server, and none that names another folder. */
async function isServer(pid: number, folder: string): Promise<boolean> {
  const command = await commandLine(pid);
  if (!/postgres(\.exe)?\b/.test(command) || command.startsWith('postgres: ')) return false;
  return !command.includes(' -D /') || command.includes(` -D ${folder} `);
}

/** Whether a server is running on the data in this folder. */
export async function isServed(dataDir: string): Promise<boolean> {
  const folder = join(dataDir, 'postgres');
  const found = await readPidFile(join(folder, 'postmaster.pid'));
  return found !== undefined && (await isServer(found.pid, folder));
}

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

/** A fast shutdown: running transactions are rolled back, and nothing needs recovery afterwards. */
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

/** How many gateways are connected; undefined when the server lets nobody in (starting, stopping, or not ours). */
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
 * Makes sure that nothing serves this data folder. A server left behind by a gateway that died is stopped, one that is
 * stopping is waited for, and one that a gateway uses is an error. `connect` must not pose as a gateway.
 */
export async function clearTheWay(
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
    if (found === undefined || !isAlive(found.pid)) return; // Postgres itself deals with a dead one's file
    if (!(await isServer(found.pid, folder))) {
      // Postgres would take the process that has the number now for a server.
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
        `A Postgres server that lets nobody in (process ${found.pid}) is using the data folder ${dirname(folder)}. Stop it first.`,
      );
    }
    await sleep(50);
  }
}

/** Asks for the server rather than the process: nobody may be there to collect what is left of an orphan. */
async function untilGone(pid: number, folder: string): Promise<void> {
  const giveUpAt = Date.now() + GIVE_UP_MS;
  while (Date.now() < giveUpAt && (await isServer(pid, folder))) await sleep(20);
}
