import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { type Engine, startEngine } from '../../support/hasura/engine.ts';
import { type Recorder, startRecorder } from '../../support/hasura/recorder.ts';
import { frontend, LOGIN } from './frontend.ts';

// What Hasura sends to the gateway, and what it makes of the answers.

let gateway: TestGateway;
let recorder: Recorder;
let engine: Engine;
beforeAll(async () => {
  gateway = await startGateway();
  recorder = await startRecorder(gateway.url);
  engine = await startEngine({
    gateway: { url: recorder.url, secret: gateway.secret },
    databaseUrl: gateway.databaseUrl,
  });
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

const anonymous = (headers: Record<string, string> = {}) => frontend(engine.url, headers);
const admin = () => frontend(engine.url, { 'x-hasura-admin-secret': engine.adminSecret });
const OF_ANY_CALL = ['connection', 'content-length', 'content-type', 'host', 'user-agent'];

describe('the requests', () => {
  test('introspection comes as admin with the secret, without variables and headers of any client', async () => {
    recorder.seen.length = 0;
    await engine.reloadMetadata();
    expect(recorder.seen).toHaveLength(1);
    const [{ path, headers, body }] = recorder.seen as [Recorder['seen'][0]];
    expect({ path, operation: body.operationName, keys: Object.keys(body) }).toEqual({
      path: '/graphql',
      operation: 'IntrospectionQuery',
      keys: ['query', 'operationName'],
    });
    expect(body.query).toContain('... on __Type');
    expect(body.query).not.toMatch(/fragment|specifiedByURL|isOneOf/);
    expect(Object.keys(headers).sort()).toEqual(
      [...OF_ANY_CALL, 'x-hasura-gateway-secret', 'x-hasura-role'].sort(),
    );
    expect(headers['x-hasura-role']).toBe('admin');
  });

  test('each root field makes one, its document printed anew with the variables that it uses', async () => {
    const document = `
      query Three($email: String!, $no: Boolean!) {
        authConfig @skip(if: $no) { ...Config ... { issuer } ... on AuthConfig { audience } }
        known: emailExists(email: $email)
        ...Rest
      }
      fragment Config on AuthConfig { signup captcha @include(if: $no) { provider } }
      fragment Rest on query_root { me { id } }`;
    await anonymous().run(document, { email: 'a@example.com', no: false });
    expect(recorder.seen.map(({ body }) => body)).toEqual([
      {
        query: 'query Three {\n  authConfig {\n    signup\n    issuer\n    audience\n  }\n}',
        operationName: 'Three',
      },
      {
        query: 'query Three($email: String!) {\n  known: emailExists(email: $email)\n}',
        operationName: 'Three',
        variables: { email: 'a@example.com' },
      },
      { query: 'query Three {\n  me {\n    id\n  }\n}', operationName: 'Three' },
    ]);
  });

  test('the first root field that fails is the last that is asked', async () => {
    const input = { email: 'nobody@example.com', password: 'wrong' };
    const two =
      'mutation ($input: LoginInput!) { a: login(input: $input) { expiresAt } b: logout { sessionsEnded } }';
    await anonymous().refused(two, { input });
    expect(recorder.seen).toHaveLength(1);
  });

  test('carry the session, the secret and what is left of the client’s headers', async () => {
    await anonymous({
      ...{
        origin: 'https://app.example.com',
        'user-agent': 'Firefox',
        cookie: 'a=b',
        referer: 'x',
        dnt: '1',
      },
      ...{ 'x-forwarded-for': '203.0.113.7', 'x-hasura-user-id': 'spoofed', 'x-hasura-role': 'admin' },
      ...{ 'x-hasura-gateway-secret': 'guessed', 'accept-language': 'en', 'x-request-id': 'mine' },
    }).run('{ authConfig { signup } }');
    const { connection, 'content-length': _, ...headers } = recorder.seen[0]?.headers ?? {};
    expect(headers).toEqual({
      'content-type': 'application/json',
      'user-agent': 'hasura-graphql-engine/v2.49.2',
      host: new URL(recorder.url).host,
      'x-forwarded-host': new URL(engine.url).host,
      'x-forwarded-user-agent': 'Firefox',
      'x-forwarded-origin': 'https://app.example.com',
      'x-forwarded-for': '203.0.113.7',
      'x-request-id': 'mine',
      'x-hasura-role': 'anonymous',
      'x-hasura-user-id': 'spoofed',
      'x-hasura-gateway-secret': gateway.secret,
      cookie: 'a=b',
      // What this client's runtime adds.
      'sec-fetch-mode': 'cors',
    });
  });

  test('an action’s has its envelope and no header of the client', async () => {
    const document = 'mutation Key { generateJwk { success } }';
    await admin().run(document);
    const [{ path, headers, body }] = recorder.seen as [Recorder['seen'][0]];
    expect({ path, body }).toEqual({
      path: '/hasura/actions/generateJwk',
      body: {
        action: { name: 'generateJwk' },
        input: {},
        session_variables: { 'x-hasura-role': 'admin' },
        request_query: document,
      },
    });
    expect(Object.keys(headers).sort()).toEqual([...OF_ANY_CALL, 'x-hasura-gateway-secret'].sort());
  });
});

describe('the answers of the remote schema', () => {
  const hasura = (message: string) => ({
    errors: [{ message, extensions: { path: '$', code: 'remote-schema-error' } }],
  });
  test.each([
    ['errors that are empty lose the data', '{"data":{"me":null},"errors":[]}', { data: null, errors: [] }],
    ['errors go on as they are', '{"data":{"me":null},"errors":["x"]}', { data: null, errors: ['x'] }],
    [
      'errors that are null are none of GraphQL',
      '{"data":{"me":null},"errors":null}',
      hasura('Invalid "errors" field in response from remote'),
    ],
    ['data that is missing', '{}', hasura('Missing "data" field in response from remote')],
    ['a root field that is missing', '{"data":{}}', hasura('expecting key me')],
    ['no JSON', 'Bad Gateway', hasura('remote schema response is not a valid json')],
    [
      'extensions beside the data get lost',
      '{"data":{"me":null},"extensions":{"a":1}}',
      { data: { me: null } },
    ],
    [
      'what does not fit the schema goes on',
      '{"data":{"me":{"id":1,"more":2}}}',
      { data: { me: { id: 1, more: 2 } } },
    ],
  ])('%s', async (_what, text, expected) => {
    for (const status of [200, 403, 500]) {
      recorder.script({ status, text, headers: { 'set-cookie': 'a=b', 'x-other': 'c' } });
      const { cookies, ...answer } = await anonymous().raw('{ me { id } }');
      expect(answer).toEqual(expected);
      expect(cookies).toEqual('errors' in expected ? [] : ['a=b']);
    }
  });
});

describe('the answers of an action', () => {
  const ask = '{ "success": true, "id": "x", "expiresAt": "2027-01-01T00:00:00Z" }';
  const refused = (message: string, extensions: object = { path: '$', code: 'unexpected' }) => ({
    errors: [{ message, extensions }],
  });
  test.each([
    ['what its type declares', 200, ask, { data: { generateJwk: { success: true, id: 'x' } } }],
    [
      'what no type declares',
      200,
      ask.replace('{', '{ "more": 1,'),
      { data: { generateJwk: { success: true, id: 'x' } } },
    ],
    ['nothing', 204, '', refused('not a valid json response from webhook')],
    ['no JSON', 500, 'oops', refused('not a valid json response from webhook')],
    ['null', 200, 'null', refused('got null for the action webhook response')],
    [
      'a list',
      200,
      '[]',
      refused('got array for the action webhook response, expecting GenerateJwkActionOutput'),
    ],
    ['too little', 200, '{}', refused('field "success" expected in webhook response, but not found')],
    [
      'null for a field',
      200,
      ask.replace('true', 'null'),
      refused('expecting not null value for field "success"'),
    ],
    [
      'a 4xx with extensions',
      409,
      '{"message":"No.","code":"a","extensions":{"code":"b"}}',
      refused('No.', { code: 'b' }),
    ],
    ['a 4xx with a code', 400, '{"message":"No.","code":"a"}', refused('No.', { path: '$', code: 'a' })],
    ['a 4xx with a message', 400, '{"message":"No."}', refused('No.')],
    ['a 5xx', 500, '{"message":"No.","extensions":{"code":"b"}}', refused('internal error')],
    ['a redirect to nowhere', 302, '{"message":"No."}', refused('internal error')],
  ])('%s', async (_what, status, text, expected) => {
    recorder.script({ status, text: status === 204 ? '' : text });
    const { cookies, ...answer } = await admin().raw('mutation { generateJwk { success id } }');
    expect(answer).toEqual(expected);
    expect(cookies).toEqual([]);
  });
});

test('what a variable lacks is refused before anything is asked', async () => {
  await anonymous().refused(LOGIN, { input: { email: 'x' } });
  expect(recorder.seen).toEqual([]);
});
