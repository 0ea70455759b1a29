import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { LOGIN, newPerson, type Person, signUp, startGateway } from '../support/gateway.ts';

const AT_ONCE = 3;
const gateway = forFile(() =>
  startGateway({
    env: { MAX_CONCURRENT_REQUESTS: String(AT_ONCE), LIMIT_LOGIN_PER_ACCOUNT: '1000/60' },
  }),
);
let person: Person;
beforeAll(async () => {
  person = newPerson();
  await signUp(gateway, person);
});

const credentials = () => ({ email: person.email, password: person.password });
const codeOf = (body: unknown) => {
  const { code, errors } = body as { code?: string; errors?: { extensions: { code: string } }[] };
  return code ?? errors?.[0]?.extensions.code;
};
const logIn = () => gateway.post('/api/v1/login', credentials());
/** The statuses of as many concurrent logins as the gateway has places. */
const statuses = async () =>
  (await Promise.all(Array.from({ length: AT_ONCE }, logIn))).map(({ status }) => status);
const allAnswered = Array(AT_ONCE).fill(200);

function open(): Promise<Socket> {
  const { hostname, port } = new URL(gateway.url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => resolve(socket));
    socket.on('error', () => {});
  });
}
const login = (body = JSON.stringify(credentials())) =>
  `POST /api/v1/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

test('pipelined requests of a client that disconnects free their places', async () => {
  for (let round = 0; round < 4; round++) {
    const socket = await open();
    socket.write(login().repeat(AT_ONCE));
    await sleep(20);
    socket.destroy();
  }
  await expect.poll(statuses).toEqual(allAnswered);
});

test('unfinished bodies do not take the places of other requests', async () => {
  const slow = await Promise.all(Array.from({ length: 2 * AT_ONCE }, open));
  for (const socket of slow) socket.write(login().slice(0, -10));
  await sleep(100);
  expect(await statuses()).toEqual(allAnswered);
  for (const socket of slow) socket.destroy();
});

test('a full gateway answers busy, and still answers /health and the JWKS', async () => {
  const crowd = Array.from({ length: 4 * AT_ONCE }, logIn);
  const [health, keys] = await Promise.all(
    ['/health', '/api/v1/jwks'].map((path) => fetch(gateway.url + path)),
  );
  expect([health?.status, keys?.status]).toEqual([200, 200]);
  const answers = await Promise.all(crowd);
  const refused = answers.filter(({ status }) => status !== 200);
  expect(refused.length).toBeGreaterThan(0);
  for (const { status, headers, body } of refused) {
    expect({ status, body }).toMatchObject({ status: 503, body: { code: 'busy' } });
    expect(headers.get('retry-after')).toBe('1');
  }
});

test('a text that takes long to normalise is refused before it is normalised', async () => {
  // To normalise is to sort these marks. It would block the process for longer than a test may take.
  const text = `a${'\u0307\u0323'.repeat(200_000)}`;
  const { password, name } = newPerson();
  const signup = { email: 'a@example.com', password, name, team_name: 'Engines' };
  const outcomes = [];
  for (const attack of [
    () => gateway.post('/api/v1/login', { email: text, password }),
    () => gateway.post('/graphql', { query: LOGIN, variables: { input: { email: text, password } } }),
    () => gateway.post('/api/v1/signup', { ...signup, name: text }),
    () => gateway.post('/api/v1/signup', { ...signup, team_name: text }),
  ])
    outcomes.push(codeOf((await attack()).body));
  expect(outcomes).toEqual(['invalid_credentials', 'invalid_credentials', 'max_length', 'max_length']);
});

test('logins that are refused for their IP address do not lock the account', async () => {
  const strict = await startGateway({
    env: { LIMIT_LOGIN_PER_ADDRESS: '3/60', LIMIT_LOGIN_PER_ACCOUNT: '5/60' },
  });
  const victim = newPerson();
  await signUp(strict, victim);
  for (let i = 0; i < 20; i++)
    await strict.post('/api/v1/login', { email: victim.email, password: 'wrong password' });
  const input = { email: victim.email, password: victim.password };
  const elsewhere = { 'x-hasura-gateway-secret': strict.secret, 'x-hasura-role': 'anonymous' };
  expect(await strict.graphql(LOGIN, { input }, elsewhere)).toMatchObject({
    login: { user: { email: victim.email } },
  });
  await strict.close();
});
