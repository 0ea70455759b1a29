import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newPerson, SIGNUP, startGateway, type TestGateway } from '../support/gateway.ts';
import { type Engine, startEngine } from '../support/hasura/engine.ts';
import { freePort } from '../support/ports.ts';
import { type RunningProxy, requireNginx, send, startProxy } from './nginx.ts';

// The compose file's proxy, in front of a real gateway and the stand-in of Hasura. Each client has its own loopback address.

let gateway: TestGateway;
let engine: Engine;
let proxy: RunningProxy;
beforeAll(async () => {
  requireNginx();
  const limits = { LIMIT_SIGNUP_PER_ADDRESS: '2/3600', LIMIT_SIGNUP_UNADDRESSED: '1/3600' };
  gateway = await startGateway({ env: { ...limits, TRUSTED_PROXIES: '127.0.0.1,hasura' } });
  engine = await startEngine({ gateway, databaseUrl: gateway.databaseUrl });
  proxy = await startProxy({ gateway: portOf(gateway.url), hasura: portOf(engine.url) });
});
afterAll(async () => {
  await proxy?.close();
  await engine?.close();
  await gateway?.close();
});

const portOf = (url: string): number => Number(new URL(url).port);
const codeOf = (body: unknown): unknown =>
  (body as { errors?: { extensions: { code: string } }[] }).errors?.[0]?.extensions.code ?? 'ok';

/** Signs a new person up, at the gateway or through Hasura, and returns the code. */
async function signUp(way: 'gateway' | 'hasura', from: string, headers: Record<string, string> = {}) {
  const path = way === 'gateway' ? '/graphql' : '/v1/graphql';
  const body = JSON.stringify({ query: SIGNUP, variables: { input: newPerson() } });
  return codeOf((await send(proxy[way], path, { from, headers, body })).body);
}

describe.each([
  ['gateway', 2],
  ['hasura', 4],
] as const)('the proxy of the %s', (way, first) => {
  const [one, other] = [`127.0.0.${first}`, `127.0.0.${first + 1}`];

  test('gives each client address its own limit, also with a forged X-Forwarded-For', async () => {
    expect(await signUp(way, one)).toBe('ok');
    expect(await signUp(way, one, { 'x-forwarded-for': other })).toBe('ok');
    expect(await signUp(way, one)).toBe('rate_limited');
    const forged = ['203.0.113.7', `${other}, 203.0.113.7`, '127.0.0.1', '', 'rubbish'];
    for (const value of forged)
      expect(await signUp(way, one, { 'x-forwarded-for': value }), value).toBe('rate_limited');
    for (const name of ['x-real-ip', 'forwarded', 'x-client-ip', 'x_forwarded_for'])
      expect(await signUp(way, one, { [name]: '203.0.113.7' }), name).toBe('rate_limited');
    expect(await signUp(way, other)).toBe('ok');
    expect(await signUp(way, other)).toBe('ok');
    expect(await signUp(way, other)).toBe('rate_limited');
  });
});

describe('the proxy of the gateway', () => {
  const secret = () => ({ 'x-hasura-gateway-secret': gateway.secret, 'x-hasura-role': 'admin' });

  test('removes the shared secret of clients, and so does the proxy of Hasura', async () => {
    const query =
      'mutation { disableAccount(input: { userId: "018f0000-0000-7000-8000-00000000dead" }) { userId } }';
    const body = JSON.stringify({ query });
    const from = '127.0.0.6';
    const direct = await fetch(`${gateway.url}/graphql`, {
      ...{ method: 'POST', headers: { 'content-type': 'application/json', ...secret() }, body },
    });
    expect(codeOf(await direct.json())).toBe('not_found');
    const asked = await send(proxy.gateway, '/graphql', { from, headers: secret(), body });
    expect(codeOf(asked.body)).toBe('permission_denied');
    const throughHasura = await send(proxy.hasura, '/v1/graphql', { from, headers: secret(), body });
    expect(codeOf(throughHasura.body)).toBe('validation-failed');
  });

  test.each([
    ...['/hasura/actions/generateJwk', '/hasura/cron/prune', '/api/_jwk-gen', '/api/_ens', '/hasura/'],
    ...['/%68asura/actions/generateJwk', '//hasura/actions/generateJwk', '/x/../hasura/actions/generateJwk'],
    ...['/HASURA/actions/generateJwk', '/api/%5Fjwk-gen', '/api/./_jwk-gen', '/api//_jwk-gen'],
  ])('answers 404 to %s, which is for Hasura', async (path) => {
    const before = await gateway.sql`select count(*) from portcullis.jwks`;
    const headers = { ...secret(), authorization: gateway.secret };
    for (const body of [undefined, '{}'])
      expect(await send(proxy.gateway, path, { headers, ...(body && { body }) })).toMatchObject({
        status: 404,
        body: { code: 'not_found', attribute: null },
      });
    expect(await gateway.sql`select count(*) from portcullis.jwks`).toEqual(before);
  });

  test('serves the public paths', async () => {
    for (const path of ['/health', '/ready', '/.well-known/jwks.json', '/openapi.json'])
      expect(await send(proxy.gateway, path), path).toMatchObject({ status: 200 });
    expect(await send(proxy.gateway, '/api/v1/login', { body: '{}' })).toMatchObject({
      status: 400,
      body: { code: 'required' },
    });
  });

  test('answers 413 to a body above the limit, in the form of each dialect', async () => {
    const large = JSON.stringify({ query: 'a'.repeat(3_000_000) });
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => send(proxy.gateway, '/graphql', { body: large })),
    );
    for (const { status, body } of answers) {
      expect(status).toBe(413);
      expect(codeOf(body)).toBe('payload_too_large');
    }
    expect(await send(proxy.gateway, '/api/v1/login', { body: large })).toMatchObject({
      status: 413,
      body: { code: 'payload_too_large', attribute: null },
    });
    // nginx buffers a body within the limit until it is complete, in a file if necessary.
    const query = '{ authConfig { signup } }';
    const fitting = JSON.stringify({ query, variables: { more: 'x'.repeat(1_000_000) } });
    const { status, body, headers } = await send(proxy.gateway, '/graphql', { body: fitting });
    expect({ status, code: codeOf(body) }).toEqual({ status: 200, code: 'ok' });
    expect(headers['x-request-id']).toEqual(expect.any(String));
  });
});

test('the proxy answers 503 unavailable in the form of each dialect while the gateway is down', async () => {
  const alone = await startProxy({ gateway: await freePort(), hasura: await freePort() });
  try {
    const answer = await send(alone.gateway, '/graphql', { body: '{}' });
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    expect(codeOf(answer.body)).toBe('unavailable');
    expect((await send(alone.gateway, '/api/v1/login', { body: '{}' })).body).toMatchObject({
      code: 'unavailable',
    });
    expect((await send(alone.hasura, '/v1/graphql', { body: '{}' })).status).toBe(502);
  } finally {
    await alone.close();
  }
});

describe('a request behind the proxy', () => {
  let echo: Server;
  let seen: IncomingHttpHeaders = {};
  let behind: RunningProxy;
  const echoPort = () => (echo.address() as AddressInfo).port;
  beforeAll(async () => {
    echo = createServer((request, response) => {
      seen = request.headers;
      request.resume();
      response.end('{}');
    });
    echo.on('upgrade', (request, socket) => {
      seen = request.headers;
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
      socket.on('data', (bytes) => socket.write(`echo ${bytes.toString()}`));
    });
    echo.listen(0, '127.0.0.1');
    await once(echo, 'listening');
    const upstreams = { gateway: echoPort(), hasura: echoPort() };
    behind = await startProxy(upstreams, '127.0.0.9,hasura, 10.0.0.0/8');
  });
  afterAll(async () => {
    await behind?.close();
    echo.closeAllConnections();
    echo.close();
  });

  test.each(['gateway', 'hasura'] as const)(
    'of the %s has the client’s headers without those of proxies and Hasura',
    async (way) => {
      const own = {
        authorization: 'Bearer x',
        cookie: 'a=b',
        origin: 'https://app.example.com',
        host: 'a.example',
      };
      const others = {
        ...{ 'x-forwarded-host': 'x', 'x-forwarded-origin': 'x', 'x-forwarded-user-agent': 'x' },
        ...{ 'x-real-ip': 'x', forwarded: 'for=x', 'x-hasura-gateway-secret': 'x' },
      };
      await send(behind[way], '/', {
        from: '127.0.0.7',
        headers: { ...own, ...others, 'x-request-id': 'r' },
      });
      expect(seen).toMatchObject({ ...own, 'x-request-id': 'r', 'x-forwarded-for': '127.0.0.7' });
      for (const name of Object.keys(others)) expect(seen, name).not.toHaveProperty(name);
    },
  );

  test('has the client address that a trusted proxy in front forwards', async () => {
    const from = async (peer: string, value: string) => {
      await send(behind.gateway, '/', { from: peer, headers: { 'x-forwarded-for': value } });
      return seen['x-forwarded-for'];
    };
    expect(await from('127.0.0.9', '203.0.113.7')).toBe('203.0.113.7');
    expect(await from('127.0.0.9', '198.51.100.1, 203.0.113.7, 10.1.2.3')).toBe('203.0.113.7');
    expect(await from('127.0.0.9', '203.0.113.7:4711')).toBe('203.0.113.7');
    expect(await from('127.0.0.9', '2001:db8::1')).toBe('2001:db8::1');
    expect(await from('127.0.0.9', '')).toBe('127.0.0.9');
    expect(await from('127.0.0.8', '203.0.113.7')).toBe('127.0.0.8');
  });

  test('has the client address that proxies of networks named in TRUSTED_PROXIES forward', async () => {
    const words = 'loopback,uniquelocal,linklocal';
    const trusting = await startProxy({ gateway: echoPort(), hasura: echoPort() }, words);
    try {
      const hops = '203.0.113.7, 192.168.1.1, 169.254.0.1, 10.0.0.1, fd00::1';
      await send(trusting.gateway, '/', { headers: { 'x-forwarded-for': hops } });
      expect(seen['x-forwarded-for']).toBe('203.0.113.7');
    } finally {
      await trusting.close();
    }
  });

  test('of Hasura may be a web socket', async () => {
    const client = connect(behind.hasura, '127.0.0.1');
    client.write(
      'GET /v1/graphql HTTP/1.1\r\nHost: a.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nOrigin: https://a.example\r\nX-Hasura-Gateway-Secret: x\r\n\r\n',
    );
    const [head] = (await once(client, 'data')) as [Buffer];
    expect(head.toString()).toMatch(/^HTTP\/1\.1 101 /);
    client.write('hello');
    const [echoed] = (await once(client, 'data')) as [Buffer];
    expect(echoed.toString()).toBe('echo hello');
    expect(seen).toMatchObject({ origin: 'https://a.example', 'x-forwarded-for': '127.0.0.1' });
    expect(seen).not.toHaveProperty('x-hasura-gateway-secret');
    client.destroy();
  });

  test('of Hasura may have a body ten times as large as one of the gateway', async () => {
    const body = 'x'.repeat(3_000_000);
    expect((await send(behind.gateway, '/', { body })).status).toBe(413);
    expect((await send(behind.hasura, '/', { body })).status).toBe(200);
    expect((await send(behind.hasura, '/', { body: 'x'.repeat(11_000_000) })).status).toBe(413);
  });
});
