import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { type Engine, type EngineOptions, startEngine } from '../../support/hasura/engine.ts';
import { type Recorder, startRecorder } from '../../support/hasura/recorder.ts';
import { frontend } from './frontend.ts';

// How Hasura calls handlers: what may go wrong on the way, and what comes back beside the answer.

let gateway: TestGateway;
let recorder: Recorder;
let engine: Engine;
const startSpoiled = (options: Partial<EngineOptions> = {}) =>
  startEngine({
    gateway: { url: recorder.url, secret: gateway.secret },
    databaseUrl: gateway.databaseUrl,
    ...options,
  });
beforeAll(async () => {
  gateway = await startGateway();
  recorder = await startRecorder(gateway.url);
  engine = await startSpoiled();
});
afterAll(async () => {
  await engine.close();
  await recorder.close();
  await gateway.close();
});
afterEach(() => {
  recorder.script(null);
  recorder.seen.length = 0;
});

const adminOf = ({ url, adminSecret }: Engine, headers: Record<string, string> = {}) =>
  frontend(url, { 'x-hasura-admin-secret': adminSecret, ...headers });
const admin = () => adminOf(engine);
const KEY = '{ "success": true, "id": "x", "expiresAt": "2027-01-01T00:00:00Z" }';
const GENERATE = 'mutation { generateJwk { success id } }';
const refused = (message: string, extensions: object = { path: '$', code: 'unexpected' }) => ({
  errors: [{ message, extensions }],
});

describe('cookies of an action', () => {
  const headers = { 'set-cookie': 'a=b' };

  test('come with a mutation that succeeds, and with nothing that fails', async () => {
    recorder.script({ text: KEY, headers });
    expect((await admin().raw(GENERATE)).cookies).toEqual(['a=b']);
    for (const status of [400, 500]) {
      recorder.script({ status, text: '{"message":"No."}', headers });
      expect((await admin().raw(GENERATE)).cookies).toEqual([]);
    }
    recorder.script({ text: '{}', headers });
    expect((await admin().raw(GENERATE)).cookies).toEqual([]);
    recorder.script([
      { text: KEY, headers },
      { status: 400, text: '{"message":"No."}' },
    ]);
    const two = 'mutation { a: generateJwk { id } b: generateJwk { id } }';
    expect((await admin().raw(two)).cookies).toEqual([]);
  });

  test('get lost with a query', async () => {
    const asking = await startSpoiled({
      spoil(metadata) {
        metadata.actionsSdl = metadata.actionsSdl.replace('type Mutation', 'type Query');
      },
    });
    try {
      recorder.script({ text: KEY, headers });
      const answer = await adminOf(asking).raw('{ generateJwk { id } }');
      expect(answer).toEqual({ data: { generateJwk: { id: 'x' } }, cookies: [] });
    } finally {
      await asking.close();
    }
  });
});

describe('a redirect', () => {
  const to = (status: number, location = '/moved') => ({ status, headers: { location }, text: '{}' });

  test('is followed with the secret and the body, but for 302 and 303', async () => {
    for (const status of [301, 307, 308]) {
      recorder.seen.length = 0;
      recorder.script([to(status), { text: KEY }]);
      expect(await admin().run(GENERATE)).toEqual({ generateJwk: { success: true, id: 'x' } });
      expect(recorder.seen.map(({ method, path }) => [method, path])).toEqual([
        ['POST', '/hasura/actions/generateJwk'],
        ['POST', '/moved'],
      ]);
      expect(recorder.seen[1]?.headers['x-hasura-gateway-secret']).toBe(gateway.secret);
      expect(recorder.seen[1]?.body).toEqual(recorder.seen[0]?.body);
    }
    for (const status of [302, 303]) {
      recorder.seen.length = 0;
      recorder.script([to(status, '/health')]);
      expect(await admin().raw(GENERATE)).toMatchObject(
        refused('field "success" expected in webhook response, but not found'),
      );
      expect(recorder.seen[1]).toMatchObject({ method: 'GET', path: '/health', body: {} });
      expect(recorder.seen[1]?.headers['x-hasura-gateway-secret']).toBe(gateway.secret);
    }
  });

  test('that comes back to itself ends after ten', async () => {
    recorder.script(to(307));
    expect(await admin().raw(GENERATE)).toEqual({
      ...refused('http exception when calling webhook'),
      cookies: [],
    });
    expect(recorder.seen).toHaveLength(11);
  });
});

describe('nobody who answers', () => {
  test('in the time that the metadata gives is an error, and no other call suffers', async () => {
    const hasty = await startSpoiled({
      spoil({ actions, remoteSchemas }) {
        for (const { definition } of actions) definition.timeout = 3;
        for (const { definition } of remoteSchemas) definition.timeout_seconds = 3;
      },
    });
    try {
      recorder.script({ text: '', silent: true });
      expect(await adminOf(hasty).refused(GENERATE)).toEqual(
        refused('http exception when calling webhook').errors,
      );
      expect(await frontend(hasty.url, {}).refused('{ me { id } }')).toEqual(
        refused('HTTP exception occurred while sending the request to "PORTCULLIS_GRAPHQL_URL"', {
          path: '$',
          code: 'remote-schema-error',
        }).errors,
      );
      recorder.script(null);
      expect(await frontend(hasty.url, {}).run('{ me { id } }')).toEqual({ me: null });
    } finally {
      await hasty.close();
    }
  });

  test('as a handler is an error', async () => {
    const lonely = await startSpoiled({ env: { PORTCULLIS_URL: 'http://127.0.0.1:1' } });
    try {
      expect(await adminOf(lonely).refused(GENERATE)).toEqual(
        refused('http exception when calling webhook').errors,
      );
    } finally {
      await lonely.close();
    }
  });
});

test('a client’s header replaces a configured one of an action, but none that begins with x-hasura-', async () => {
  const configured = { name: 'x-tenant', value_from_env: 'TENANT' };
  const forwarding = await startSpoiled({
    env: { TENANT: 'ours' },
    spoil({ actions, remoteSchemas }) {
      for (const { definition } of [...actions, ...remoteSchemas]) {
        definition.forward_client_headers = true;
        definition.headers.push(configured);
      }
    },
  });
  try {
    recorder.seen.length = 0;
    const headers = { 'x-tenant': 'theirs', 'x-hasura-gateway-secret': 'guessed' };
    await adminOf(forwarding, headers).run(`${GENERATE}`);
    await adminOf(forwarding, headers).run('{ authConfig { signup } }');
    const seen = recorder.seen.map(({ headers: sent }) => [
      sent['x-tenant'],
      sent['x-hasura-gateway-secret'],
    ]);
    expect(seen).toEqual([
      ['theirs', gateway.secret],
      ['ours', gateway.secret],
    ]);
  } finally {
    await forwarding.close();
  }
});

test('where no header of the client goes on, the session does all the same', async () => {
  const closed = await startSpoiled({
    spoil({ remoteSchemas }) {
      for (const { definition } of remoteSchemas) definition.forward_client_headers = false;
    },
  });
  try {
    recorder.seen.length = 0;
    const headers = { 'x-hasura-role': 'user', 'x-hasura-user-id': 'somebody', 'x-tenant': 'theirs' };
    await adminOf(closed, { ...headers, origin: 'https://app.example.com' }).run('{ authConfig { signup } }');
    const [{ headers: sent }] = recorder.seen as [Recorder['seen'][0]];
    expect(
      Object.keys(sent)
        .filter((name) => /^(?:x-(?!b3-)|origin)/.test(name))
        .sort(),
    ).toEqual([...['x-hasura-gateway-secret', 'x-hasura-role', 'x-hasura-user-id']]);
    expect(sent).toMatchObject({ 'x-hasura-role': 'user', 'x-hasura-user-id': 'somebody' });
  } finally {
    await closed.close();
  }
});
