import { once } from 'node:events';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { startEmbeddedPostgres } from '../../src/embedded-postgres/server.ts';
import {
  box,
  initialisations,
  isLinux,
  isServer,
  nextLine,
  ordinaryUser,
  postmaster,
  postmasterFile,
  query,
  start,
  startOwner,
  useBox,
} from '../support/embedded.ts';

useBox();

test('a start after a killed initialization works and removes the leftover files', async () => {
  void startOwner().catch(() => {});
  const drafts = async () =>
    (await readdir(box.dataDir).catch(() => [])).filter((name) => name.includes('-new-'));
  const [owner] = box.owners;
  await expect.poll(initialisations, { interval: 5 }).not.toEqual([]);
  owner!.kill('SIGKILL');
  await expect.poll(initialisations).toEqual([]); // initdb, now without its parent, ends
  const [draft] = await drafts();
  expect(draft).toBeDefined();
  expect(await readdir(box.dataDir)).not.toContain('postgres');

  const hourAgo = new Date(Date.now() - 3_600_000);
  await utimes(join(box.dataDir, draft!), hourAgo, hourAgo);
  const { url } = await start();
  expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
  expect(await drafts()).toEqual([]);
});

test('stopping the embedded server ends connections in use', async () => {
  const server = await start();
  const client = postgres(server.url, { max: 1 });
  // Longer than a test may take.
  const busy = expect(client`select pg_sleep(600)`).rejects.toThrow();
  await sleep(100);
  await server.stop();
  await busy;
  await client.end({ timeout: 0 });
});

test('Ctrl-C reaches the gateway but not its embedded server', async () => {
  const { owner } = await startOwner();
  const pid = await postmaster();
  const answer = nextLine(owner);
  process.kill(-owner.pid!, 'SIGINT');
  expect(await answer).toEqual({ answer: 'still here' });
  if (owner.exitCode === null) await once(owner, 'exit');
  expect(owner.exitCode).toBe(0);
  expect(await isServer(pid)).toBe(false);
});

test('the embedded server ends when its gateway is killed', async () => {
  const { owner, url } = await startOwner();
  await query(url, 'create table kept as select 42 as answer');
  const pid = await postmaster();
  owner.kill('SIGKILL');
  if (isLinux) await expect.poll(() => isServer(pid)).toBe(false);
  const next = await start();
  expect(await query(next.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
});

test('a new gateway stops and replaces an embedded server that was left behind', async () => {
  const { owner, url } = await startOwner(await ordinaryUser(), 'without setpriv the server learns nothing');
  await query(url, 'create table kept as select 42 as answer');
  const pid = await postmaster();
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  await sleep(300);
  expect(await isServer(pid)).toBe(true);

  const next = await start();
  expect(await postmaster()).not.toBe(pid);
  expect(await isServer(pid)).toBe(false);
  expect(await query(next.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
});

test('a second gateway on the same data folder is refused, and the first gateway continues', async () => {
  const { url } = await startOwner();
  await expect(start()).rejects.toThrow(`another gateway is using the data folder ${box.dataDir}`);
  expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('one of two gateways that start at once on an empty folder gets the folder', async () => {
  const outcomes = await Promise.allSettled([start(), start()]);
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
  expect(refused.map(({ reason }) => (reason as Error).message)).toEqual([
    `another gateway is using the data folder ${box.dataDir}`,
  ]);
  expect(await query(box.running[0]!.url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('a start of the embedded server waits until the previous server has stopped', async () => {
  const first = await start();
  const [, second] = await Promise.all([first.stop(), start()]);
  expect(await query(second.url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

const answers = (url: string) => query(url, 'select answer from kept').catch(() => null);

test('a killed embedded server restarts on its port, even while its processes still run', async () => {
  const { url } = await start();
  await query(url, 'create table kept as select 42 as answer');
  for (let time = 0; time < 2; time++) {
    const client = postgres(url, { max: 1 });
    const busy = client`select pg_sleep(60)`.catch(() => {});
    await sleep(100);
    const pid = await postmaster();
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => answers(url)).toEqual([{ answer: 42 }]);
    expect(await postmaster()).not.toBe(pid);
    await busy;
    await client.end({ timeout: 0 });
  }
  // The restarted server still protects the folder.
  await expect(start()).rejects.toThrow(`another gateway is using the data folder ${box.dataDir}`);
});

test('an embedded server that cannot restart is reported lost, with the reason', async () => {
  const server = await start();
  await writeFile(join(box.dataDir, 'postgres', 'PG_VERSION'), '11\n');
  process.kill(await postmaster(), 'SIGKILL');
  const { message, cause } = await server.lost;
  expect(message).toBe('Postgres ended by itself and cannot be started again.');
  expect(String(cause)).toContain('initialized by PostgreSQL version 11');
});

test.each(['stop', 'letEnd'] as const)(
  'an embedded server that ends after %s does not restart',
  async (end) => {
    const server = await start();
    const pid = await postmaster();
    process.kill(pid, 'SIGKILL');
    await server[end]();
    await server.stop();
    await sleep(500);
    expect(await isServer(await postmaster().catch(() => pid))).toBe(false);
  },
);

test('a start ignores a stale postmaster.pid, even if another process has its number', async () => {
  const other = await startEmbeddedPostgres({ dataDir: join(box.home, 'other') });
  box.running.push(other);
  const otherPid = Number(
    (await readFile(join(box.home, 'other', 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0],
  );
  const first = await start();
  const lines = (await readFile(postmasterFile(), 'utf8')).split('\n');
  await first.stop();
  for (const pid of [4_194_303, process.pid, otherPid]) {
    await writeFile(postmasterFile(), [pid, ...lines.slice(1)].join('\n'));
    const next = await start();
    expect(await query(next.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await next.stop();
  }
  expect(await query(other.url, 'select 1 as one')).toEqual([{ one: 1 }]);
});
