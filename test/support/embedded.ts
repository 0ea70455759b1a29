import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { afterEach, beforeEach, expect } from 'vitest';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/embedded-postgres/server.ts';
import { type Launcher, planLaunch } from '../../src/embedded-postgres/unprivileged.ts';

export const run = promisify(execFile);
export const isRoot = process.getuid?.() === 0;
export const isLinux = process.platform === 'linux';
export const NOBODY = 65_534;
const project = fileURLToPath(new URL('../..', import.meta.url));

/** The folders and processes of the current test. */
export const box = {
  /** 0700, like root's home. */
  home: '',
  dataDir: '',
  running: [] as EmbeddedPostgres[],
  owners: [] as ChildProcess[],
};

/** Gives each test of the calling file its own folder, and ends what it started. */
export function useBox(): void {
  beforeEach(async () => {
    const home = await realpath(await mkdtemp(join(tmpdir(), 'portcullis-embedded-')));
    Object.assign(box, { home, dataDir: join(home, 'data'), running: [], owners: [] });
  });

  afterEach(async () => {
    for (const owner of box.owners) owner.kill('SIGKILL');
    await Promise.all(box.running.map((server) => server.stop()));
    const pid = await postmaster().catch(() => undefined);
    if (pid !== undefined && (await isServer(pid))) {
      process.kill(pid, 'SIGQUIT');
      await expect.poll(() => isServer(pid)).toBe(false);
    }
    await rm(box.home, { recursive: true, force: true });
  });
}

export async function start(nativeDir?: string): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({
    dataDir: box.dataDir,
    ...(nativeDir !== undefined && { nativeDir }),
  });
  box.running.push(server);
  return server;
}

export async function query<Row>(url: string, statement: string): Promise<Row[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return [...(await sql.unsafe<Row[] & object[]>(statement))];
  } finally {
    await sql.end();
  }
}

export const postmasterFile = () => join(box.dataDir, 'postgres', 'postmaster.pid');

export async function postmaster(): Promise<number> {
  return Number((await readFile(postmasterFile(), 'utf8')).split('\n')[0]);
}

/** Whether a Postgres server runs under this process id. A zombie process does not count: it has no command line. */
export async function isServer(pid: number): Promise<boolean> {
  const command = isLinux
    ? await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    : await run('ps', ['-o', 'command=', '-p', `${pid}`]).then(
        ({ stdout }) => stdout,
        () => '',
      );
  return command.includes('postgres');
}

/** The command lines of the initdb programs that work in the test's folder. */
export async function initialisations(): Promise<string[]> {
  const lines = isLinux ? await commandLinesOfLinux() : (await run('ps', ['-A', '-o', 'command='])).stdout;
  return lines.split('\n').filter((line) => /\binitdb /.test(line) && line.includes(box.dataDir));
}

async function commandLinesOfLinux(): Promise<string> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''));
  return (await Promise.all(lines)).map((line) => line.replaceAll('\0', ' ')).join('\n');
}

type Owner = { owner: ChildProcess; url: string };

/** Starts a process that owns the database as a gateway does, in a process group of its own. */
export async function startOwner(launcher?: Launcher, ...scriptArgs: string[]): Promise<Owner> {
  const script = join(project, 'test', 'support', 'embedded-owner.ts');
  const args = ['--import', 'tsx', script, box.dataDir, ...scriptArgs];
  const command = launcher?.command(process.execPath, args) ?? { file: process.execPath, args, options: {} };
  const owner = spawn(command.file, command.args, {
    ...command.options,
    cwd: project,
    env: { PATH: process.env.PATH, TMPDIR: tmpdir() },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  box.owners.push(owner);
  return { owner, url: ((await nextLine(owner)) as { url: string }).url };
}

/**
 * Gives the data folder to an ordinary user, and returns the way to start programs as this user. If root does not run the
 * tests, it is the current user.
 */
export async function ordinaryUser(): Promise<Launcher> {
  await mkdir(box.dataDir, { mode: 0o700 });
  if (isRoot) {
    await chown(box.dataDir, NOBODY, NOBODY);
    await chmod(box.home, 0o711);
  }
  return planLaunch(box.dataDir, [project, process.execPath]);
}

export async function nextLine(owner: ChildProcess): Promise<unknown> {
  const lines = createInterface(owner.stdout!);
  const [line] = await Promise.race([
    once(lines, 'line'),
    once(owner, 'exit').then(([code]) => Promise.reject(new Error(`The owner ended with ${code}.`))),
  ]);
  lines.close();
  return JSON.parse(line as string);
}
