import { type ChildProcess, execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { cp, mkdtemp, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Played, Workshop } from './mutation.ts';
import type { Order } from './player.ts';

const execute = promisify(execFile);

async function listFiles(root: string, ...selection: string[]): Promise<string[]> {
  const { stdout } = await execute('git', ['ls-files', '-z', ...selection], { cwd: root });
  return stdout.split('\0').filter((file) => file !== '');
}

/** Copies the files that git tracks or would add, as they are in the work tree. */
async function copyWorkTree(root: string, folder: string): Promise<void> {
  const gone = new Set(await listFiles(root, '--deleted'));
  for (const file of new Set(await listFiles(root, '--cached', '--others', '--exclude-standard')))
    if (!gone.has(file)) await cp(join(root, file), join(folder, file), { recursive: true });
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'dir');
}

/** Starts the player in the copy, with its own Postgres server: players that share one drop each other's databases. */
async function startPlayer(folder: string): Promise<ChildProcess> {
  const { HASURA_ENGINE: _, TEST_DATABASE_URL: __, ...env } = process.env;
  const player = fork(join(folder, 'test/hasura/mutations/player.ts'), {
    ...{ cwd: folder, env, execArgv: ['--import', 'tsx'] },
  });
  await firstMessage(player);
  return player;
}

/** @throws Error if the player ends before its message */
async function firstMessage(player: ChildProcess): Promise<unknown> {
  const over = new AbortController();
  const { signal } = over;
  try {
    const ended = once(player, 'exit', { signal }).then(([code]) => {
      throw new Error(`The player ended with exit code ${code}.`);
    });
    const [message] = await Promise.race([once(player, 'message', { signal }), ended]);
    return message;
  } finally {
    over.abort();
  }
}

/** Opens a copy of the work tree in which scenarios can be played. */
export async function openWorkshop(root: string): Promise<Workshop & { close(): Promise<void> }> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'portcullis-mutations-')));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove); // also after an interrupt
  await copyWorkTree(root, folder);
  const player = await startPlayer(folder);
  const changed = new Set<string>();
  return {
    read: (file) => readFile(join(folder, file), 'utf8'),
    async write(file, text) {
      await writeFile(join(folder, file), text);
      changed.add(file);
    },
    async play(scenarios) {
      player.send({ scenarios, changed: [...changed] } satisfies Order);
      changed.clear();
      return (await firstMessage(player)) as Played;
    },
    async close() {
      player.disconnect();
      await once(player, 'exit');
      remove();
      process.off('exit', remove);
    },
  };
}
