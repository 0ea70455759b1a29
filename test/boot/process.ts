import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../support/ports.ts';

export type GatewayProcess = {
  child: ChildProcess;
  /** The standard output and error so far. */
  output(): string;
  url: string;
  /** Sends a signal and waits for the end; the exit code, or the signal's name. */
  end(signal?: NodeJS.Signals): Promise<number | string | null>;
};

/** Runs the gateway as its users do. From this process's environment it gets only PATH and HOME. */
export function spawnGateway(
  env: Record<string, string>,
  {
    command = ['node', '--import', 'tsx', 'src/main.ts'],
    detached = false,
  }: { command?: string[]; detached?: boolean } = {},
): Omit<GatewayProcess, 'url'> {
  const [program = 'node', ...args] = command;
  const child = spawn(program, args, {
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (output += chunk));
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  return {
    child,
    output: () => output,
    async end(signal) {
      if (signal !== undefined) child.kill(signal);
      const [code, killedBy] = await exited;
      return code ?? killedBy;
    },
  };
}

/** Starts the gateway and waits until it is ready. */
export async function startProcess(
  env: Record<string, string>,
  options?: Parameters<typeof spawnGateway>[1],
): Promise<GatewayProcess> {
  const port = env.PORT ?? String(await freePort());
  const gateway = spawnGateway({ ...env, PORT: port }, options);
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    if (gateway.child.exitCode !== null)
      throw new Error(`The gateway did not become ready:\n${gateway.output()}`);
    const ready = await fetch(`${url}/ready`).catch(() => null);
    if (ready?.ok) return { ...gateway, url };
    await sleep(100);
  }
}
