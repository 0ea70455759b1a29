import { describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { startGateway } from '../support/gateway.ts';

const gateway = forFile(() => startGateway({ env: { GRAPHQL_MAX_COST: '100' } }));

const tooComplex = (message: string) => [
  { message, extensions: { code: 'query_too_complex', attribute: null } },
];
const times = (n: number, text: string | ((i: number) => string)) =>
  Array.from({ length: n }, (_, i) => (typeof text === 'string' ? text : text(i))).join(' ');
const asHasura = () => ({ 'x-hasura-gateway-secret': gateway.secret, 'x-hasura-role': 'admin' });

describe('a GraphQL document', () => {
  test('may have 1000 tokens: query_too_complex', async () => {
    const operations = times(200, (i) => `query A${i} { __typename }`);
    const ask = (query: string, headers = {}) =>
      gateway.post('/graphql', { query, operationName: 'A0' }, headers);
    expect((await ask(operations)).body).toEqual({ data: { __typename: 'Query' } });
    for (const headers of [{}, {}])
      expect((await ask(`${operations} fragment`, headers)).body).toEqual({
        errors: tooComplex('Token limit of 1000 exceeded.'),
      });
  });

  test('from Hasura may have ten times as many tokens, and from a client still may not', async () => {
    const ask = (operations: number, headers = {}) => {
      const query = times(operations, (i) => `query A${i} { __typename }`);
      return gateway.post('/graphql', { query, operationName: 'A0' }, headers);
    };
    const refusal = (most: number) => ({ errors: tooComplex(`Token limit of ${most} exceeded.`) });
    for (const _ of ['first', 'again']) {
      expect((await ask(2001, asHasura())).body).toEqual(refusal(10_000));
      expect((await ask(201)).body).toEqual(refusal(1000));
      expect((await ask(201, asHasura())).body).toEqual({ data: { __typename: 'Query' } });
    }
    expect((await ask(200)).body).toEqual({ data: { __typename: 'Query' } });
  });

  test('may have as many comments as tokens', async () => {
    const ofComments = (n: number) => `{ __typename ${'#\n'.repeat(n)} }`;
    expect(await gateway.graphql(ofComments(1000))).toEqual({ __typename: 'Query' });
    expect(await gateway.failure(ofComments(1001))).toEqual(tooComplex('Token limit of 1000 exceeded.'));
  });

  test('may have GRAPHQL_MAX_TOKENS tokens, and broken syntax answers graphql_parse_failed', async () => {
    const small = await startGateway({ replicaOf: gateway, env: { GRAPHQL_MAX_TOKENS: '12' } });
    const ofTokens = (n: number) => `{ authConfig { ${times(n - 5, 'signup')} } }`;
    expect(await small.graphql(ofTokens(12))).toEqual({ authConfig: { signup: true } });
    expect(await small.failure(ofTokens(13))).toEqual(tooComplex('Token limit of 12 exceeded.'));
    // A broken document gets a syntax error.
    expect(await small.failure('{ authConfig { signup }')).toEqual([
      {
        message: 'Syntax Error: Expected Name.',
        extensions: { code: 'graphql_parse_failed', attribute: null },
      },
    ]);
    await small.close();
  });

  test('from Hasura may have GRAPHQL_MAX_TOKENS tokens in each root field, except in introspection', async () => {
    const small = await startGateway({ replicaOf: gateway, env: { GRAPHQL_MAX_TOKENS: '12' } });
    const rows = (n: number) =>
      `{ ${times(5, (i) => `f${i}: authConfig { ${times(n - 5, 'signup')} }`)} a: authConfig { signup } }`;
    expect(await small.graphql(rows(12), {}, asHasura())).toHaveProperty('f4', { signup: true });
    expect(await small.failure(rows(13), {}, asHasura())).toEqual(tooComplex('Token limit of 12 exceeded.'));
    const inFragment = `{ ...F } fragment F on Query { authConfig { ${times(10, 'signup')} } }`;
    expect(await small.failure(inFragment, {}, asHasura())).toEqual(
      tooComplex('Token limit of 12 exceeded.'),
    );
    const introspection = `{ __schema { queryType { name } types { ${times(30, 'name')} } } }`;
    expect(await small.graphql(introspection, {}, asHasura())).toHaveProperty('__schema.types');
    await small.close();
  });

  test('from Hasura may have 15 aliases below each root field', async () => {
    const rows = (n: number) =>
      `{ ${times(40, (i) => `f${i}: authConfig { ${times(n, (a) => `a${a}: signup`)} }`)} }`;
    expect(await gateway.graphql(rows(15), {}, asHasura())).toHaveProperty('f39.a14', true);
    expect(await gateway.failure(rows(16), {}, asHasura())).toEqual(
      tooComplex('Aliases limit of 15 exceeded, found 16.'),
    );
    const last = `{ ${times(40, (i) => `f${i}: me { id }`)} ${rows(16).slice(2, -2)} }`.replace(
      /f(\d+): a/g,
      'g$1: a',
    );
    expect(await gateway.failure(last, {}, asHasura())).toEqual(
      tooComplex('Aliases limit of 15 exceeded, found 16.'),
    );
    const inFragment = `{ f0: authConfig { ...F } } fragment F on AuthConfig { ${times(16, (a) => `a${a}: signup`)} }`;
    expect(await gateway.failure(inFragment, {}, asHasura())).toEqual(
      tooComplex('Aliases limit of 15 exceeded, found 16.'),
    );
  });

  test('may have 15 aliases: query_too_complex', async () => {
    const ofAliases = (n: number) => `{ ${times(n, (i) => `a${i}: me { id }`)} }`;
    const lavish = await startGateway({ replicaOf: gateway, env: { GRAPHQL_MAX_COST: '1000' } });
    expect(await lavish.graphql(ofAliases(15))).toHaveProperty('a14', null);
    expect(await lavish.failure(ofAliases(16))).toEqual(
      tooComplex('Aliases limit of 15 exceeded, found 16.'),
    );
    const inFragment = `query { ...F ...F } fragment F on Query { ${times(16, (i) => `a${i}: me { id }`)} }`;
    expect(await lavish.failure(inFragment)).toMatchObject([{ extensions: { code: 'query_too_complex' } }]);
    await lavish.close();
  });

  test('may have 8 levels, fragments included', async () => {
    // `__type` counts like every field; only `__schema` is free.
    const levels = (n: number) => `${times(n - 1, '{ ofType')} { name } ${'}'.repeat(n - 1)}`;
    const ofDepth = (n: number) => `{ __type(name: "Query") { fields { type ${levels(n - 3)} } } }`;
    const shallow = await startGateway({ replicaOf: gateway, env: { GRAPHQL_MAX_COST: '100000' } });
    expect(await shallow.graphql(ofDepth(8))).toHaveProperty('__type.fields');
    expect(await shallow.failure(ofDepth(9))).toEqual(
      tooComplex('Query depth limit of 8 exceeded, found 9.'),
    );
    expect(await shallow.failure(ofDepth(9), {}, asHasura())).toHaveLength(1);
    const inFragments = `query { __type(name: "Query") { ...T } } fragment T on __Type { fields { type ${levels(6)} } }`;
    expect(await shallow.failure(inFragments)).toMatchObject([{ extensions: { code: 'query_too_complex' } }]);
    await shallow.close();
  });

  test('may have 20 directives', async () => {
    const ofDirectives = (n: number) => `{ ${times(n, '__typename @include(if: true)')} }`;
    expect(await gateway.graphql(ofDirectives(20))).toEqual({ __typename: 'Query' });
    expect(await gateway.failure(ofDirectives(21))).toEqual(
      tooComplex('Directives limit of 20 exceeded, found 21.'),
    );
  });

  test('may cost GRAPHQL_MAX_COST, and from Hasura as much in each root field', async () => {
    const ofCost = (n: number) => `{ ${times(n, '__typename')} }`;
    const lavish = await startGateway({ replicaOf: gateway, env: { GRAPHQL_MAX_TOKENS: '2000' } });
    expect(await gateway.graphql(ofCost(100))).toEqual({ __typename: 'Query' });
    expect(await gateway.failure(ofCost(101))).toEqual(
      tooComplex('Query Cost limit of 100 exceeded, found 101.'),
    );
    expect(await gateway.graphql(ofCost(101), {}, asHasura())).toEqual({ __typename: 'Query' });
    const nested = (n: number) => `{ authConfig { ${times(n, 'signup')} } }`; // 2 + 1.5 each
    expect(await gateway.graphql(nested(65))).toEqual({ authConfig: { signup: true } });
    expect(await gateway.failure(nested(66))).toEqual(
      tooComplex('Query Cost limit of 100 exceeded, found 101.'),
    );
    const rows = (n: number) => `{ ${times(100, (i) => `f${i}: authConfig { ${times(n, 'signup')} }`)} }`;
    expect(await lavish.graphql(rows(65), {}, asHasura())).toHaveProperty('f99', { signup: true });
    expect(await lavish.failure(rows(66), {}, asHasura())).toEqual(
      tooComplex('Query Cost limit of 100 exceeded, found 101.'),
    );
    await lavish.close();
  });

  test('with 998 fields of one name answers query_too_complex', async () => {
    const lavish = await startGateway({ replicaOf: gateway, env: { GRAPHQL_MAX_COST: '100000' } });
    for (let i = 0; i < 2; i++)
      expect(await lavish.failure(`{ ${times(998, '__typename')} }`)).toEqual(
        tooComplex('The GraphQL document exceeds a limit.'),
      );
    await lavish.close();
  });

  test('with a recursive fragment is refused', async () => {
    for (const document of [
      '{ ...A } fragment A on Query { ...A }',
      '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }',
      '{ me { ...A } } fragment A on User { memberships { ...B } } fragment B on Membership { role ...B }',
    ]) {
      const errors = (await gateway.failure(document)) as { extensions: { code: string } }[];
      expect(errors.length).toBeGreaterThan(0);
      for (const { extensions } of errors)
        expect(['graphql_validation_failed', 'query_too_complex']).toContain(extensions.code);
    }
  });
});
