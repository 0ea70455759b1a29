import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { newPerson, type Person, post, SIGNUP } from '../support/gateway.ts';
import { type GatewayProcess, startProcess } from './process.ts';

// The embedded Postgres is a child process of the gateway. If it dies, the gateway restarts it or exits.

let dataDir: string;
let gateway: GatewayProcess;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'portcullis-dies-'));
  gateway = await startProcess({ DATA_DIR: dataDir, LIMIT_SIGNUP_PER_ADDRESS: '10000/60' });
});
afterEach(async () => {
  gateway.child.kill('SIGKILL');
  await rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

const postmaster = async (): Promise<number> =>
  Number((await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0]);
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
const signUp = async (person: Person = newPerson()): Promise<string> => {
  const { body } = await post(`${gateway.url}/graphql`, { query: SIGNUP, variables: { input: person } });
  const { errors } = body as { errors?: { extensions: { code: string } }[] };
  return errors?.[0]?.extensions.code ?? 'done';
};

test('the gateway restarts an embedded Postgres that is killed during traffic, and recovers', async () => {
  const early = newPerson();
  expect(await signUp(early)).toBe('done');
  let trafficking = true;
  const codes = new Set<string>();
  const traffic = (async () => {
    while (trafficking) codes.add(await signUp());
  })();
  process.kill(await postmaster(), 'SIGKILL');
  await expect.poll(() => codes.has('unavailable')).toBe(true);
  await expect.poll(() => signUp()).toBe('done');
  trafficking = false;
  await traffic;
  expect([...codes].filter((code) => !['done', 'unavailable'].includes(code))).toEqual([]);
  expect(await signUp(early)).toBe('already_registered');
  await expect.poll(async () => (await fetch(`${gateway.url}/ready`)).status).toBe(200);
  expect(gateway.output()).toContain('Postgres was started again.');
  expect(await gateway.end('SIGTERM')).toBe(0);
  expect(isAlive(await postmaster().catch(() => 0x7fffffff))).toBe(false);
});

test('the gateway exits with 1 and a message if the embedded Postgres cannot restart', async () => {
  await writeFile(join(dataDir, 'postgres', 'PG_VERSION'), '11\n');
  process.kill(await postmaster(), 'SIGKILL');
  expect(await gateway.end()).toBe(1);
  expect(gateway.output()).toContain('The gateway has no database any more.');
  expect(gateway.output()).toContain('initialized by PostgreSQL version 11');
});

test.each([0, 100])(
  'SIGTERM %i ms after a kill of the embedded Postgres ends gateway and Postgres',
  async (afterMs) => {
    process.kill(await postmaster(), 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    expect(await gateway.end('SIGTERM')).toBe(0);
    const left = await postmaster().catch(() => null);
    if (left !== null) await expect.poll(() => isAlive(left)).toBe(false);
  },
);
