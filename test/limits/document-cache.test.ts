import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildSchema, type ValidationRule } from 'graphql';
import { createYoga, type Plugin } from 'graphql-yoga';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDocumentCache, useDocumentCache } from '../../src/graphql/document-cache.ts';
import { createGraphQLHandler } from '../../src/graphql/server.ts';
import { identifyCaller } from '../../src/request/caller.ts';
import { post, startGateway, type TestGateway } from '../support/gateway.ts';

// The tests read the size of documents from the cache, because the heap also holds everything else.

let gateway: TestGateway;
let server: Server;
let url: string;
const documents = createDocumentCache();
beforeAll(async () => {
  gateway = await startGateway();
  const handle = createGraphQLHandler(gateway.deps, documents);
  server = createServer((request, response) => {
    const caller = identifyCaller(gateway.deps, request);
    void handle(request, response, { caller, requestId: 'of-this-test' });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await gateway.close();
});
beforeEach(() => documents.clear());

const MEBIBYTE = 1024 * 1024;
/** The heap of a token with its part of the syntax tree, if the names of fields have one letter. */
const BYTES_PER_TOKEN = 485;
const BYTES_PER_COMMENT = 91;
const BYTES_PER_ESCAPE = 60;
const tokensKept = () =>
  [...documents.values()].reduce((sum, { tokenCount }) => sum + (tokenCount ?? Number.NaN), 0);

const times = <T>(n: number, each: (i: number) => T) => Array.from({ length: n }, (_, i) => each(i));
async function ask(query: string, headers: Record<string, string> = {}) {
  const { body } = await post(
    url,
    { query, operationName: query.startsWith('query A') ? 'A' : null },
    headers,
  );
  return body as { data?: unknown; errors?: { extensions: { code: string } }[] };
}
const passes = async (query: string) => expect(await ask(query)).not.toHaveProperty('errors');
const fails = async (query: string, code: string) =>
  expect((await ask(query)).errors?.map(({ extensions }) => extensions.code)).toContain(code);

/** A document of a thousand tokens, which every client may send. */
const wide = (name: number) =>
  `query A { __typename } ${times(199, (i) => `query B${name}x${i} { __typename }`).join(' ')}`;
/** A document of two thousand characters and a thousand tokens, without any field of the schema. */
const broken = (name: number) => `{ x${name} ${'a '.repeat(990)}}`;
/** A document whose strings have this many escapes each. */
const escaped = (escapes: number, strings = 1) =>
  `{ ${times(strings, (i) => `a${i}: __type(name: "${'x\\n'.repeat(escapes)}") { name }`).join(' ')} }`;
const HOT = '{ authConfig { signup } }';

describe('the document cache', () => {
  test('keeps valid documents up to 16 MiB in total', async () => {
    for (const query of times(120, wide)) await passes(query);
    expect(documents.size).toBeGreaterThan(20);
    expect(documents.size).toBeLessThan(40);
    expect(tokensKept() * BYTES_PER_TOKEN).toBeLessThan(16 * MEBIBYTE);
    expect(documents.calculatedSize).toBeGreaterThanOrEqual(tokensKept() * BYTES_PER_TOKEN);
    expect(documents.has(wide(119))).toBe(true);
  });

  test('does not keep documents with unknown fields, broken syntax, too many tokens or too many aliases', async () => {
    const aliases = `{ ${times(16, (i) => `a${i}: me { id }`).join(' ')} }`;
    for (const query of times(20, broken)) await fails(query, 'query_too_complex');
    await fails('{ unknown }', 'graphql_validation_failed');
    await fails('{ authConfig { signup }', 'graphql_parse_failed');
    await fails(`${wide(0)} { __typename }`, 'query_too_complex');
    await fails(aliases, 'query_too_complex');
    expect([...documents.keys()]).toEqual([]);
  });

  test('does not keep a very large document, and counts comments and escapes', async () => {
    await passes(`{ authConfig { signup } ${' '.repeat(300_000)} }`);
    expect(documents.size).toBe(0);
    await passes(`{ __typename ${'#\n'.repeat(1000)} }`);
    expect(documents.calculatedSize).toBeGreaterThan(1000 * BYTES_PER_COMMENT);
    documents.clear();
    await passes(escaped(1000));
    expect(documents.calculatedSize).toBeGreaterThan(1000 * BYTES_PER_ESCAPE);
    await passes(escaped(2_700, 8));
    expect([...documents.keys()]).toEqual([escaped(1000)]);
  });

  test('does not let a client send a document that only Hasura may send: query_too_complex', async () => {
    const aliases = `{ ${times(16, (i) => `f${i}: authConfig { signup }`).join(' ')} }`;
    const asHasura = { 'x-hasura-gateway-secret': gateway.secret, 'x-hasura-role': 'admin' };
    for (const _ of ['first', 'again']) {
      await fails(aliases, 'query_too_complex');
      expect(await ask(aliases, asHasura)).not.toHaveProperty('errors');
    }
    expect([...documents.keys()]).toEqual([aliases]);
  });
});

describe('a document in use', () => {
  test('stays cached during a flood of broken documents', async () => {
    await passes(HOT);
    for (const query of times(31, wide)) await passes(query);
    expect(documents.calculatedSize).toBeGreaterThan(15 * MEBIBYTE);
    const held = [...documents.keys()];
    expect(held).toContain(HOT);
    await Promise.all(times(100, (i) => fails(broken(i), 'query_too_complex')));
    expect([...documents.keys()]).toEqual(held);
  });

  test('stays cached during a flood of valid documents if it is used in between', async () => {
    await passes(HOT);
    const kept = documents.peek(HOT);
    expect(kept).toBeDefined();
    for (const query of times(60, wide)) {
      await passes(query);
      await passes(HOT);
      expect(documents.peek(HOT)).toBe(kept);
    }
    expect(documents.has(wide(0))).toBe(false);
  });
});

test('a document is parsed once, and validated once for each list of rules', async () => {
  const counts = { parsed: 0, first: 0, second: 0 };
  let rule: 'first' | 'second' = 'first';
  const counting = (name: typeof rule): ValidationRule => {
    const count = () => {
      counts[name] += 1;
      return {};
    };
    return Object.defineProperty(count, 'name', { value: name });
  };
  const rules: Plugin = {
    onParse({ parseFn, setParseFn }) {
      setParseFn((...source) => {
        counts.parsed += 1;
        return parseFn(...source);
      });
    },
    onValidate: ({ addValidationRule }) => addValidationRule(counting(rule)),
  };
  const yoga = createYoga({
    schema: buildSchema('type Query { a: Int }'),
    parserAndValidationCache: false,
    plugins: [rules, useDocumentCache(createDocumentCache())],
  });
  const send = async (query: string) => {
    const headers = { 'content-type': 'application/json' };
    const request = { method: 'POST', headers, body: JSON.stringify({ query }) };
    return (await yoga.fetch('http://yoga/graphql', request)).json();
  };
  for (rule of ['first', 'second', 'first', 'second'] as const)
    expect(await send('{ a }')).toEqual({ data: { a: null } });
  expect(counts).toEqual({ parsed: 1, first: 1, second: 1 });
  for (const _ of ['first', 'again']) expect(await send('{ b }')).toHaveProperty('errors');
  expect(counts).toEqual({ parsed: 3, first: 1, second: 3 });
});
