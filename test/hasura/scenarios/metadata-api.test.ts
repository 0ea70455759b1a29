import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { bearer, logIn, newPerson, signUp, type TestGateway } from '../../support/gateway.ts';
import { type Engine, startEngine } from '../../support/hasura/engine.ts';
import { type RecordedHasura, startRecordedHasura } from '../../support/hasura/recorded.ts';
import { AWAY, type Recorder } from '../../support/hasura/recorder.ts';

// What an operator asks Hasura: whether all is well, and to read the gateway's schema anew.

let hasura: RecordedHasura;
let gateway: TestGateway;
let recorder: Recorder;
let engine: Engine;
beforeAll(async () => {
  hasura = await startRecordedHasura();
  ({ gateway, recorder, engine } = hasura);
});
afterAll(() => hasura.close());
afterEach(async () => {
  recorder.script(null);
  await engine.reloadMetadata();
  recorder.seen.length = 0;
});

type Answer = { status: number; body: unknown };
const at = (path: string) => new URL(path, engine.url);
async function ask(body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(at('/v1/metadata'), { method: 'POST', headers, body: text });
  return { status: response.status, body: await response.json() };
}
const asAdmin = (type: string, args: unknown = {}) =>
  ask({ type, args }, { 'x-hasura-admin-secret': engine.adminSecret });
const refused = (status: number, code: string, error: string, path = '$') => ({
  status,
  body: { error, path, code },
});
const inconsistentGateway = {
  type: 'remote_schema',
  name: 'remote_schema portcullis',
  reason:
    'Inconsistent object: HTTP exception occurred while sending the request to "PORTCULLIS_GRAPHQL_URL"',
  message: expect.objectContaining({ type: 'http_exception' }),
  definition: expect.objectContaining({ name: 'portcullis' }),
};
const inconsistentJoin = {
  type: 'remote_relationship',
  name: 'remote_relationship gateway_team in table portcullis.teams in source default',
  reason: expect.stringMatching(/^Inconsistent object: /),
  definition: expect.objectContaining({ name: 'gateway_team' }),
};

describe('who may ask', () => {
  const question = { type: 'get_inconsistent_metadata', args: {} };

  test('nobody with a wrong secret', async () => {
    expect(await ask(question, { 'x-hasura-admin-secret': 'guessed' })).toEqual(
      refused(401, 'access-denied', 'invalid x-hasura-admin-secret/x-hasura-access-key'),
    );
  });

  test('nobody without one, whatever role they ask for, nor with a token', async () => {
    const person = newPerson();
    await signUp(gateway, person);
    const { accessToken } = await logIn(gateway, person);
    const denied = refused(400, 'access-denied', 'restricted access : admin only', '$.args');
    expect(await ask(question)).toEqual(denied);
    expect(await ask(question, { 'x-hasura-role': 'admin' })).toEqual(denied);
    expect(await ask(question, bearer(accessToken))).toEqual(denied);
  });

  test('not even an admin in another role', async () => {
    const headers = { 'x-hasura-admin-secret': engine.adminSecret, 'x-hasura-role': 'user' };
    expect(await ask(question, headers)).toMatchObject({ status: 400, body: { code: 'access-denied' } });
  });
});

describe('what cannot be read', () => {
  test.each([
    [{ args: {} }, refused(400, 'parse-failed', 'key "type" not found')],
    [{ type: 'reload_metadata' }, refused(400, 'parse-failed', 'key "args" not found')],
    [[], refused(400, 'parse-failed', 'parsing RQLMetadata failed, expected Object, but encountered Array')],
    [
      { type: 'make_coffee', args: {} },
      refused(
        400,
        'parse-failed',
        'unknown metadata command "make_coffee"; "make" was not recognized as a valid backend name',
      ),
    ],
    [
      { type: 'reload_metadata', args: null },
      refused(
        400,
        'parse-failed',
        'parsing ReloadMetadata failed, expected Object, but encountered Null',
        '$.args',
      ),
    ],
  ])('%j', async (body, expected) => {
    expect(await ask(body, { 'x-hasura-admin-secret': engine.adminSecret })).toEqual(expected);
  });

  test('no JSON', async () => {
    expect(await ask('nothing', { 'x-hasura-admin-secret': engine.adminSecret })).toMatchObject({
      status: 400,
      body: { code: 'invalid-json' },
    });
  });
});

test('all is well with the shipped metadata', async () => {
  expect(await asAdmin('get_inconsistent_metadata')).toEqual({
    status: 200,
    body: { is_consistent: true, inconsistent_objects: [] },
  });
  expect(await asAdmin('reload_metadata')).toEqual({
    status: 200,
    body: { message: 'success', is_consistent: true },
  });
});

test('a reload says what is missing from then on', async () => {
  recorder.script(AWAY);
  expect(await asAdmin('reload_metadata')).toEqual({
    status: 200,
    body: {
      message: 'success',
      is_consistent: false,
      inconsistent_objects: [inconsistentGateway, inconsistentJoin],
    },
  });
  expect(await asAdmin('get_inconsistent_metadata')).toEqual({
    status: 200,
    body: { is_consistent: false, inconsistent_objects: [inconsistentGateway, inconsistentJoin] },
  });
});

test('a reload of the gateway alone fails where it is away, and leaves what was known', async () => {
  recorder.script(AWAY);
  expect(await asAdmin('reload_remote_schema', { name: 'portcullis' })).toEqual(
    refused(500, 'unexpected', 'cannot continue due to newly found inconsistent metadata', '$.args'),
  );
  expect(await engine.inconsistent()).toEqual([]);
});

test('of a gateway that is not there the engine tells the whole request, the secret included', async () => {
  const lonely = await startEngine({
    gateway,
    databaseUrl: gateway.databaseUrl,
    env: { PORTCULLIS_GRAPHQL_URL: 'http://127.0.0.1:1/graphql' },
  });
  try {
    const response = await fetch(new URL('/v1/metadata', lonely.url), {
      method: 'POST',
      headers: { 'x-hasura-admin-secret': lonely.adminSecret },
      body: JSON.stringify({ type: 'get_inconsistent_metadata', args: {} }),
    });
    const { inconsistent_objects: objects } = (await response.json()) as { inconsistent_objects: unknown };
    expect(objects).toMatchObject([
      {
        name: 'remote_schema portcullis',
        reason:
          'Inconsistent object: HTTP exception occurred while sending the request to "PORTCULLIS_GRAPHQL_URL"',
        message: {
          type: 'http_exception',
          message: expect.stringMatching(/^Connection failure: /),
          request: { path: '/graphql', requestHeaders: { 'x-hasura-gateway-secret': gateway.secret } },
        },
      },
      inconsistentJoin,
    ]);
  } finally {
    await lonely.close();
  }
});

test.each([
  ['without arguments', {}, 1],
  ['with true', { reload_remote_schemas: true }, 1],
  ['with its name', { reload_remote_schemas: ['portcullis'] }, 1],
  ['with false', { reload_remote_schemas: false }, 0],
  ['with no name', { reload_remote_schemas: [], reload_sources: true }, 0],
])('a reload %s introspects the gateway accordingly', async (_how, args, times) => {
  expect(await asAdmin('reload_metadata', args)).toMatchObject({ body: { is_consistent: true } });
  expect(recorder.seen.map(({ body }) => body.operationName)).toEqual(
    Array(times).fill('IntrospectionQuery'),
  );
});

test('a failure to introspect is remembered until the gateway itself is reloaded', async () => {
  recorder.script({ text: 'Bad Gateway', introspection: true });
  await asAdmin('reload_metadata');
  recorder.script(null);
  expect(await asAdmin('reload_metadata', { reload_remote_schemas: false })).toMatchObject({
    body: {
      is_consistent: false,
      inconsistent_objects: [{ name: 'remote_schema portcullis' }, inconsistentJoin],
    },
  });
  expect(await asAdmin('reload_remote_schema', { name: 'portcullis' })).toEqual({
    status: 200,
    body: { message: 'success' },
  });
  expect(await engine.inconsistent()).toEqual([]);
});

test('what the metadata does not have cannot be reloaded', async () => {
  expect(await asAdmin('reload_remote_schema', { name: 'other' })).toEqual(
    refused(400, 'not-exists', 'remote schema with name "other" does not exist', '$.args'),
  );
  expect(await asAdmin('reload_metadata', { reload_remote_schemas: ['other'] })).toEqual(
    refused(400, 'not-exists', 'Remote schema with name "other" not found in metadata', '$.args'),
  );
  expect(await asAdmin('reload_metadata', { reload_sources: ['other'] })).toEqual(
    refused(400, 'not-exists', 'Source with name "other" not found in metadata', '$.args'),
  );
});

test('anybody may ask for health and version', async () => {
  const get = async (path: string) => {
    const response = await fetch(at(path));
    return [response.status, await response.text()];
  };
  expect(await get('/healthz')).toEqual([200, 'OK']);
  expect(await get('/healthz?strict=true')).toEqual([200, 'OK']);
  expect(JSON.parse(String((await get('/v1/version'))[1]))).toEqual({
    version: expect.stringMatching(/^v2\./),
    server_type: 'ce',
  });
  recorder.script(AWAY);
  await engine.reloadMetadata();
  expect(await get('/healthz')).toEqual([200, 'WARN: inconsistent objects in schema']);
  expect(await get('/healthz?strict=true')).toEqual([500, 'ERROR: inconsistent objects in schema']);
  expect(await get('/hasura/healthz?strict=true')).toEqual([500, 'ERROR: inconsistent objects in schema']);
});

test('an API that is switched off does not exist', async () => {
  const graphqlOnly = await startEngine({
    gateway,
    databaseUrl: gateway.databaseUrl,
    env: { HASURA_GRAPHQL_ENABLED_APIS: 'graphql' },
  });
  try {
    const headers = { 'x-hasura-admin-secret': graphqlOnly.adminSecret };
    const response = await fetch(new URL('/v1/metadata', graphqlOnly.url), { method: 'POST', headers });
    expect([response.status, await response.json()]).toEqual([
      404,
      { path: '$', error: 'resource does not exist', code: 'not-found' },
    ]);
  } finally {
    await graphqlOnly.close();
  }
});
