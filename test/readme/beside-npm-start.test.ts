import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEmptyDatabase, type TestDatabase } from '../support/database.ts';
import { bearer, newPerson, signUp, startGateway } from '../support/gateway.ts';
import { startEngine } from '../support/hasura/engine.ts';
import { blocksOf, sectionOf } from './blocks.ts';

// A shell runs the blocks of hasura/README.md, "Hasura in Docker beside `npm start`". A script stands in for `docker` and records
// its calls. The test replaces the addresses of containers, and the name of the role, which belongs to the whole server.

const run = promisify(execFile);
const HEADING = 'Hasura in Docker beside `npm start`';
const GATEWAY = 'http://host.docker.internal:4000';
const role = `hasura_${randomBytes(4).toString('hex')}`;

let folder: string;
let database: TestDatabase;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portcullis-docker-'));
  database = await createEmptyDatabase();
  const docker = join(folder, 'docker');
  await writeFile(
    docker,
    '#!/bin/sh\nfor word; do printf "%s\\0" "$word"; done >> "$0.calls"\nprintf "\\n" >> "$0.calls"\n',
  );
  await chmod(docker, 0o755);
  for (const name of ['package.json', 'src', 'drizzle', 'hasura', 'node_modules'])
    await symlink(join(process.cwd(), name), join(folder, name));
});
afterAll(async () => {
  const owner = postgres(database.url, { max: 1, onnotice: () => {} });
  await owner`drop owned by ${owner(role)} cascade`;
  await owner`drop role ${owner(role)}`;
  await owner.end();
  await database.drop();
  await rm(folder, { recursive: true });
});

/** Runs a block in a copy of the repository's folder; returns the calls of `docker`. */
async function shell(block: string): Promise<string[][]> {
  const here = block
    .replaceAll(/postgres:postgres@localhost:5432\/postgres/g, database.url.replace(/^\w+:\/\//, ''))
    .replaceAll(
      /hasura:hasura@localhost:5432\/postgres/g,
      `${role}:hasura@${new URL(database.url).host}${new URL(database.url).pathname}`,
    );
  const env = { PATH: `${folder}:${process.env.PATH}` };
  await run('sh', ['-ec', here], { cwd: folder, env });
  const calls = await readFile(join(folder, 'docker.calls'), 'utf8');
  await rm(join(folder, 'docker.calls'));
  return calls
    .trim()
    .split('\n')
    .map((call) => call.split('\0').slice(0, -1));
}

/** The values of an option, in order. */
const optionsOf = (call: readonly string[], option: string): string[] =>
  call.flatMap((word, index) => (word === option ? [call[index + 1] ?? ''] : []));

test('the blocks of hasura/README.md start a consistent engine that accepts the gateway’s tokens', async () => {
  const [prepare = '', start = '', engineBlock = ''] = await blocksOf('hasura/README.md', HEADING, 'sh');
  const prepared = await shell(prepare);
  expect(prepared.map(([command]) => command)).toEqual(['network', 'run', 'exec', 'exec']);

  const variables = Object.fromEntries(
    [...start.matchAll(/([A-Z_]+)=(\S+)/g)].map(([, name, value]) => [name, value]),
  );
  expect(Object.keys(variables)).toEqual(['HOST', 'PUBLIC_URL']);
  const gateway = await startGateway({
    env: { DATABASE_URL: database.url, PUBLIC_URL: variables.PUBLIC_URL ?? '' },
  });
  await mkdir(join(folder, '.data'));
  await writeFile(join(folder, '.data', 'internal-secret'), `${gateway.secret}\n`);
  const [call = []] = await shell(engineBlock);
  const given = Object.fromEntries(optionsOf(call, '--env').map((pair) => pair.split(/=(.*)/s).slice(0, 2)));
  const env = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, String(value).replaceAll(GATEWAY, gateway.url)]),
  );
  const engine = await startEngine({ gateway, databaseUrl: gateway.databaseUrl, env });
  expect(await engine.inconsistent()).toEqual([]);
  const { accessToken } = await signUp(gateway, newPerson());
  const answer = await fetch(engine.url, {
    method: 'POST',
    headers: bearer(accessToken),
    body: JSON.stringify({ query: '{ me { name } portcullis_sessions { id } }' }),
  });
  expect(await answer.json()).toEqual({
    data: { me: { name: 'Ada' }, portcullis_sessions: [{ id: expect.any(String) }] },
  });
  await engine.close();
  await gateway.close();
});

test('the engine block has every listed variable, the metadata, and the image of the compose file', async () => {
  const [, , block = ''] = await blocksOf('hasura/README.md', HEADING, 'sh');
  const table = await sectionOf('hasura/README.md', 'Environment variables');
  const asked = [...table.matchAll(/^\| `(\w+)`/gm)].map(([, name = '']) => name);
  expect(asked.length).toBeGreaterThan(10);
  for (const name of asked) expect(block).toContain(`--env ${name}=`);
  expect(block).toContain('hasura/metadata:/hasura-metadata:ro');
  const [, image = ''] =
    /\$\{HASURA_IMAGE:-([^}]+)\}/.exec(await readFile('docker-compose.yml', 'utf8')) ?? [];
  expect(block.trim().endsWith(image)).toBe(true);
});
