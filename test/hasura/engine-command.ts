import { execFile } from 'node:child_process';

type Outcome = { code: number; lines: string[] };
/** Runs `hasura:status` or `hasura:reload` and returns its exit code and its output. */
export function run(command: 'status' | 'reload', env: Record<string, string>): Promise<Outcome> {
  const args = ['--import', 'tsx', `src/commands/hasura/${command}.ts`];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env: { PATH: process.env.PATH, ...env } }, (error, stdout) =>
      resolve({ code: Number(error?.code ?? 0), lines: stdout.trimEnd().split('\n') }),
    );
  });
}
