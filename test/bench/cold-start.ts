import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Bench, project, type Row } from './bench.ts';
import { median } from './messages.ts';

/** The packages that main.ts loads before it listens. */
const PACKAGES = [
  ...['graphql-yoga', '@pothos/core', 'graphql', 'hono', '@hono/node-server', 'pino', 'zod', 'uuid'],
  ...['drizzle-orm/postgres-js', 'drizzle-orm/pg-core', 'postgres', 'jose', 'argon2', 'lru-cache', 'p-limit'],
  ...['@escape.tech/graphql-armor-cost-limit', 'ipaddr.js'],
];

type Program = { file: string; args: string[]; env?: Record<string, string>; cwd?: string };

/** Milliseconds from the start of a program until it prints a line with the text. Then stops the program. */
async function timeUntil(text: string, { file, args, env, cwd = project }: Program): Promise<number> {
  const start = performance.now();
  const child: ChildProcess = spawn(file, args, {
    cwd,
    env: { ...process.env, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true, // its own process group, which npm and its child processes share
  });
  const closed = once(child, 'close');
  let ms: number | undefined;
  for await (const line of createInterface({ input: child.stdout! })) {
    if (ms !== undefined || !line.includes(text)) continue;
    ms = performance.now() - start;
    process.kill(-child.pid!, 'SIGINT');
  }
  await closed;
  if (ms === undefined) throw new Error(`${file} ${args.join(' ')} ended before it said ${text}`);
  return ms;
}

async function thrice(text: string, program: Program): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 3; i++) times.push(await timeUntil(text, program));
  return median(times);
}

export async function measureColdStart({ build, env }: Bench): Promise<Row[]> {
  const dataDir = join(build, '..', 'data');
  const imports = `await Promise.all(${JSON.stringify(PACKAGES)}.map((name) => import(name)));`;
  const bare = await thrice('loaded', {
    file: process.execPath,
    args: ['--input-type=module', '-e', `${imports} console.log('loaded'); process.stdin.resume();`],
  });
  const compiled = await thrice('Listening.', {
    file: process.execPath,
    args: [join(build, 'main.js')],
    env,
  });
  const npmStart = { file: 'npm', args: ['start'], env: { DATA_DIR: join(dataDir, 'embedded') } };
  await timeUntil('Listening.', npmStart); // makes the database
  const embedded = await thrice('Listening.', npmStart);
  const ms = (value: number) => `${value.toFixed(0)} ms`;
  return [
    {
      what: 'cold start, compiled',
      gateway: ms(compiled),
      bare: ms(bare),
      ratio: compiled / bare,
      note: 'bare: its packages imported, no more; median of 3',
    },
    {
      what: 'cold start, npm start',
      gateway: ms(embedded),
      bare: ms(compiled),
      ratio: embedded / compiled,
      note: 'bare: the compiled one; this adds npm, tsx and embedded Postgres',
    },
  ];
}
