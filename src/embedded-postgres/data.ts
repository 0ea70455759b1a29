import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  access,
  link,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { PostgresBinaries } from './binaries.ts';
import { changeOwner, type Launcher } from './unprivileged.ts';

export const SUPERUSER = 'portcullis';

const LOG_LIMIT_BYTES = 5 * 1024 * 1024;
const ABANDONED_AFTER_MS = 10 * 60_000;

/**
 * The environment of Postgres' programs. It leaves out all else of our environment, which may hold the gateway's secrets.
 */
export function programEnvironment(): NodeJS.ProcessEnv {
  const { PATH, LD_LIBRARY_PATH, SystemRoot } = process.env;
  return {
    LC_ALL: 'C',
    ...(PATH !== undefined && { PATH }),
    ...(LD_LIBRARY_PATH !== undefined && { LD_LIBRARY_PATH }),
    ...(SystemRoot !== undefined && { SystemRoot }),
  };
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/**
 * Returns the superuser's password. It is generated once, and kept in a file that only its owner can read.
 * @throws Error if the file is missing beside an existing database
 */
export async function readOrCreatePassword(dataDir: string): Promise<string> {
  const path = join(dataDir, 'postgres-password');
  if (!(await exists(path))) {
    if (await exists(join(dataDir, 'postgres', 'PG_VERSION'))) {
      throw new Error(`The password of the database in ${dataDir} is missing: ${path}`);
    }
    // Written to a draft, then linked: of two processes that start together one wins, and neither reads a half-written file.
    const draft = `${path}-${randomBytes(6).toString('hex')}`;
    await writeFile(draft, randomBytes(24).toString('base64url'), { mode: 0o600, flush: true });
    try {
      await link(draft, path).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
    } finally {
      await rm(draft);
    }
  }
  return (await readFile(path, 'utf8')).trim();
}

async function runInitdb(launcher: Launcher, initdb: string, args: string[]): Promise<void> {
  const { file, args: allArgs, options } = launcher.command(initdb, args);
  const child = spawn(file, allArgs, {
    ...options,
    env: programEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe'],
    windowsHide: true,
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [code, complaints] = await Promise.all([ended, text(child.stderr)]);
  if (code !== 0) {
    throw new Error(
      `The embedded Postgres could not be initialised. Set DATABASE_URL to use another one.\n${complaints.trim()}`,
    );
  }
}

export type InitialiseOptions = {
  dataDir: string;
  password: string;
  durable: boolean;
  launcher: Launcher;
  binaries: PostgresBinaries;
};

/**
 * Creates `<dataDir>/postgres` if it does not exist. The database is created in a folder beside it, which is renamed at the
 * end. So an interrupted start does no harm.
 * @throws Error if Postgres cannot be initialised, or another folder has this name
 */
export async function initialise(options: InitialiseOptions): Promise<void> {
  const { dataDir, launcher } = options;
  const folder = join(dataDir, 'postgres');
  if (await exists(join(folder, 'PG_VERSION'))) return changeOwner(launcher.account, folder);

  await removeAbandoned(dataDir, 'postgres-new-');
  const draft = await mkdtemp(join(dataDir, 'postgres-new-'));
  try {
    const [data, passwordFile] = [join(draft, 'data'), join(draft, 'password')];
    await mkdir(data, { mode: 0o700 });
    await writeFile(passwordFile, options.password, { mode: 0o600 });
    await changeOwner(launcher.account, draft);
    await runInitdb(launcher, options.binaries.initdb, [
      ...['-D', data, '-U', SUPERUSER, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8'],
      ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-instructions'],
      ...(options.durable ? [] : ['--no-sync']),
    ]);
    await rename(data, folder).catch(async (cause) => {
      if (await exists(join(folder, 'PG_VERSION'))) return; // another process was faster
      throw new Error(`${folder} is in the way: it holds no database. Move it away.`, { cause });
    });
  } finally {
    await rm(draft, { recursive: true, force: true, maxRetries: 3 });
  }
}

/**
 * Removes the folders of processes that were killed. Recent folders stay, since they may belong to a process that is
 * starting.
 * @param spare tells of an old folder whether it must stay
 */
export async function removeAbandoned(
  parent: string,
  prefix: string,
  spare: (path: string, owner: number) => Promise<boolean> = async () => false,
): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix)) continue;
    const path = join(parent, name);
    const found = await lstat(path).catch(() => undefined);
    if (found === undefined || Date.now() - found.mtimeMs < ABANDONED_AFTER_MS) continue;
    if (await spare(path, found.uid)) continue;
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  }
}

export type ServerLog = { fd: number; tail(): Promise<string>; close(): Promise<void> };

/** Opens the server's log. `tail` returns the last lines that were written since then. */
export async function openServerLog(dataDir: string): Promise<ServerLog> {
  const path = join(dataDir, 'postgres.log');
  const file = await open(path, 'a', 0o600);
  if ((await file.stat()).size > LOG_LIMIT_BYTES) await file.truncate();
  const { size } = await file.stat();
  return {
    fd: file.fd,
    async tail() {
      const written = (await readFile(path)).subarray(size).toString();
      return written.trim().split('\n').slice(-12).join('\n');
    },
    close: () => file.close(),
  };
}
