import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { type Engine, startEngine } from '../../support/hasura/engine.ts';
import { type Headers, sendText } from './frontend.ts';

// Which requests Hasura's GraphQL endpoint takes, and in which words it refuses the others: with HTTP status 200.

let gateway: TestGateway;
let engine: Engine;
beforeAll(async () => {
  gateway = await startGateway();
  engine = await startEngine({ gateway, databaseUrl: gateway.databaseUrl });
});
afterAll(async () => {
  await engine.close();
  await gateway.close();
});

const send = (body: string, headers: Headers = {}) => sendText(engine.url, body, headers);
const ask = (query: string, variables?: unknown, operationName?: unknown) =>
  send(JSON.stringify({ query, variables, operationName }));
const refused = (code: string, message: string, path = '$') => ({
  errors: [{ message, extensions: { path, code } }],
});
const invalid = (message: string, path?: string) => refused('validation-failed', message, path);
const CONFIG = '{ authConfig { signup } }';
const ANSWER = { data: { authConfig: { signup: true } } };
const REQUEST = 'Hasura.GraphQL.Transport.HTTP.Protocol.GQLReq(GQLReq)';

describe('a body', () => {
  test('is JSON, whatever its type is said to be', async () => {
    expect(await send(JSON.stringify({ query: CONFIG }), { 'content-type': 'text/plain' })).toEqual(ANSWER);
    for (const body of ['', 'query', '{'])
      expect(await send(body), body).toMatchObject({ errors: [{ extensions: { code: 'invalid-json' } }] });
  });

  test.each([
    ['{}', `parsing ${REQUEST} failed, key "query" not found`, '$'],
    ['"x"', `parsing ${REQUEST} failed, expected Object, but encountered String`, '$'],
    ['{"query":null}', 'parsing Text failed, expected String, but encountered Null', '$.query'],
    [
      '{"query":"{ authConfig { signup } }","variables":[]}',
      'parsing HashMap failed, expected Object, but encountered Array',
      '$.variables',
    ],
  ])('%s cannot be read', async (body, message, path) => {
    expect(await send(body)).toEqual(refused('parse-failed', message, path));
  });

  test('that cannot be read is told to nobody with a bad token', async () => {
    expect(await send('', { authorization: 'Bearer rubbish' })).toMatchObject({
      errors: [{ extensions: { code: 'invalid-jwt' } }],
    });
  });

  test('may hold several requests', async () => {
    const batch = JSON.stringify([{ query: CONFIG }, { query: '{ nothing }' }]);
    expect(await send(batch)).toEqual([
      ANSWER,
      invalid("field 'nothing' not found in type: 'query_root'", '$.selectionSet.nothing'),
    ]);
  });
});

test('another method is a request for a persisted query, or for nothing', async () => {
  const get = await fetch(engine.url);
  expect([get.status, await get.json()]).toEqual([
    200,
    refused('not-supported', 'PersistedQueryNotSupported'),
  ]);
  const elsewhere = await fetch(new URL('/v1/elsewhere', engine.url), { method: 'POST' });
  expect([elsewhere.status, await elsewhere.json()]).toEqual([
    404,
    { error: 'resource does not exist', path: '$', code: 'not-found' },
  ]);
});

describe('an operation', () => {
  const two = 'query A { authConfig { signup } } query B { nothing }';

  test('is the only one, or the one that is named; the others do not matter', async () => {
    expect(await ask(two, undefined, 'A')).toEqual(ANSWER);
    expect(await ask(two, null, null)).toEqual(
      invalid('exactly one operation has to be present in the document when operationName is not specified'),
    );
    expect(await ask('fragment F on AuthConfig { signup }')).toEqual(
      invalid('exactly one operation has to be present in the document when operationName is not specified'),
    );
    expect(await ask(two, undefined, 'C')).toEqual(invalid('no such operation found in the document: "C"'));
    expect(await ask(CONFIG, undefined, 'A')).toEqual(
      invalid('operationName cannot be used when an anonymous operation exists in the document'),
    );
  });

  test('that is none', async () => {
    expect(await ask('{ authConfig {')).toEqual(invalid('not a valid graphql query', '$.query'));
    expect(await ask('')).toEqual(invalid('not a valid graphql query', '$.query'));
  });

  test('that subscribes needs another protocol', async () => {
    expect(await ask('subscription { portcullis_cache { key } }')).toEqual(
      refused('unexpected-payload', 'subscriptions are not supported over HTTP, use websockets instead'),
    );
  });
});

describe('variables', () => {
  test.each([
    [
      'without a value that is needed',
      'query ($e: String!) { emailExists(email: $e) }',
      {},
      'expecting a value for non-nullable variable: "e"',
    ],
    ['that nobody declared', '{ emailExists(email: $e) }', {}, 'unbound variable "e"'],
    [
      'that nothing uses',
      'query ($a: Int) { authConfig { signup } }',
      { a: 1, b: 2 },
      'unexpected variables in variableValues: a, b',
    ],
  ])('%s', async (_what, query, variables, message) => {
    expect(await ask(query, variables)).toEqual(invalid(message));
  });

  test('may be declared without being used', async () => {
    expect(await ask('query ($a: Int, $b: String = "x") { authConfig { signup } }')).toEqual(ANSWER);
  });

  test('twice of one name', async () => {
    expect(await ask('query ($a: Int, $a: Int) { authConfig { signup } }')).toEqual(
      refused('parse-failed', 'multiple definitions for variable "a"'),
    );
  });

  test('are used in directives and fragments', async () => {
    const query = `query ($no: Boolean!, $yes: Boolean!) { ...F authConfig @include(if: $yes) { signup } }
      fragment F on query_root { me @skip(if: $no) { id } }`;
    expect(await ask(query, { no: true, yes: true })).toEqual(ANSWER);
  });

  test('have the type of their place', async () => {
    const message = (type: string) =>
      `variable 'e' is declared as '${type}', but used where 'String!' is expected`;
    const path = '$.selectionSet.emailExists.args.email';
    for (const type of ['Int!', 'String', '[String!]'])
      expect(await ask(`query ($e: ${type}) { emailExists(email: $e) }`, { e: '1' })).toEqual(
        invalid(message(type), path),
      );
    expect(await ask('query ($e: String = "a@example.com") { emailExists(email: $e) }')).toEqual({
      data: { emailExists: false },
    });
  });
});

describe('a directive', () => {
  test.each([
    [
      'with a variable that may be null',
      'query ($a: Boolean) { authConfig @include(if: $a) { signup } }',
      "variable 'a' is declared as 'Boolean', but used where 'Boolean!' is expected",
      '.include.args.if',
    ],
    [
      'with a variable of another type, further down',
      'query ($a: Int!) { authConfig { ... on AuthConfig @skip(if: $a) { signup } } }',
      "variable 'a' is declared as 'Int!', but used where 'Boolean!' is expected",
      '.authConfig.selectionSet.skip.args.if',
    ],
    [
      'with another value',
      '{ authConfig { signup @skip(if: 1) } }',
      "expected a boolean for type 'Boolean', but found an integer",
      '.authConfig.selectionSet.skip.args.if',
    ],
    ['without a value', '{ me @skip { id } }', "missing required field 'if'", '.skip.args.if'],
    [
      'with another argument',
      '{ me @skip(unless: true) { id } }',
      "'skip' has no argument named 'unless'",
      '.skip',
    ],
    [
      'twice',
      '{ ...F @skip(if: false) authConfig @include(if: true) @skip(if: false) @include(if: false) { signup } } fragment F on query_root { me { id } }',
      "the following directives are used more than once: ['include']",
      '',
    ],
    [
      'twice at a fragment',
      '{ ...F @skip(if: true) @skip(if: true) } fragment F on query_root { me { id } }',
      "the following directives are used more than once: ['skip']",
      '',
    ],
  ])('%s is refused', async (_what, query, message, path) => {
    const variables = query.includes('$a: Int!') ? { a: 1 } : {};
    expect(await ask(query, variables)).toEqual(invalid(message, `$.selectionSet${path}`));
  });

  test('takes a variable that has a default, unless that comes as null', async () => {
    const query =
      'query ($a: Boolean = true) { authConfig @include(if: $a) { signup } me @skip(if: $a) { id } }';
    expect(await ask(query)).toEqual(ANSWER);
    expect(await ask(query, { a: false })).toEqual({ data: { me: null } });
    expect(await ask(query, { a: null })).toEqual(
      invalid("expected a boolean for type 'Boolean', but found null", '$.selectionSet.include.args.if'),
    );
  });
});

test('introspection shows a role what it may use', async () => {
  const query =
    '{ __typename __schema { queryType { name } mutationType { name } } __type(name: "User") { name } }';
  const headers = { 'x-hasura-admin-secret': engine.adminSecret, 'x-hasura-role': 'editor' };
  expect(await send(JSON.stringify({ query }))).toEqual({
    data: {
      __typename: 'query_root',
      __schema: { queryType: { name: 'query_root' }, mutationType: { name: 'mutation_root' } },
      __type: { name: 'User' },
    },
  });
  expect(await send(JSON.stringify({ query }), headers)).toEqual({
    data: {
      __typename: 'query_root',
      __schema: { queryType: { name: 'query_root' }, mutationType: null },
      __type: null,
    },
  });
});
