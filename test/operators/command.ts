import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runUsersCommand } from '../../src/commands/users/run.ts';
import type { TestGateway } from '../support/gateway.ts';

export type CommandRun = { code: number | null; stdout: string; stderr: string };

/** Runs `npm run users` in a process of its own. From this process's environment it gets only PATH and HOME. */
export async function runUsers(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  { stdin = '', script = 'src/commands/users.ts' }: { stdin?: string; script?: string } = {},
): Promise<CommandRun> {
  const child = spawn('node', ['--import', 'tsx', script, ...args], {
    env: {
      ...{ PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' },
      ...{ DATA_DIR: join(tmpdir(), 'portcullis-users-command'), ...env },
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const run: CommandRun = { code: null, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (run.stdout += chunk));
  child.stderr.on('data', (chunk: Buffer) => (run.stderr += chunk));
  child.stdin.on('error', () => {}); // a command that does not read it may end first
  child.stdin.end(stdin);
  await once(child, 'close');
  return { ...run, code: child.exitCode };
}

/** Runs `npm run users` in this process, on the database of a gateway. The standard input is not a terminal. */
export const runUsersOn = (gateway: Pick<TestGateway, 'deps'>, args: readonly string[]) =>
  runOn(gateway, runUsersCommand, args);

/** Runs a command with subcommands in this process, on the database of a gateway. */
export async function runOn(
  gateway: Pick<TestGateway, 'deps'>,
  command: typeof runUsersCommand,
  args: readonly string[],
): Promise<CommandRun> {
  const [stdout, stderr]: [string[], string[]] = [[], []];
  const code = await command(args, {
    stdout: { write: (text) => stdout.push(text) },
    stderr: { write: (text) => stderr.push(text) },
    open: async () => ({ deps: gateway.deps, single: gateway.deps.priority.db, close: async () => {} }),
  });
  return { code, stdout: stdout.join(''), stderr: stderr.join('') };
}

/** The JSON that a subcommand prints. It must succeed. */
export async function jsonOf<T = Record<string, unknown>>(
  gateway: Pick<TestGateway, 'deps'>,
  args: readonly string[],
): Promise<T> {
  const { code, stdout, stderr } = await runUsersOn(gateway, [...args, '--json']);
  if (code !== 0) throw new Error(`The command ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}
