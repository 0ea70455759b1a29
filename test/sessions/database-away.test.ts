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

/** One address for a Postgres that has another port after every start. While it is away, calls are hung up on. */
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
  { how: 'its address refuses connections', proxy: false },
  { how: 'a proxy in front of it hangs up', proxy: true },
])('while Postgres is away and $how,', ({ proxy }) => {
  beforeAll(async () => {
    await postgres.stop();
    relay.to(null);
    if (!proxy) await relay.refuse();
  });

  test('a good token is never called bad', async () => {
    for (const token of [signedIn.accessToken, signedIn.teamToken ?? ''])
      expect(await gateway.failure(ME, {}, bearer(token))).toEqual(unavailable('me'));
    const asHasura = {
      'x-hasura-gateway-secret': gateway.secret,
      'x-hasura-role': 'user',
      'x-hasura-user-id': signedIn.user.id,
    };
    expect(await gateway.failure(ME, {}, asHasura)).toEqual(unavailable('me'));
  });

  test('a right password is never called wrong', async () => {
    expect(await gateway.failure(LOGIN, { input: credentials })).toEqual(unavailable('login'));
  });

  test.each([
    ['POST', '/api/v1/login'],
    ['POST', '/api/_jwk-gen'],
    ['POST', '/hasura/cron/prune'],
    ['GET', '/api/v1/contracts'],
    ['GET', '/.well-known/jwks.json'],
  ])('%s %s answers 503 and when to come back', async (method, path) => {
    const headers = { authorization: gateway.secret, 'x-hasura-gateway-secret': gateway.secret };
    const answer = method === 'GET' ? await get(path) : await gateway.post(path, credentials, headers);
    expect(answer).toMatchObject({
      status: 503,
      body: { code: 'unavailable', detail: 'The service is temporarily unavailable.', attribute: null },
    });
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  test('an action fails with a 4xx, which Hasura passes on', async () => {
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

  test('the gateway lives, and says that it is not ready', async () => {
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

  test('neither token nor password nor address is in the log', () => {
    for (const secret of [signedIn.accessToken, person.password, person.email, signedIn.user.id])
      expect(gateway.logged()).not.toContain(secret);
    expect(gateway.logged()).toContain('ECONN');
  });

  test('the gateway works again by itself when it is back, and old tokens are good', async () => {
    if (!proxy) await relay.listen();
    await startPostgres();
    await expect.poll(async () => (await get('/ready')).status).toBe(200);
    expect(await gateway.graphql(ME, {}, bearer(signedIn.accessToken))).toMatchObject({
      me: { email: person.email },
    });
    expect((await logIn(gateway, person)).user).toEqual(signedIn.user);
  });
});

test('a gateway whose tables are not there yet starts, and says what it waits for', async () => {
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
