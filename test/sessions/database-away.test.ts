import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/embedded-postgres/server.ts';
import { applyMigrations } from '../../src/migrations/migrate.ts';
import { createEmptyDatabase } from '../support/database.ts';
import {
  bearer,
  LOGIN,
  logIn,
  ME,
  newPerson,
  type SignedInAnswer,
  signUp,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts';
import { freePort } from '../support/ports.ts';

/** A fixed port for a Postgres whose port changes at each start. Without a target, the relay closes connections. */
async function startRelay() {
  let target: number | null = null;
  const port = await freePort();
  const server = createServer((client: Socket) => {
    if (target === null) return void client.destroy();
    const upstream = connect(target, '127.0.0.1');
    client.pipe(upstream).pipe(client);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const)
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    port,
    to: (other: number | null) => {
      target = other;
    },
    refuse: () => new Promise((resolve) => server.close(resolve)),
    listen: () => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve)),
    close: () => server.close(),
  };
}

let dataDir: string;
let postgres: EmbeddedPostgres;
let relay: Awaited<ReturnType<typeof startRelay>>;
let gateway: TestGateway;
let signedIn: SignedInAnswer;
const person = newPerson();

async function startPostgres(): Promise<string> {
  postgres = await startEmbeddedPostgres({ dataDir });
  const url = new URL(postgres.url);
  relay.to(Number(url.port));
  url.port = String(relay.port);
  return url.href;
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'portcullis-away-'));
  await chmod(dataDir, 0o711);
  relay = await startRelay();
  gateway = await startGateway({ env: { DATABASE_URL: await startPostgres() } });
  signedIn = await signUp(gateway, person);
});
afterAll(async () => {
  await gateway.close();
  relay.close();
  await postgres.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const credentials = { email: person.email, password: person.password };
const unavailable = (field: string) => [
  {
    message: 'The service is temporarily unavailable.',
    extensions: { code: 'unavailable', attribute: null, retryAfterSeconds: 5, requestId: expect.any(String) },
    path: [field],
  },
];
const get = async (path: string) => {
  const response = await fetch(gateway.url + path);
  return { status: response.status, headers: response.headers, body: (await response.json()) as unknown };
};

describe.each([
  { how: 'connections are refused', proxy: false },
  { how: 'a proxy closes connections', proxy: true },
])('an outage of Postgres in which $how', ({ proxy }) => {
  beforeAll(async () => {
    await postgres.stop();
    relay.to(null);
    if (!proxy) await relay.refuse();
  });

  test('a valid token answers unavailable, not unauthenticated', async () => {
    for (const token of [signedIn.accessToken, signedIn.teamToken ?? ''])
      expect(await gateway.failure(ME, {}, bearer(token))).toEqual(unavailable('me'));
    const asHasura = {
      'x-hasura-gateway-secret': gateway.secret,
      'x-hasura-role': 'user',
      'x-hasura-user-id': signedIn.user.id,
    };
    expect(await gateway.failure(ME, {}, asHasura)).toEqual(unavailable('me'));
  });

  test('login with the correct password answers unavailable, not invalid_credentials', async () => {
    expect(await gateway.failure(LOGIN, { input: credentials })).toEqual(unavailable('login'));
  });

  test.each([
    ['POST', '/api/v1/login'],
    ['POST', '/api/_jwk-gen'],
    ['POST', '/hasura/cron/prune'],
    ['GET', '/api/v1/contracts'],
    ['GET', '/.well-known/jwks.json'],
  ])('%s %s answers 503 with Retry-After', async (method, path) => {
    const headers = { authorization: gateway.secret, 'x-hasura-gateway-secret': gateway.secret };
    const answer = method === 'GET' ? await get(path) : await gateway.post(path, credentials, headers);
    expect(answer).toMatchObject({
      status: 503,
      body: { code: 'unavailable', detail: 'The service is temporarily unavailable.', attribute: null },
    });
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  test('an action answers 400 with the code unavailable, which Hasura passes on', async () => {
    const answer = await gateway.post(
      '/hasura/actions/generateJwk',
      { session_variables: { 'x-hasura-role': 'admin' } },
      { 'x-hasura-gateway-secret': gateway.secret },
    );
    expect(answer).toMatchObject({
      status: 400,
      body: { message: 'The service is temporarily unavailable.', extensions: { code: 'unavailable' } },
    });
  });

  test('/health answers 200, and /ready answers 503 with the failed checks', async () => {
    expect(await get('/health')).toMatchObject({ status: 200 });
    const reason = 'The database cannot be reached.';
    expect(await get('/ready')).toMatchObject({
      status: 503,
      body: {
        ready: false,
        checks: ['database', 'migrations', 'signing_key'].map((name) => ({ name, ok: false, reason })),
      },
    });
  });

  test('the log contains neither token nor password nor email address', () => {
    for (const secret of [signedIn.accessToken, person.password, person.email, signedIn.user.id])
      expect(gateway.logged()).not.toContain(secret);
    expect(gateway.logged()).toContain('ECONN');
  });

  test('the gateway recovers when Postgres is back, and earlier tokens are valid', async () => {
    if (!proxy) await relay.listen();
    await startPostgres();
    await expect.poll(async () => (await get('/ready')).status).toBe(200);
    expect(await gateway.graphql(ME, {}, bearer(signedIn.accessToken))).toMatchObject({
      me: { email: person.email },
    });
    expect((await logIn(gateway, person)).user).toEqual(signedIn.user);
  });
});

test('a gateway without its tables starts, and /ready names the missing migrations', async () => {
  const database = await createEmptyDatabase();
  const early = await startGateway({ env: { DATABASE_URL: database.url, MIGRATE_ON_START: 'off' } });
  const ready = async () => {
    const response = await fetch(`${early.url}/ready`);
    return { status: response.status, ...((await response.json()) as { checks: object[] }) };
  };
  expect(await ready()).toMatchObject({
    status: 503,
    checks: [
      { name: 'database', ok: true },
      { name: 'migrations', ok: false, reason: 'Migrations are missing.' },
      { name: 'signing_key', ok: false },
    ],
  });
  await applyMigrations(database.url);
  await early.post('/api/_jwk-gen', undefined, { authorization: early.secret });
  expect(await ready()).toMatchObject({ status: 200 });
  await signUp(early);
  await early.close();
  await database.drop();
});
