import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';

// Clients that disconnect before their answer.

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ env: { SWAGGER: 'on' } });
});
afterAll(async () => {
  // The gateway still hashes passwords of clients that left. The hashing must end before this thread.
  let finished = -1;
  while (finished !== gateway.deps.hashGate.finished) {
    finished = gateway.deps.hashGate.finished;
    await sleep(200);
  }
  await gateway.close();
});

const HOST = 'host: localhost\r\n';
const JSON_TYPE = 'content-type: application/json\r\n';
const get = (path: string, method = 'GET') => `${method} ${path} HTTP/1.1\r\n${HOST}\r\n`;
const post = (path: string, body: string, length = body.length) =>
  `POST ${path} HTTP/1.1\r\n${HOST}${JSON_TYPE}content-length: ${length}\r\n\r\n${body}`;

const credentials = { email: 'ada@example.com', password: 'correct horse' };
const loginAs = (email: string) =>
  JSON.stringify({
    query: 'mutation ($input: LoginInput!) { login(input: $input) { accessToken } }',
    variables: { input: { ...credentials, email } },
  });
const login = loginAs(credentials.email);

const requests = {
  'half of a GraphQL body': post('/graphql', '{"que', 500),
  'half of a body': post('/api/login', '{"ema', 500),
  'half of a chunk': `POST /graphql HTTP/1.1\r\n${HOST}${JSON_TYPE}transfer-encoding: chunked\r\n\r\nff\r\n{"que`,
  'a broken chunk': `POST /graphql HTTP/1.1\r\n${HOST}${JSON_TYPE}transfer-encoding: chunked\r\n\r\nzz\r\n{"que`,
  'a GraphQL login': post('/graphql', login),
  'a login': post('/api/login', JSON.stringify(credentials)),
  'GraphQL logins in a row': post('/graphql', login).repeat(5),
  'logins in a row': post('/api/login', JSON.stringify(credentials)).repeat(5),
  'a login after an answer': `${get('/health')}${post('/graphql', login)}`,
  'a form': `POST /mail/reset-password/x HTTP/1.1\r\n${HOST}content-length: 4\r\n\r\na=bc`,
  'a request for readiness': get('/ready'),
  'a HEAD request': get('/ready', 'HEAD'),
  'a request for GraphiQL': `GET /graphql HTTP/1.1\r\n${HOST}accept: text/html\r\n\r\n`,
  'a request for a large file': get('/swagger/swagger-ui-bundle.js'),
};

function open(): Promise<Socket> {
  const { hostname, port } = new URL(gateway.url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => resolve(socket));
    socket.on('error', () => {});
  });
}

/** Sends text and disconnects after some milliseconds: with FIN, or with RST as a killed process does. */
async function sendAndLeave(text: string, afterMs: number, leave: 'destroy' | 'resetAndDestroy') {
  const socket = await open();
  await new Promise((resolve) => socket.write(text, resolve));
  if (afterMs > 0) await sleep(afterMs);
  socket[leave]();
}

/** The warnings and errors in the log. */
const troubles = () => gateway.logged().match(/^.*"level":"(?:warn|error|fatal)".*$/gm) ?? [];
const requestsLogged = () => gateway.logged().match(/"msg":"request"/g)?.length ?? 0;

describe.each(Object.entries(requests))('a client that disconnects after %s', (_what, text) => {
  test.each(['destroy', 'resetAndDestroy'] as const)('by %s causes no error in the log', async (leave) => {
    const before = requestsLogged();
    const rounds = [0, 0, 0, 1, 2, 5, 10, 20].map((afterMs) => sendAndLeave(text, afterMs, leave));
    await Promise.all(rounds);
    expect(await gateway.post('/graphql', { query: '{ __typename }' })).toMatchObject({ status: 200 });
    await expect.poll(requestsLogged).toBeGreaterThan(before);
    await sleep(50);
    expect(troubles()).toEqual([]);
  });
});

test('a login is recorded with its client address, even if the client disconnects early', async () => {
  const hasty = post('/graphql', loginAs('hasty@example.com'));
  await Promise.all(Array.from({ length: 8 }, () => sendAndLeave(hasty, 0, 'resetAndDestroy')));
  await gateway.post('/graphql', JSON.parse(loginAs('patient@example.com')));
  const addresses = await gateway.sql`
    select distinct host(address) as address from portcullis.security_events where action = 'login'`;
  expect(addresses).toEqual([{ address: '127.0.0.1' }]);
});

test('the log marks a request as aborted when its client disconnects', async () => {
  await sendAndLeave(post('/graphql', '{"que', 500), 20, 'destroy');
  await expect.poll(() => gateway.logged()).toMatch(/"aborted":true/);
});
