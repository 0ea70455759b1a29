import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { FILE_COPY } from '../support/database.ts';
import { newPerson, SIGNUP, signUp, startGateway, type TestGateway } from '../support/gateway.ts';

// A database that cannot store more data is unavailable for writes, and the gateway reports it.

const readiness = async ({ url }: TestGateway) => {
  const response = await fetch(`${url}/ready`);
  const { checks } = (await response.json()) as { checks: { name: string; reason?: string }[] };
  return [response.status, checks.find(({ name }) => name === 'database')?.reason];
};
const noSpace = [503, 'The database has no disk space left.'];
const unavailable = [
  { extensions: { code: 'unavailable', retryAfterSeconds: 5 }, message: expect.any(String) },
];

describe('a write that Postgres refuses with', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway();
    await gateway.sql.unsafe(`
      create table public.refusal (state text);
      create function public.refuse() returns trigger language plpgsql as $$
        declare refusal record;
        begin
          select * into refusal from public.refusal;
          if found then raise exception using errcode = refusal.state, message = 'could not extend file'; end if;
          return null;
        end $$;
      create trigger refuse before insert on portcullis.users for each statement execute function public.refuse()`);
  });
  afterAll(() => gateway.close());

  test.each([
    ['53100', noSpace],
    ['53200', [503, 'The database has not enough resources.']],
    ['58030', [503, 'The database reports an error of its disk or system.']],
  ])('%s answers unavailable, is logged, and makes /ready answer 503', async (state, notReady) => {
    await gateway.sql`delete from public.refusal`;
    await gateway.sql`insert into public.refusal values (${state})`;
    expect(await gateway.failure(SIGNUP, { input: newPerson() })).toMatchObject(unavailable);
    expect(gateway.logged()).toContain(state);
    await expect.poll(() => readiness(gateway)).toEqual(notReady);
  });

  test.each(['08006', '57P01', '57P04', '53400', '58000', '40003', '25006'])(
    '%s answers unavailable',
    async (state) => {
      await gateway.sql`delete from public.refusal`;
      await gateway.sql`insert into public.refusal values (${state})`;
      expect(await gateway.failure(SIGNUP, { input: newPerson() })).toMatchObject(unavailable);
    },
  );

  test.each(['XX000', '42501', '22012'])('%s answers internal_error', async (state) => {
    await gateway.sql`delete from public.refusal`;
    await gateway.sql`insert into public.refusal values (${state})`;
    expect(await gateway.failure(SIGNUP, { input: newPerson() })).toMatchObject([
      { extensions: { code: 'internal_error' } },
    ]);
  });
});

/** Mounts a small file system for the server; null if it cannot be mounted. */
async function mountSmallDisk(owner: { uid: number; gid: number }): Promise<string | null> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-disk-'));
  const options = `size=32m,uid=${owner.uid},gid=${owner.gid},mode=700`;
  try {
    await chmod(folder, 0o755);
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'ignore' });
    return folder;
  } catch {
    await rm(folder, { recursive: true });
    return null;
  }
}

test('writes on a really full disk answer unavailable until space is free again', async (context) => {
  const server = inject('postgresUrl');
  const admin = postgres(server, { max: 1, onnotice: () => {} });
  const [{ folder }] = (await admin`select current_setting('data_directory') as folder`) as [
    { folder: string },
  ];
  const owner = await stat(folder).catch(() => null);
  const disk = owner === null ? null : await mountSmallDisk(owner);
  // The test needs a server on this machine and the right to mount.
  if (disk === null) {
    await admin.end();
    return context.skip();
  }
  const name = `portcullis_test_${Date.now()}`;
  await admin.unsafe(`create tablespace ${name} location '${disk}'`);
  await admin.unsafe(`create database ${name} template portcullis_template tablespace ${name} ${FILE_COPY}`);
  const url = new URL(server);
  url.pathname = name;
  const gateway = await startGateway({ env: { DATABASE_URL: url.href } });
  const jwksStatus = async () => (await fetch(`${gateway.url}/.well-known/jwks.json`)).status;
  try {
    expect(await readiness(gateway)).toEqual([200, undefined]);
    // Opens the connection first: Postgres may refuse new ones while it cannot write its cache of the catalogs.
    expect(await jwksStatus()).toBe(200);
    const filler = await open(join(disk, 'filler'), 'w');
    const full = async () => {
      for (;;) await filler.write(Buffer.alloc(4096));
    };
    await expect(full()).rejects.toMatchObject({ code: 'ENOSPC' });
    await filler.close();

    expect(await gateway.failure(SIGNUP, { input: newPerson() })).toMatchObject(unavailable);
    expect(gateway.logged()).toContain('53100');
    await expect.poll(() => readiness(gateway)).toEqual(noSpace);
    expect(await jwksStatus(), gateway.logged()).toBe(200);

    await rm(join(disk, 'filler'));
    await signUp(gateway);
    await expect.poll(() => readiness(gateway)).toEqual([200, undefined]);
  } finally {
    await rm(join(disk, 'filler'), { force: true });
    await gateway.close();
    await admin.unsafe(`drop database ${name} with (force)`);
    await admin.unsafe(`drop tablespace ${name}`);
    await admin.end();
    execFileSync('umount', [disk]);
    await rm(disk, { recursive: true });
  }
});
