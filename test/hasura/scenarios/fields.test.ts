import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { type Engine, startEngine } from '../../support/hasura/engine.ts';
import { type Headers, sendText } from './frontend.ts';

// What Hasura looks at in a document before it asks anybody, and in which words it refuses it.

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
const ask = (query: string, variables?: object) => send(JSON.stringify({ query, variables }));
const invalid = (message: string, path = '$') => ({
  errors: [{ message, extensions: { path, code: 'validation-failed' } }],
});
const ANSWER = { data: { authConfig: { signup: true } } };

describe('fields and arguments', () => {
  const login = (input: string) => ask(`mutation { login(input: ${input}) { expiresAt } }`);
  const loginWith = (input: unknown) =>
    ask('mutation ($input: LoginInput!) { login(input: $input) { expiresAt } }', { input });
  const at = '$.selectionSet.login.args.input';

  test.each([
    ['{ nothing }', "field 'nothing' not found in type: 'query_root'", '$.selectionSet.nothing'],
    [
      '{ authConfig { captcha { nothing } } }',
      "field 'nothing' not found in type: 'CaptchaInfo'",
      '$.selectionSet.authConfig.selectionSet.captcha.selectionSet.nothing',
    ],
    [
      '{ me { ...F } } fragment F on User { nothing }',
      "field 'nothing' not found in type: 'User'",
      '$.selectionSet.me.selectionSet.nothing',
    ],
    ['{ me }', "missing selection set for 'User'", '$.selectionSet.me.selectionSet'],
    [
      '{ me { id { x } } }',
      'unexpected subselection set for non-object field',
      '$.selectionSet.me.selectionSet.id',
    ],
    ['{ me(id: 1) { id } }', "'me' has no argument named 'id'", '$.selectionSet.me'],
    ['{ emailExists }', "missing required field 'email'", '$.selectionSet.emailExists.args.email'],
  ])('%s', async (query, message, path) => {
    expect(await ask(query)).toEqual(invalid(message, path));
  });

  test('what a directive leaves out is not looked at', async () => {
    expect(await ask('{ nothing @skip(if: true) authConfig { signup x @include(if: false) } }')).toEqual(
      ANSWER,
    );
  });

  test('a role that knows no mutation has none', async () => {
    const headers = { 'x-hasura-admin-secret': engine.adminSecret, 'x-hasura-role': 'editor' };
    const query = 'mutation { logout { sessionsEnded } }';
    expect(await send(JSON.stringify({ query }), headers)).toEqual(invalid('no mutations exist'));
    expect(await send(JSON.stringify({ query: '{ me { id } }' }), headers)).toEqual(
      invalid("field 'me' not found in type: 'query_root'", '$.selectionSet.me'),
    );
  });

  test('an input has the fields that are needed and no others, in the document or in a variable', async () => {
    const missing = invalid("missing required field 'password'", `${at}.password`);
    expect(await login('{ email: "a@example.com" }')).toEqual(missing);
    expect(await loginWith({ email: 'a@example.com' })).toEqual(missing);
    const unknown = invalid("field 'admin' not found in type: 'LoginInput'", `${at}.admin`);
    expect(await login('{ email: "a@example.com", password: "x", admin: true }')).toEqual(unknown);
    expect(await loginWith({ email: 'a@example.com', password: 'x', admin: true })).toEqual(unknown);
  });

  test('an input is an object', async () => {
    const expected = (found: string) =>
      invalid(`expected an object for type 'LoginInput', but found ${found}`, at);
    expect(await login('5')).toEqual(expected('an integer'));
    expect(await login('null')).toEqual(expected('null'));
    expect(await loginWith([])).toEqual(expected('a list'));
    expect(await loginWith(null)).toEqual(expected('null'));
  });

  test('an enum is one of its values', async () => {
    const logout = (scope: string) =>
      ask(`mutation { logout(input: { scope: ${scope} }) { sessionsEnded } }`);
    const path = '$.selectionSet.logout.args.input.scope';
    const values = "['GLOBAL', 'LOCAL', 'OTHERS']";
    expect(await logout('HERE')).toEqual(
      invalid(`expected one of the values ${values} for type 'LogoutScope', but found 'HERE'`, path),
    );
    expect(await logout('"GLOBAL"')).toEqual(
      invalid("expected an enum value for type 'LogoutScope', but found a string", path),
    );
  });

  test('a scalar of a table is held against its type, one of the gateway is not', async () => {
    expect(await ask('{ portcullis_cache(where: { key: { _eq: 5 } }) { key } }')).toEqual(
      invalid(
        "expected a string for type 'String', but found an integer",
        '$.selectionSet.portcullis_cache.args.where.key._eq',
      ),
    );
    const toTheGateway = { errors: [{ extensions: { code: 'graphql_validation_failed' } }, {}] };
    expect(await login('{ email: 5, password: true }')).toMatchObject(toTheGateway);
    expect(await loginWith({ email: 5, password: true })).toMatchObject({
      errors: [{ extensions: { code: 'invalid_input' } }],
    });
  });

  test('what is no document that makes sense is refused in some words', async () => {
    for (const query of ['{ ...F }', '{ me @nothing { id } }', '{ me { a: id a: email } }'])
      expect(await ask(query), query).toMatchObject({
        errors: [{ extensions: { code: 'validation-failed' } }],
      });
  });
});
