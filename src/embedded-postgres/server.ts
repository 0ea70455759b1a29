import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../db/driver/postgres.ts';
import type { Log } from '../log.ts';
import { findPostgres, type PostgresBinaries } from './binaries.ts';
import { connect, connectKeeper, urlOf } from './connections.ts';
import {
  initialise,
  openServerLog,
  programEnvironment,
  readOrCreatePassword,
  removeAbandoned,
} from './data.ts';
import { freeDataFolder, isServed, shutDown } from './postmaster.ts';
import { type SupervisedProcess, type Supervision, supervise } from './supervision.ts';
import { type Launcher, planLaunch } from './unprivileged.ts';

export type EmbeddedPostgres = { url: string } & Supervision;

export type EmbeddedPostgresOptions = {
  /** Created if it does not exist. Holds the data, the superuser's password and the server's log. */
  dataDir: string;
  log?: Pick<Log, 'info' | 'error'>;
  /** The folder of Postgres' `bin`, `lib` and `share`; by default that of the platform package. */
  nativeDir?: string;
};

const THROWAWAY_PREFIX = 'portcullis-postgres-';
const START_DEADLINE_MS = 30_000;

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '60',
  shared_buffers: '32MB',
  min_wal_size: '32MB',
  max_wal_size: '256MB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  io_method: 'sync',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  logging_collector: 'off',
  log_destination: 'stderr',
};

const THROWAWAY_SETTINGS = {
  ...SETTINGS,
  max_connections: '200',
  shared_buffers: '128MB',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
};

/** Starts Postgres on the data in `<dataDir>/postgres`, and creates the data at the first start. */
export function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  return start(options, true);
}

/**
 * Starts a fast Postgres for tests. Its data is deleted when it is stopped.
 * @internal exported for tests
 */
export async function startThrowawayPostgres(): Promise<EmbeddedPostgres> {
  const self = process.geteuid?.() ?? 0;
  await removeAbandoned(tmpdir(), THROWAWAY_PREFIX, async (path, owner) => owner !== self || isServed(path));
  const dataDir = await mkdtemp(join(tmpdir(), THROWAWAY_PREFIX));
  const remove = () => rm(dataDir, { recursive: true, force: true, maxRetries: 3 });
  try {
    await chmod(dataDir, 0o711);
    const server = await start({ dataDir }, false);
    return { ...server, stop: () => server.stop().finally(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function start(options: EmbeddedPostgresOptions, durable: boolean): Promise<EmbeddedPostgres> {
  const began = performance.now();
  const binaries = await findPostgres(options.nativeDir);
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  const dataDir = await realpath(options.dataDir);
  const folder = join(dataDir, 'postgres');
  const password = await readOrCreatePassword(dataDir);
  const launcher = await planLaunch(folder, [dataDir, binaries.postgres]);
  await initialise({ dataDir, password, durable, launcher, binaries });

  const plan = { dataDir, password, launcher, binaries, settings: durable ? SETTINGS : THROWAWAY_SETTINGS };
  const first = await launchWhenFree(plan);
  const { port } = first;
  const ms = Math.round(performance.now() - began);
  options.log?.info({ dataDir, port, ms }, 'Postgres started');
  const supervision = supervise(toSupervisedProcess(first, binaries), {
    name: 'Postgres',
    // On the same port, to which the pools of this process connect.
    restart: async (signal) => toSupervisedProcess(await launchWhenFree({ ...plan, port, signal }), binaries),
    log: options.log,
  });
  return { url: urlOf(port, password), ...supervision };
}

type Plan = {
  dataDir: string;
  password: string;
  launcher: Launcher;
  binaries: PostgresBinaries;
  settings: Record<string, string>;
  /** By default any free port. */
  port?: number;
  signal?: AbortSignal;
};

/** Launches the server when no other process uses the folder, and retries if another process was faster. */
async function launchWhenFree(plan: Plan): Promise<Server> {
  const { dataDir, password, binaries, signal } = plan;
  const deadline = Date.now() + START_DEADLINE_MS;
  for (;;) {
    const connectAs = (port: number) => connect(port, password, 'embedded-check');
    await freeDataFolder(join(dataDir, 'postgres'), connectAs, binaries);
    try {
      return await launch(plan, { port: plan.port ?? (await freePort()), deadline });
    } catch (error) {
      const again = error instanceof StartError && error.isRetryable && Date.now() < deadline;
      if (!again || signal?.aborted) throw error;
      await sleep(100);
    }
  }
}

/** Wraps a running server for its supervision. Stopping it also closes the connection that marks the data folder as used. */
function toSupervisedProcess(
  { child, ended, keeper }: Server,
  binaries: PostgresBinaries,
): SupervisedProcess {
  const interrupt = () => void child.kill('SIGINT'); // for a process that exits without stopping it
  process.once('exit', interrupt);
  void ended.then(() => process.off('exit', interrupt));
  const stop = async () => {
    await keeper.end({ timeout: 1 });
    if (child.exitCode === null && child.signalCode === null) await shutDown(child.pid!, ended, binaries);
  };
  let stopped: Promise<void> | undefined;
  return { ended, stop: () => (stopped ??= stop()) };
}

/** Messages of Postgres that allow a retry: the port or the folder is taken, or processes of a killed server still run. */
const RETRYABLE = /Address already in use|lock file ".*" already exists|pre-existing shared memory block/;

class StartError extends Error {
  readonly isRetryable: boolean;

  constructor(how: string, lastLines: string, cause: unknown) {
    super(`The embedded Postgres ${how}. Set DATABASE_URL to use another one.\n${lastLines}`, { cause });
    this.isRetryable = RETRYABLE.test(lastLines);
  }
}

type Server = { child: ChildProcess; ended: Promise<string>; port: number; keeper: Client };

function spawnServer({ dataDir, settings, launcher, binaries }: Plan, port: number, logFd: number) {
  const given = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const place = ['-D', join(dataDir, 'postgres'), '-p', `${port}`];
  const command = launcher.command(binaries.postgres, [...place, ...given]);
  return spawn(command.file, command.args, {
    ...command.options,
    env: programEnvironment(),
    stdio: ['ignore', logFd, logFd],
    // A separate session: Ctrl-C in a terminal is for the gateway, which still needs the database to finish.
    detached: true,
    windowsHide: true,
  });
}

async function launch(plan: Plan, { port, deadline }: { port: number; deadline: number }): Promise<Server> {
  const log = await openServerLog(plan.dataDir);
  try {
    const child = spawnServer(plan, port, log.fd);
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(`could not be run (${error.message})`));
      child.once('exit', (code, signal) => resolve(`ended (${signal ?? `exit code ${code}`})`));
    });
    let outcome: string | undefined;
    void ended.then((how) => {
      outcome = how;
    });
    let cause: unknown;
    const mayWait = () => Date.now() < deadline && plan.signal?.aborted !== true;
    while (outcome === undefined && mayWait() && !isRefusal(cause)) {
      try {
        return { child, ended, port, keeper: await connectKeeper(port, plan.password) };
      } catch (error) {
        cause = error;
      }
      await sleep(15);
    }
    const how = outcome ?? (isRefusal(cause) ? 'refuses the kept password' : 'did not get ready in time');
    if (outcome === undefined && child.kill('SIGINT')) await ended;
    throw new StartError(how, await log.tail(), cause);
  } finally {
    await log.close();
  }
}

const isRefusal = (error: unknown) => (error as { code?: unknown } | undefined)?.code === '28P01';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('No port is free.');
  return address.port;
}
