import { buildClientSchema, type IntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newPerson, SIGNUP, signUp, startGateway, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  // The settings of production.
  gateway = await startGateway({ env: { GRAPHQL_INTROSPECTION: 'off', GRAPHIQL: 'off' } });
});
afterAll(() => gateway.close());

const asHasura = () => ({ 'x-hasura-gateway-secret': gateway.secret, 'x-hasura-role': 'admin' });

/** Hasura's introspection query: that of graphql-js with inlined fragments, without the parts that Hasura leaves out. */
const TYPE_REF = Array.from({ length: 7 }).reduce<string>(
  (inner) => `{ kind name ofType ${inner} }`,
  '{ kind name }',
);
const INPUT_VALUE = `... on __InputValue { name description type { ... on __Type ${TYPE_REF} } defaultValue }`;
const INTROSPECTION = `query IntrospectionQuery {
  __schema {
    queryType { name } mutationType { name } subscriptionType { name }
    types {
      ... on __Type {
        kind name description
        fields(includeDeprecated: true) {
          name description args { ${INPUT_VALUE} } type { ... on __Type ${TYPE_REF} } isDeprecated deprecationReason
        }
        inputFields { ${INPUT_VALUE} }
        interfaces { ... on __Type ${TYPE_REF} }
        enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
        possibleTypes { ... on __Type ${TYPE_REF} }
      }
    }
    directives { name description locations args { ${INPUT_VALUE} } }
  }
}`;
const introspect = (headers: Record<string, string>) =>
  gateway.post('/graphql', { query: INTROSPECTION, operationName: 'IntrospectionQuery' }, headers);

describe('introspection that is switched off', () => {
  test('still answers Hasura’s introspection query with the whole schema', async () => {
    const { status, body } = await introspect(asHasura());
    expect(status).toBe(200);
    expect(Object.keys(body as object)).toEqual(['data']);
    const schema = buildClientSchema((body as { data: IntrospectionQuery }).data);
    expect(Object.keys(schema.getMutationType()?.getFields() ?? {})).toEqual(
      expect.arrayContaining(['login', 'signup']),
    );
    expect(schema.getQueryType()?.getFields()).toHaveProperty('authConfig');
    // Hasura cannot execute subscriptions of a remote schema.
    expect(schema.getSubscriptionType() ?? null).toBeNull();
  });

  test('is refused to clients with graphql_validation_failed, also right after Hasura sent the same document', async () => {
    for (const headers of [{}, { 'x-hasura-role': 'admin' }, { 'x-hasura-admin-secret': gateway.secret }]) {
      expect(await introspect(asHasura())).toMatchObject({ status: 200, body: { data: expect.anything() } });
      const { body } = await introspect(headers);
      expect(body).not.toHaveProperty('data');
      const { errors } = body as { errors: { message: string; extensions: object }[] };
      for (const { message, extensions } of errors) {
        expect(message).toMatch(/^GraphQL introspection has been disabled|^Too many validation errors/);
        expect(extensions).toEqual({ code: 'graphql_validation_failed', attribute: null });
      }
    }
    for (const query of ['{ __type(name: "User") { name } }', '{ a: __schema { description } }'])
      expect(await gateway.failure(query)).toEqual([
        {
          message: expect.stringMatching(/^GraphQL introspection has been disabled/),
          extensions: { code: 'graphql_validation_failed', attribute: null },
        },
      ]);
    expect(await gateway.graphql('{ __typename }')).toEqual({ __typename: 'Query' });
  });

  test('keeps error messages from suggesting names of the schema', async () => {
    const guesses = [
      '{ authConfi { signup } }',
      '{ authConfig { signu } }',
      'mutation { logi }',
      'mutation { login(inpu: {}) { expiresAt } }',
      'mutation { login(input: { emai: "x", passwor: "y" }) { expiresAt } }',
      'query ($x: LoginInpu) { __typename }',
      '{ ... on Quer { __typename } }',
      '{ authConfig { signup @includ(if: true) } }',
      '{ authConfig }',
    ];
    for (const query of guesses) {
      const { body } = await gateway.post('/graphql', { query });
      const text = JSON.stringify(body);
      expect(text).toContain('"errors"');
      expect(text).not.toMatch(/did you mean/i);
    }
    expect(await gateway.failure(SIGNUP, { input: { ...newPerson(), emai: 'x' } })).toEqual([
      { message: 'This attribute is not known.', extensions: { code: 'invalid_input', attribute: 'emai' } },
    ]);
  });

  test('leaves GraphiQL off: a browser gets 405', async () => {
    const page = await fetch(`${gateway.url}/graphql`, { headers: { accept: 'text/html' } });
    expect(page.status).toBe(405);
  });
});

describe('answers to Hasura', () => {
  test('are JSON and contain only data when the operation succeeds', async () => {
    for (const body of [
      { query: '{ authConfig { signup } }' },
      { query: '{ me { id } }', operationName: null, variables: null },
      { query: SIGNUP, operationName: 'Signup', variables: { input: newPerson() } },
    ]) {
      const response = await fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        headers: { ...asHasura(), 'content-type': 'application/json', accept: '' },
        body: JSON.stringify(body),
      });
      expect(response.headers.get('content-type')).toMatch(/^application\/json/);
      expect(Object.keys((await response.json()) as object)).toEqual(['data']);
    }
  });

  test('a remote join may have 100 aliases; a client gets query_too_complex above 15', async () => {
    const join = (rows: number) =>
      `query { ${Array.from({ length: rows }, (_, i) => `f${i}: authConfig { signup }`).join(' ')} }`;
    const rows = await gateway.graphql(join(100), {}, asHasura());
    expect(Object.keys(rows)).toHaveLength(100);
    for (const headers of [{}, { 'x-hasura-role': 'admin' }]) {
      expect(Object.keys(await gateway.graphql(join(15), {}, headers))).toHaveLength(15);
      expect(await gateway.failure(join(16), {}, headers)).toEqual([
        {
          message: 'Aliases limit of 15 exceeded, found 16.',
          extensions: { code: 'query_too_complex', attribute: null },
        },
      ]);
    }
    // The validation result of one caller is not cached for the other.
    expect(Object.keys(await gateway.graphql(join(16), {}, asHasura()))).toHaveLength(16);
    expect(await gateway.failure(join(16))).toHaveLength(1);
  });

  test('a session stores the user agent of the client, not that of Hasura', async () => {
    const { user } = await signUp(gateway);
    const signup = await gateway.graphql<{ signup: { user: { id: string } } }>(
      SIGNUP,
      { input: newPerson() },
      {
        ...asHasura(),
        'user-agent': 'hasura-graphql-engine/v2.51.9',
        'x-forwarded-user-agent': 'Firefox',
        'x-forwarded-for': '203.0.113.7',
      },
    );
    const device = async (id: string) =>
      gateway.sql`select user_agent, host(address) as address from portcullis.sessions where user_id = ${id}`;
    // No trusted proxy vouches for the address: see TRUSTED_PROXIES.
    expect(await device(signup.signup.user.id)).toEqual([{ user_agent: 'Firefox', address: null }]);
    expect(await device(user.id)).toMatchObject([{ address: '127.0.0.1' }]);
  });
});
