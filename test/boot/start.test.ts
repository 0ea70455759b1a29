import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createEmptyDatabase, createTestDatabase } from '../support/database.ts';
import { LOGIN, newPerson, post, SIGNUP } from '../support/gateway.ts';
import { type GatewayProcess, spawnGateway, startProcess } from './process.ts';

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('npm start with an empty environment', () => {
  let dataDir: string;
  let running: GatewayProcess[] = [];
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'portcullis-boot-'));
  });
  afterEach(async () => {
    await Promise.all(
      running.map(({ child, end }) =>
        child.exitCode === null && child.signalCode === null ? end('SIGKILL') : null,
      ),
    );
    running = [];
    await sleep(500); // the embedded server ends after its gateway
    await rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
  });
  const start = async (options?: Parameters<typeof startProcess>[1]) => {
    const gateway = await startProcess({ DATA_DIR: dataDir }, options);
    running.push(gateway);
    return gateway;
  };
  const postmaster = async () =>
    Number((await readFile(join(dataDir, 'postgres/postmaster.pid'), 'utf8')).split('\n')[0]);

  test('creates what it needs, prints the addresses to open, and keeps its data over a restart', async () => {
    const person = newPerson();
    const first = await start({ command: ['npm', 'start'] });
    expect(await post(`${first.url}/graphql`, { query: SIGNUP, variables: { input: person } })).toMatchObject(
      {
        body: { data: { signup: { user: { email: person.email } } } },
      },
    );
    expect(first.output()).toContain(`${first.url}/graphql`);
    expect(first.output()).toContain(`${first.url}/.well-known/jwks.json`);
    const inbox = /Mail inbox +(http\S+\/mail\/inbox\/[\w-]{22})\n/.exec(first.output())?.[1] ?? '';
    expect((await fetch(inbox)).status).toBe(200);
    expect(first.output()).toContain(join(dataDir, 'internal-secret'));
    for (const file of ['internal-secret', 'key-encryption-key', 'postgres-password'])
      expect((await stat(join(dataDir, file))).mode & 0o777).toBe(0o600);
    for (const file of ['internal-secret', 'key-encryption-key', 'postgres-password'])
      expect(first.output()).not.toContain((await readFile(join(dataDir, file), 'utf8')).trim());
    const jwks = await (await fetch(`${first.url}/.well-known/jwks.json`)).json();
    const server = await postmaster();
    await first.end('SIGTERM'); // npm passes the signal on and does not wait
    await expect.poll(() => isAlive(server)).toBe(false);
    expect(first.output()).toContain('Stopping.');

    const second = await start();
    const { email, password } = person;
    expect(
      await post(`${second.url}/graphql`, { query: LOGIN, variables: { input: { email, password } } }),
    ).toMatchObject({
      body: { data: { login: { user: { email } } } },
    });
    expect(await (await fetch(`${second.url}/.well-known/jwks.json`)).json()).toEqual(jwks);
    expect(await second.end('SIGINT')).toBe(0);
  });

  test('ignores PG* variables of the shell and delivers mails to the inbox', async () => {
    const shell = {
      ...{ PGSSLMODE: 'require', PGOPTIONS: '-c default_transaction_read_only=on', PGHOST: '192.0.2.1' },
      ...{ PGPORT: '1', PGUSER: 'stranger', PGPASSWORD: 'wrong', PGDATABASE: 'none', PGSERVICE: 'none' },
      ...{ PGTARGETSESSIONATTRS: 'standby', PGCONNECT_TIMEOUT: '1', PGSSLNEGOTIATION: 'direct' },
    };
    const gateway = await startProcess({ DATA_DIR: dataDir, ...shell });
    running.push(gateway);
    const person = newPerson();
    await post(`${gateway.url}/graphql`, { query: SIGNUP, variables: { input: person } });
    const inbox = /Mail inbox +(http\S+)\n/.exec(gateway.output())?.[1] ?? '';
    await expect.poll(async () => (await fetch(inbox)).text()).toContain(person.email);
    expect(await gateway.end('SIGTERM')).toBe(0);
  });

  test('stops the embedded Postgres on Ctrl-C, which signals the whole process group', async () => {
    const gateway = await start({ detached: true });
    const server = await postmaster();
    process.kill(-(gateway.child.pid ?? 0), 'SIGINT');
    expect(await gateway.end()).toBe(0);
    expect(isAlive(server)).toBe(false);
  });

  test('recovers after kill -9 with all data that was answered before', async () => {
    const person = newPerson();
    const first = await start();
    await post(`${first.url}/graphql`, { query: SIGNUP, variables: { input: person } });
    await first.end('SIGKILL');
    const second = await start();
    const { email, password } = person;
    expect(
      await post(`${second.url}/graphql`, { query: LOGIN, variables: { input: { email, password } } }),
    ).toMatchObject({
      body: { data: { login: { user: { email } } } },
    });
  });

  test('refuses a data folder that another gateway uses and does not disturb the other gateway', async () => {
    const first = await start();
    const second = spawnGateway({ DATA_DIR: dataDir, PORT: '0' });
    expect(await second.end()).toBe(1);
    expect(second.output()).toContain('another gateway is using');
    expect((await fetch(`${first.url}/ready`)).status).toBe(200);
  });
});

describe('the start of the gateway', () => {
  const keys = {
    KEY_ENCRYPTION_KEYS: Buffer.alloc(32, 1).toString('base64'),
    INTERNAL_ENDPOINTS_SECRET: 'an internal secret of a good length',
  };

  test('in production names every missing or invalid variable at once, without values: exit code 78', async () => {
    const gateway = spawnGateway({
      NODE_ENV: 'production',
      PORT: 'forty',
      INTERNAL_ENDPOINTS_SECRET: 'hunter2',
      RATE_LIMITS: 'maybe',
    });
    expect(await gateway.end()).toBe(78);
    for (const name of [
      'PORT',
      'INTERNAL_ENDPOINTS_SECRET',
      'RATE_LIMITS',
      'DATABASE_URL',
      'PUBLIC_URL',
      'KEY_ENCRYPTION_KEYS',
    ])
      expect(gateway.output()).toContain(name);
    expect(gateway.output()).not.toContain('hunter2');
  });

  test('in production refuses RATE_LIMITS=off: exit code 78', async () => {
    const gateway = spawnGateway({
      ...keys,
      NODE_ENV: 'production',
      DATABASE_URL: 'postgres://someone@localhost/none',
      PUBLIC_URL: 'https://auth.example.com',
      RATE_LIMITS: 'off',
    });
    expect(await gateway.end()).toBe(78);
    expect(gateway.output()).toContain('RATE_LIMITS');
  });

  test('reports an unreachable database without its password: exit code 1', async () => {
    const gateway = spawnGateway({ ...keys, DATABASE_URL: 'postgres://someone:hunter2@127.0.0.1:1/none' });
    expect(await gateway.end()).toBe(1);
    expect(gateway.output()).toContain('ECONNREFUSED');
    expect(gateway.output()).not.toContain('hunter2');
  });

  test('reports an invalid database URL by variable name, without its password: exit code 78', async () => {
    const gateway = spawnGateway({
      ...keys,
      DATABASE_URL: 'postgres://someone:hunter2%zz@127.0.0.1:1/none',
      DATABASE_DIRECT_URL: 'postgres://someone:hunter2@127.0.0.1:1,127.0.0.1:2/none',
    });
    expect(await gateway.end()).toBe(78);
    expect(gateway.output()).toContain('DATABASE_URL: the password has a %');
    expect(gateway.output()).toContain('DATABASE_DIRECT_URL: several hosts are not supported');
    expect(gateway.output()).not.toContain('hunter2');
  });

  test('succeeds for two replicas at once on an empty database, with one key', async () => {
    const database = await createEmptyDatabase();
    const env = { ...keys, DATABASE_URL: database.url };
    const replicas = await Promise.all([startProcess(env), startProcess(env)]);
    const sets = await Promise.all(
      replicas.map(async ({ url }) => (await fetch(`${url}/api/v1/jwks`)).json()),
    );
    expect(sets[0]).toEqual(sets[1]);
    expect((sets[0] as { keys: unknown[] }).keys).toHaveLength(1);
    await Promise.all(replicas.map(({ end }) => end('SIGTERM')));
    await database.drop();
  });

  test('is followed by a shutdown that finishes a login under way and accepts no new request', async () => {
    const database = await createTestDatabase();
    const gateway = await startProcess({ ...keys, DATABASE_URL: database.url });
    const person = newPerson();
    await post(`${gateway.url}/graphql`, { query: SIGNUP, variables: { input: person } });
    const { email, password } = person;
    const body = JSON.stringify({ query: LOGIN, variables: { input: { email, password } } });

    const login = request(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'content-length': body.length,
        expect: '100-continue',
      },
    });
    const answered = once(login, 'response') as Promise<[IncomingMessage]>;
    answered.catch(() => {});
    // The gateway has the request and waits for its body.
    login.flushHeaders();
    await once(login, 'continue');
    gateway.child.kill('SIGTERM');
    const isClosed = () =>
      fetch(`${gateway.url}/health`).then(
        () => false,
        () => true,
      );
    await expect.poll(isClosed).toBe(true);
    login.end(body);
    const [response] = await answered;
    const [status, text] = [response.statusCode, await readText(response)];
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ data: { login: { user: { email } } } });
    expect(await gateway.end()).toBe(0);
    await database.drop();
  });
});
