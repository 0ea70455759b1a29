import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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
