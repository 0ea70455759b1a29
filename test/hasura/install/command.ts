import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { installCommand, isForOperators } from '../../../src/commands/hasura/install/command.ts';
import { at, type JsonObject, parseJson } from '../../../src/commands/hasura/install/json.ts';
import type { TestGateway } from '../../support/gateway.ts';
import type { Engine } from '../../support/hasura/engine.ts';

export type Run = { code: number; out: string; err: string };

/** A folder for backups of one test file. */
export async function backupFolder() {
  const path = await mkdtemp(join(tmpdir(), 'hasura-install-'));
  return {
    path,
    /** The backups, oldest first: their text and their rights. */
    async backups() {
      const names = (await readdir(path)).sort();
      return Promise.all(
        names.map(async (name) => ({
          text: await readFile(join(path, name), 'utf8'),
          mode: (await stat(join(path, name))).mode & 0o777,
        })),
      );
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
}

type Target = Pick<Engine, 'url' | 'adminSecret'>;

type Input = {
  gateway: TestGateway | null;
  env?: Record<string, string | undefined>;
  cwd: string;
};

const environment = (engine: Target, { gateway, env }: Input): Record<string, string | undefined> => ({
  HASURA_GRAPHQL_ENDPOINT: new URL(engine.url).origin,
  HASURA_GRAPHQL_ADMIN_SECRET: engine.adminSecret,
  ...gateway?.environment,
  ...env,
});

/** Runs the command in this process, with the gateway's variables unless it is null. Backups go to `cwd`. */
export async function runInstall(engine: Target, args: readonly string[], input: Input): Promise<Run> {
  const backup = args.includes('--backup') ? [] : ['--backup', input.cwd];
  try {
    return { code: 0, out: await installCommand([...args, ...backup], environment(engine, input)), err: '' };
  } catch (error) {
    if (!isForOperators(error)) throw error;
    return { code: 1, out: '', err: `${error.message}\n` };
  }
}

/** Runs `npm run hasura:install` as an operator does. */
export function spawnInstall(engine: Target, args: readonly string[], input: Input): Promise<Run> {
  const command = resolve('src/commands/hasura/install.ts');
  const env = { PATH: process.env.PATH, ...environment(engine, input) };
  const node = ['--import', import.meta.resolve('tsx'), command, ...args];
  return new Promise((done) => {
    execFile(process.execPath, node, { env, cwd: input.cwd }, (error, out, err) =>
      done({ code: Number(error?.code ?? 0), out, err }),
    );
  });
}

/** Sends an operation to the engine's metadata API. */
export async function metadataApi(
  engine: Target,
  operation: object | string,
): Promise<{ status: number; text: string }> {
  const response = await fetch(new URL('/v1/metadata', engine.url), {
    method: 'POST',
    headers: { 'x-hasura-admin-secret': engine.adminSecret },
    body: typeof operation === 'string' ? operation : JSON.stringify(operation),
  });
  return { status: response.status, text: await response.text() };
}

/** The engine's metadata as text: digits count. */
export async function exported(
  engine: Target,
): Promise<{ text: string; metadata: JsonObject; version: string }> {
  const { text } = await metadataApi(engine, { type: 'export_metadata', version: 2, args: {} });
  const [start, end] = [text.indexOf('"metadata":'), text.lastIndexOf('}')];
  const answer = parseJson(text);
  return {
    text: text.slice(start, end),
    metadata: at(answer, 'metadata') as JsonObject,
    version: String(at(answer, 'resource_version')),
  };
}

/** Asks the engine's GraphQL API. */
export async function ask(
  engine: Target,
  query: string,
  headers: Record<string, string> = {},
): Promise<unknown> {
  const response = await fetch(engine.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
  return response.json();
}
