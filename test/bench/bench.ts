import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startThrowawayPostgres } from '../../src/embedded-postgres/server.ts';
import type { GatewayAnswer, GatewayQuestion } from './gateway-process.ts';
import type { Load, LoadResult } from './load-process.ts';
import { type MailSink, startMailSink } from './mails.ts';
import { type Helper, startHelper } from './messages.ts';

export const project = fileURLToPath(new URL('../..', import.meta.url));

/** A line of the table. */
export type Row = { what: string; gateway: string; bare?: string; ratio?: number; note?: string };

/** The parts that all measurements share. */
export type Bench = {
  /** The folder of the compiled gateway. */
  build: string;
  /** The environment for each start of the gateway on the bench's database. */
  env: Record<string, string>;
  gateway: Helper<GatewayQuestion, GatewayAnswer>;
  origin: string;
  /** The URL of the GraphQL endpoint. */
  url: string;
  hashesAtOnce: number;
  load(load: Load): Promise<LoadResult>;
  person: { email: string; password: string };
  token: string;
  mailSink: MailSink;
  /** The shares of a core that the load generator used. */
  clientCpu: number[];
  stop(): Promise<void>;
};

/** Compiles the gateway into a folder, with links to the files that it expects beside itself. */
async function compile(folder: string): Promise<string> {
  const build = join(folder, 'dist');
  const compiler = join(project, 'node_modules', '.bin', 'tsc');
  execFileSync(compiler, ['-p', 'src/tsconfig.json', '--outDir', build], { cwd: project, stdio: 'inherit' });
  for (const name of ['node_modules', 'drizzle', 'package.json'])
    await symlink(join(project, name), join(folder, name));
  return build;
}

const SIGNUP = 'mutation ($input: SignupInput!) { signup(input: $input) { accessToken } }';

async function signUp(url: string, person: Bench['person']): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: SIGNUP, variables: { input: { ...person, name: 'Ada' } } }),
  });
  const { data } = (await response.json()) as { data: { signup: { accessToken: string } } };
  return data.signup.accessToken;
}

export async function startBench(gatewayArguments: string[] = []): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-bench-'));
  const build = await compile(folder);
  const postgres = await startThrowawayPostgres();
  const mailSink = await startMailSink();
  const env = {
    SMTP_URL: mailSink.url,
    DATABASE_URL: postgres.url,
    INTERNAL_ENDPOINTS_SECRET: randomBytes(32).toString('hex'),
    KEY_ENCRYPTION_KEYS: randomBytes(32).toString('base64'),
    RATE_LIMITS: 'off',
    DIALECTS: 'portal,teams,gotrue',
    // The bench's person follows no mailed link.
    AUTOCONFIRM: 'email',
    PORT: '0',
  };
  const gateway = startHelper<GatewayQuestion, GatewayAnswer>(
    'gateway-process.ts',
    { ...env, BENCH_BUILD: build, NODE_ENV: 'production' },
    gatewayArguments,
  );
  const client = startHelper<Load, LoadResult>('load-process.ts');
  const { url: origin, hashesAtOnce } = await gateway.ask({ ask: 'url' });
  const url = `${origin}/graphql`;
  const person = { email: 'ada@example.com', password: 'correct horse' };
  const clientCpu: number[] = [];
  return {
    ...{ build, env, mailSink, gateway, origin, url, hashesAtOnce, person, clientCpu },
    token: await signUp(url, person),
    async load(load) {
      const result = await client.ask(load);
      clientCpu.push(result.clientCpu);
      return result;
    },
    async stop() {
      await Promise.all([gateway.stop(), client.stop()]);
      mailSink.stop();
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
