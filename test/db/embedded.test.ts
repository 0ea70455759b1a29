import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { findPostgres } from '../../src/embedded-postgres/binaries.ts';
import { startThrowawayPostgres } from '../../src/embedded-postgres/server.ts';
import {
  box,
  isLinux,
  isRoot,
  isServer,
  NOBODY,
  ordinaryUser,
  postmaster,
  postmasterFile,
  query,
  run,
  start,
  startOwner,
  useBox,
} from '../support/embedded.ts';

useBox();

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

test('the first start creates a private embedded database', async () => {
  const { url } = await start();
  expect(new URL(url)).toMatchObject({
    hostname: '127.0.0.1',
    username: 'portcullis',
    pathname: '/portcullis',
  });
  const [settings] = await query<object>(
    url,
    `select current_setting('server_encoding') as encoding, current_setting('listen_addresses') as addresses,
      current_setting('unix_socket_directories') as sockets, current_setting('fsync') as fsync,
      current_setting('password_encryption') as password, lower('ÄÖ') as lower`,
  );
  expect(settings).toEqual({
    ...{ encoding: 'UTF8', addresses: '127.0.0.1', sockets: '', fsync: 'on' },
    ...{ password: 'scram-sha-256', lower: 'äö' },
  });
  const modes = await Promise.all(
    ['.', 'postgres', 'postgres-password', 'postgres.log'].map(async (name) =>
      ((await stat(join(box.dataDir, name))).mode & 0o777).toString(8),
    ),
  );
  expect(modes).toEqual(['700', '700', '600', '600']);
  expect((await readdir(box.dataDir)).sort()).toEqual(['postgres', 'postgres-password', 'postgres.log']);
  expect(await readFile(join(box.dataDir, 'postgres-password'), 'utf8')).toBe(new URL(url).password);
  if (isRoot) expect((await stat(join(box.dataDir, 'postgres'))).uid).not.toBe(0);

  const wrong = new URL(url);
  wrong.password = 'wrong';
  await expect(query(wrong.href, 'select 1')).rejects.toMatchObject({ code: '28P01' });
});

test('data of the embedded database survive a restart', async () => {
  const first = await start();
  await query(first.url, 'create table kept as select 42 as answer');
  const pid = await postmaster();
  await Promise.all([first.stop(), first.stop()]);
  expect(await isServer(pid)).toBe(false);

  const second = await start();
  expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
});

test('the start refuses and keeps a folder that does not hold a database', async () => {
  await mkdir(join(box.dataDir, 'postgres'), { recursive: true });
  await writeFile(join(box.dataDir, 'postgres', 'note.txt'), 'mine');
  await expect(start()).rejects.toThrow(/is in the way/);
  expect(await readFile(join(box.dataDir, 'postgres', 'note.txt'), 'utf8')).toBe('mine');
});

test('a failed start shows the last log lines of the server without its password', async () => {
  const first = await start();
  await first.stop();
  await writeFile(join(box.dataDir, 'postgres', 'PG_VERSION'), '11\n');
  const error = await start().then(
    () => undefined,
    (reason: Error) => reason,
  );
  expect(error?.message).toMatch(/ended \(exit code 1\).*DATABASE_URL/);
  expect(error?.message).toContain('initialized by PostgreSQL version 11');
  expect(error?.message).not.toContain(new URL(first.url).password);
});

test('a wrong or missing kept password fails the start at once', async () => {
  await (await start()).stop();
  await writeFile(join(box.dataDir, 'postgres-password'), 'another');
  await expect(start()).rejects.toThrow(/refuses the kept password/);
  expect(await isServer(await postmaster().catch(() => 0))).toBe(false);
  await rm(join(box.dataDir, 'postgres-password'));
  await expect(start()).rejects.toThrow(/password of the database .* is missing/);
});

test('a start truncates a large log of the embedded server', async () => {
  await mkdir(box.dataDir);
  await writeFile(join(box.dataDir, 'postgres.log'), Buffer.alloc(6 * 1024 * 1024, 'x'), { mode: 0o600 });
  await start();
  expect((await stat(join(box.dataDir, 'postgres.log'))).size).toBeLessThan(10_000);
});

test('the embedded server starts from binaries in a private folder without their library links', async () => {
  const native = join(box.home, 'native');
  const { postgres: program } = await findPostgres();
  await cp(dirname(dirname(program)), native, { recursive: true, verbatimSymlinks: true });
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as { target: string }[];
  await Promise.all(links.map(({ target }) => rm(join(box.home, target))));
  const { url } = await start(native);
  expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('without setpriv the embedded server starts from accessible folders, else root gets an advice', async () => {
  const native = join(box.home, 'native');
  const { postgres: program } = await findPostgres();
  await cp(dirname(dirname(program)), native, { recursive: true, verbatimSymlinks: true });
  vi.stubEnv('PATH', '/nonexistent');
  if (isRoot) await expect(start(native)).rejects.toThrow(/cannot reach .*ordinary user.*DATABASE_URL/);
  await mkdir(box.dataDir, { recursive: true });
  await Promise.all([chmod(box.home, 0o711), chmod(box.dataDir, 0o711)]);
  expect(await query((await start(native)).url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('the start on a platform without binaries tells to set DATABASE_URL', async () => {
  vi.spyOn(process, 'arch', 'get').mockReturnValue('mips');
  await expect(start()).rejects.toThrow(/linux-mips is not installed. Set DATABASE_URL/);
});

test('an ordinary user can start the embedded server', async () => {
  const { owner, url } = await startOwner(await ordinaryUser());
  expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
  const pid = await postmaster();
  if (isRoot) expect((await stat(postmasterFile())).uid).toBe(NOBODY);
  owner.kill('SIGKILL');
  if (isLinux) await expect.poll(() => isServer(pid)).toBe(false);
});

test('root can continue with the data of an ordinary user, and the user afterwards too', async () => {
  const first = await start();
  await first.stop();
  if (isRoot) {
    const uid = 12_345;
    await run('chown', ['-R', `${uid}:${uid}`, join(box.dataDir, 'postgres')]);
    const second = await start();
    expect((await stat(join(box.dataDir, 'postgres', 'postmaster.pid'))).uid).toBe(uid);
    await second.stop();
    await run('chown', ['-R', '0:0', join(box.dataDir, 'postgres')]); // a copy that root made
  }
  const last = await start();
  expect(await query(last.url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('a throwaway server has fsync off, deletes its folder, and deletes folders of killed servers', async () => {
  const server = await startThrowawayPostgres();
  const [settings] = await query<{ folder: string }>(
    server.url,
    `select current_setting('fsync') as fsync, current_setting('max_connections') as connections,
      current_setting('data_directory') as folder`,
  );
  expect(settings).toMatchObject({ fsync: 'off', connections: '200' });
  const hourAgo = new Date(Date.now() - 3_600_000);
  const killed = await mkdtemp(join(tmpdir(), 'portcullis-postgres-'));
  await Promise.all([killed, dirname(settings!.folder)].map((folder) => utimes(folder, hourAgo, hourAgo)));
  await (await startThrowawayPostgres()).stop();
  await expect(stat(killed)).rejects.toMatchObject({ code: 'ENOENT' });
  expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  await server.stop();
  await expect(stat(dirname(settings!.folder))).rejects.toMatchObject({ code: 'ENOENT' });
});
