import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  bearer,
  ME,
  type SignedInAnswer,
  signUp,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts';

let gateway: TestGateway;
let signedIn: SignedInAnswer;
beforeAll(async () => {
  // Requests have four connections. Statements wait for the locks that a test holds.
  gateway = await startGateway({ env: { DATABASE_STATEMENT_TIMEOUT_MS: '60000' } });
  signedIn = await signUp(gateway);
});
afterAll(() => gateway.close());

const askMe = () => gateway.post('/graphql', { query: ME }, bearer(signedIn.accessToken));
const statusOf = async (path: string) => (await fetch(gateway.url + path)).status;

/** Does some work while a transaction holds a lock. */
async function whileLocked(statement: string, work: () => Promise<void>): Promise<void> {
  const lock = await gateway.sql.reserve();
  await lock`begin`;
  await lock.unsafe(statement);
  try {
    await work();
  } finally {
    await lock`rollback`;
    lock.release();
  }
}

test('new requests answer busy once others have waited for the database for three seconds', async () => {
  let waiting: Promise<{ status: number }[]> | undefined;
  await whileLocked('lock table portcullis.sessions in access exclusive mode', async () => {
    waiting = Promise.all(Array.from({ length: 30 }, askMe));
    await expect.poll(() => gateway.deps.waiting.queueDelayMs()).toBeGreaterThan(3000);
    for (const path of ['/graphql', '/api/v1/login', '/api/register', '/nothing']) {
      const refused = await gateway.post(path, {});
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '3']);
      const told = { code: 'busy' };
      expect(refused.body).toMatchObject(path === '/graphql' ? { errors: [{ extensions: told }] } : told);
    }
    // Hasura passes on only a 4xx.
    const action = await gateway.post('/hasura/actions/refreshEns', {});
    expect(action).toMatchObject({ status: 400, body: { message: expect.any(String), code: 'busy' } });
    const page = await fetch(`${gateway.url}/mail/verify-email/x`);
    expect([page.status, page.headers.get('content-type')]).toEqual([503, 'text/html; charset=UTF-8']);
    for (const path of ['/health', '/ready', '/.well-known/jwks.json', '/api/v1/jwks'])
      expect([path, await statusOf(path)]).toEqual([path, 200]);
  });
  // The waiting requests are answered, and so are new ones.
  expect((await waiting)?.map(({ status }) => status)).toEqual(Array(30).fill(200));
  await expect.poll(async () => (await askMe()).status).toBe(200);
});

test('one request that waits long does not make the gateway refuse others', async () => {
  const mutation = 'mutation { updateProfile(input: { name: "Grace" }) { id } }';
  const other = await signUp(gateway);
  let waiting: Promise<{ status: number }> | undefined;
  await whileLocked(`select from portcullis.users where id = '${other.user.id}' for update`, async () => {
    waiting = gateway.post('/graphql', { query: mutation }, bearer(other.accessToken));
    const statuses: number[] = [];
    for (let n = 0; n < 40; n++, await sleep(100))
      statuses.push(...(await Promise.all(Array.from({ length: 10 }, askMe))).map(({ status }) => status));
    expect(new Set(statuses)).toEqual(new Set([200]));
  });
  expect((await waiting)?.status).toBe(200);
});
