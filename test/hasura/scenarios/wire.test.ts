import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { TestGateway } from '../../support/gateway.ts';
import type { Engine } from '../../support/hasura/engine.ts';
import { type RecordedHasura, startRecordedHasura } from '../../support/hasura/recorded.ts';
import type { Recorder, Seen } from '../../support/hasura/recorder.ts';
import { frontend, LOGIN } from './frontend.ts';

// What Hasura sends to the gateway, and what it makes of the answers.

let hasura: RecordedHasura;
let gateway: TestGateway;
let recorder: Recorder;
let engine: Engine;
beforeAll(async () => {
  hasura = await startRecordedHasura();
  ({ gateway, recorder, engine } = hasura);
});
afterAll(() => hasura.close());
afterEach(() => hasura.reset());

const anonymous = (headers: Record<string, string> = {}) => frontend(engine.url, headers);
const admin = () => frontend(engine.url, { 'x-hasura-admin-secret': engine.adminSecret });
const OF_ANY_CALL = [
  ...['accept-encoding', 'connection', 'content-length', 'content-type', 'host', 'user-agent'],
];

/** The headers without those of the trace, which every call must have. */
function withoutTrace(headers: Seen['headers'] = {}): Seen['headers'] {
  expect(headers).toMatchObject({
    'x-b3-traceid': expect.stringMatching(/^[0-9a-f]{32}$/),
    'x-b3-spanid': expect.stringMatching(/^[0-9a-f]{16}$/),
  });
  const isOfTrace = (name: string) => /^x-b3-(?:traceid|spanid|parentspanid|sampled)$/.test(name);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !isOfTrace(name)));
}

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
    expect(Object.keys(withoutTrace(headers)).sort()).toEqual(
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
    const { connection, 'content-length': _, ...headers } = withoutTrace(recorder.seen[0]?.headers);
    expect(headers).toEqual({
      'accept-encoding': 'gzip',
      'content-type': 'application/json',
      'user-agent': 'hasura-graphql-engine/v2.49.2',
      host: expect.stringMatching(new RegExp(`:${new URL(recorder.url).port}$`)),
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

  test('a copy of a header that the client sent itself goes on as it came', async () => {
    const copies = {
      'x-forwarded-host': 'their.example',
      'x-forwarded-user-agent': 'Their Browser',
      'x-forwarded-origin': 'https://their.example',
    };
    const page = anonymous({ origin: 'https://app.example.com', 'user-agent': 'Firefox', ...copies });
    await page.run('{ authConfig { signup } }');
    expect(recorder.seen.map(({ headers }) => headers)).toEqual([expect.objectContaining(copies)]);
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
    expect(Object.keys(withoutTrace(headers)).sort()).toEqual(
      [...OF_ANY_CALL, 'x-hasura-gateway-secret'].sort(),
    );
  });
});

test('a request without an id gets one, which an answer tells and an error does not', async () => {
  const ask = (query: string, headers: Record<string, string> = {}) =>
    fetch(engine.url, { method: 'POST', headers, body: JSON.stringify({ query }) });
  const made = (await ask('{ authConfig { signup } }')).headers.get('x-request-id');
  expect(made).toMatch(/^[0-9a-f-]{36}$/);
  expect(recorder.seen.map(({ headers }) => headers['x-request-id'])).toEqual([made]);
  const own = { 'x-request-id': 'mine' };
  expect((await ask('{ authConfig { signup } }', own)).headers.get('x-request-id')).toBe('mine');
  expect((await ask('{ nothing }', own)).headers.get('x-request-id')).toBeNull();
});

describe('the variables of a request', () => {
  const bodies = async (query: string, variables: object = {}, operationName?: string) => {
    const body = JSON.stringify({ query, variables, ...(operationName !== undefined && { operationName }) });
    await fetch(engine.url, { method: 'POST', body });
    return recorder.seen.map((seen) => seen.body);
  };

  test('one that may be null has a default, and an argument without a value is none', async () => {
    const document = 'mutation ($input: LogoutInput) { logout(input: $input) { sessionsEnded } }';
    expect(await bodies(document, { input: { refreshToken: 'x' } })).toEqual([
      {
        query:
          'mutation ($input: LogoutInput = null) {\n  logout(input: $input) {\n    sessionsEnded\n  }\n}',
        variables: { input: { refreshToken: 'x' } },
      },
    ]);
    recorder.seen.length = 0;
    expect(await bodies(document)).toEqual([{ query: 'mutation {\n  logout {\n    sessionsEnded\n  }\n}' }]);
  });

  test('an argument that is null goes on as null', async () => {
    const document = 'mutation { logout(input: null) { sessionsEnded } }';
    expect(await bodies(document)).toEqual([
      { query: 'mutation {\n  logout(input: null) {\n    sessionsEnded\n  }\n}' },
    ]);
  });

  test('one without a value inside an input goes on as null', async () => {
    const document = 'mutation ($t: String) { logout(input: { refreshToken: $t }) { sessionsEnded } }';
    expect(await bodies(document)).toEqual([
      {
        query:
          'mutation ($t: String = null) {\n  logout(input: {refreshToken: $t}) {\n    sessionsEnded\n  }\n}',
        variables: { t: null },
      },
    ]);
  });

  test('one with a default of its own has that, and what is not used is not sent', async () => {
    const document = 'query Q($e: String! = "a@example.com", $more: Int) { emailExists(email: $e) }';
    expect(await bodies(document)).toEqual([
      {
        query: 'query Q($e: String! = "a@example.com") {\n  emailExists(email: $e)\n}',
        operationName: 'Q',
        variables: { e: 'a@example.com' },
      },
    ]);
  });

  test('a scalar’s value is the gateway’s matter', async () => {
    const refused = await anonymous().refused('query ($e: String!) { emailExists(email: $e) }', { e: 5 });
    expect(refused).toMatchObject([{ extensions: { code: 'invalid_input' } }]);
    expect(recorder.seen.map(({ body }) => body.variables)).toEqual([{ e: 5 }]);
  });

  test('an operation’s name goes on where it is the document’s only definition, or was asked for', async () => {
    const fragment = ' fragment F on AuthConfig { signup }';
    const names = async (query: string, operationName?: string) => {
      recorder.seen.length = 0;
      return (await bodies(query, {}, operationName)).map((body) => [body.operationName, body.query]);
    };
    const named = 'query A {\n  authConfig {\n    signup\n  }\n}';
    const unnamed = '{\n  authConfig {\n    signup\n  }\n}';
    expect(await names('query A { authConfig { signup } }')).toEqual([['A', named]]);
    expect(await names(`query A { authConfig { ...F } }${fragment}`)).toEqual([[undefined, unnamed]]);
    expect(await names(`query A { authConfig { ...F } }${fragment}`, 'A')).toEqual([['A', named]]);
  });
});

test('what a variable lacks is refused before anything is asked', async () => {
  await anonymous().refused(LOGIN, { input: { email: 'x' } });
  expect(recorder.seen).toEqual([]);
});
