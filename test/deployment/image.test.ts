import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GatewayProcess, spawnGateway, startProcess } from '../boot/process.ts';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../support/database.ts';
import { newPerson, post, SIGNUP } from '../support/gateway.ts';
import { type Compose, copiesOf, filledExample, readDockerfile, resolveCompose } from './compose.ts';

const run = promisify(execFile);
const IMPORT =
  /(?:^import\s+(?:[^'"]*?\sfrom\s+)?|^export\s+[*{][^'"]*?\sfrom\s+|\bimport\()['"]([^'"]+)['"]/gm;
const stages = await readDockerfile();
const runtime = stages.at(-1) ?? [];

let app: string;
let compose: Compose;
let database: TestDatabase;
let gateway: GatewayProcess | undefined;

/** Makes the image's folder: the copies of its last stage, with the repository's packages instead of a new installation. */
async function assemble(): Promise<void> {
  for (const { from, sources, target } of copiesOf(runtime)) {
    for (const source of sources) {
      if (from === 'dependencies') await symlink(join(process.cwd(), 'node_modules'), join(app, target));
      else if (from === 'build') await run('npm', ['run', 'build', '--', '--outDir', join(app, target)]);
      else await cp(source, join(app, target === './' ? source : target), { recursive: true });
    }
  }
}

beforeAll(async () => {
  app = await mkdtemp(join(tmpdir(), 'portcullis-image-'));
  [compose, database] = await Promise.all([
    filledExample().then(resolveCompose),
    createTestDatabase(),
    assemble(),
  ]);
});
afterAll(async () => {
  gateway?.child.kill('SIGKILL');
  await database?.drop();
  await rm(app, { recursive: true, force: true });
});

const imageEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    runtime
      .filter(({ name }) => name === 'ENV')
      .flatMap(({ rest }) => rest.split(/\s+/).map((pair) => pair.split('=') as [string, string])),
  );

function serve(): Promise<GatewayProcess> {
  const { PORT: _, ...fromImage } = imageEnvironment();
  const fromCompose = compose.services.gateway?.environment;
  const env = { ...fromImage, ...fromCompose, HOST: '127.0.0.1', DATABASE_URL: database.url };
  return startProcess(env, { command: ['node', join(app, 'dist/main.js')] });
}

const command = (name: string, env: Record<string, string>) =>
  spawnGateway(env, { command: ['node', join(app, 'dist/commands', name)] });

test('every path that the Dockerfile copies exists and is allowed by .dockerignore', async () => {
  const rules = (await readFile('.dockerignore', 'utf8')).split('\n').filter((line) => !/^(#|$)/.test(line));
  const sources = stages.flatMap(copiesOf).flatMap(({ from, sources: paths }) => (from ? [] : paths));
  for (const source of sources) await access(source);
  expect(rules[0]).toBe('*');
  expect(rules.slice(1).sort()).toEqual([...new Set(sources)].map((source) => `!${source}`).sort());
});

test('the image runs as the user node, gets signals, and sets ten libuv threads', () => {
  const last = (name: string) => runtime.filter((instruction) => instruction.name === name).at(-1)?.rest;
  expect(last('USER')).toBe('node');
  expect(last('STOPSIGNAL')).toBe('SIGTERM');
  expect(JSON.parse(last('CMD') ?? '')).toEqual(['node', 'dist/main.js']);
  expect(imageEnvironment()).toEqual({
    NODE_ENV: 'production',
    HOST: '0.0.0.0',
    PORT: '4000',
    UV_THREADPOOL_SIZE: '10',
  });
});

test('the code in the image imports only installed dependencies', async () => {
  const { dependencies } = JSON.parse(await readFile('package.json', 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const packages = new Set<string>();
  const seen = new Set<string>();
  const visit = async (file: string): Promise<void> => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = await readFile(file, 'utf8');
    for (const [, from = ''] of text.matchAll(IMPORT)) {
      if (from.startsWith('.')) await visit(join(dirname(file), from));
      else if (!from.startsWith('node:')) packages.add(/^(@[^/]+\/)?[^/]+/.exec(from)?.[0] ?? '');
    }
  };
  for (const entry of ['main', 'commands/migrate', 'commands/reencrypt-keys', 'commands/hasura/role'])
    await visit(join(app, 'dist', `${entry}.js`));
  expect(seen.size).toBeGreaterThan(50);
  expect([...packages].filter((name) => !(name in dependencies))).toEqual([]);
});

test('the compiled gateway serves in production with the compose file’s environment and exits with 0', async () => {
  gateway = await serve();
  const person = newPerson();
  const answer = await post(`${gateway.url}/graphql`, { query: SIGNUP, variables: { input: person } });
  expect(answer.body).toMatchObject({ data: { signup: { user: { email: person.email } } } });
  expect(await gateway.end('SIGTERM')).toBe(0);
});

describe('the migrate command', () => {
  test('applies all migrations and can run twice', async () => {
    const empty = await createEmptyDatabase();
    for (const _ of [1, 2]) {
      const migrate = command('migrate.js', { NODE_ENV: 'production', DATABASE_URL: empty.url });
      expect(await migrate.end(), migrate.output()).toBe(0);
    }
    const sql = postgres(empty.url, { max: 1 });
    const [found] = await sql`select to_regclass('portcullis.users') is not null as migrated`;
    expect(found).toEqual({ migrated: true });
    await sql.end();
    await empty.drop();
  });

  test('exits with an error for a missing, invalid or unreachable URL, without the password', async () => {
    for (const [url, exitCode, complaint] of [
      ['', 78, 'DATABASE_URL: required'],
      ['mysql://me:hunter2@localhost/db', 78, 'DATABASE_URL: must be a postgres URL'],
      ['postgres://me:hunter2@127.0.0.1:1/db', 1, 'ECONNREFUSED'],
    ] as const) {
      const migrate = command('migrate.js', { NODE_ENV: 'production', DATABASE_URL: url });
      expect(await migrate.end()).toBe(exitCode);
      expect(migrate.output()).toContain(complaint);
      expect(migrate.output()).not.toContain('hunter2');
    }
  });
});

describe('the reencrypt-keys command', () => {
  const key = () => randomBytes(32).toString('base64');

  test('encrypts every private key with the first key-encryption key', async () => {
    gateway = await serve(); // makes a key if the database has none
    await gateway.end('SIGTERM');
    const [before, after] = [compose.services.gateway?.environment?.KEY_ENCRYPTION_KEYS ?? '', key()];
    const reencrypt = async (keys: string) => {
      const child = command('reencrypt-keys.js', { DATABASE_URL: database.url, KEY_ENCRYPTION_KEYS: keys });
      return [await child.end(), child.output()];
    };
    expect(await reencrypt(`${after},${before}`)).toEqual([0, 'Keys re-encrypted under the first key: 1.\n']);
    expect(await reencrypt(after)).toEqual([0, 'Keys re-encrypted under the first key: 0.\n']);
    const [exitCode, output] = await reencrypt(key());
    expect(exitCode).toBe(1);
    expect(output).toContain('KEY_ENCRYPTION_KEYS: no key fits a stored signing key');
  });

  test('names every missing variable: exit code 78', async () => {
    const child = command('reencrypt-keys.js', {});
    expect(await child.end()).toBe(78);
    expect(child.output()).toContain('DATABASE_URL: required');
    expect(child.output()).toContain('KEY_ENCRYPTION_KEYS: required');
  });
});
