import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LOGIN, newPerson, signUp, startGateway, type TestGateway } from '../support/gateway.ts';
import { errorOf, type RawAnswer, rawRequest, sendRaw } from '../support/raw-http.ts';
import { textArguments } from '../support/text-arguments.ts';

// JSON may contain half of a surrogate pair: `"\\ud800"`. UTF-8 encoding replaces every half by the same character.

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ env: { RATE_LIMITS: 'off' } });
});
afterAll(() => gateway.close());

const HASURA = () => [`x-hasura-gateway-secret: ${gateway.secret}`];
const post = (target: string, body: string, headers: readonly string[] = []): Promise<RawAnswer> =>
  sendRaw(
    gateway.url,
    rawRequest({ method: 'POST', target, headers: ['host: localhost', ...headers], body }),
  );

const HALVES = ['\\ud800', '\\udfff', 'a\\ud800b', '\\udc00\\ud800'];

describe('half of a surrogate pair', () => {
  test('answers invalid with the attribute’s name in every text of every endpoint', async () => {
    const { paths } = JSON.parse(await (await fetch(`${gateway.url}/openapi.json`)).text()) as {
      paths: Record<
        string,
        { post?: { tags: string[]; requestBody?: { content: { 'application/json': object } } } }
      >;
    };
    let seen = 0;
    for (const [path, operations] of Object.entries(paths)) {
      const body = operations.post?.requestBody;
      // The GoTrue dialect has its own form, and tests of its own (test/gotrue/signup.test.ts).
      if (body === undefined || operations.post?.tags.includes('GoTrue')) continue;
      const { schema } = body.content['application/json'] as {
        schema: { properties: Record<string, object> };
      };
      for (const attribute of Object.keys(schema.properties))
        for (const half of HALVES) {
          const answer = await post(path, `{"${attribute}":"${half}"}`);
          expect(answer.status).toBe(400);
          expect(errorOf(answer)).toMatchObject({ code: 'invalid', attribute });
          seen += 1;
        }
    }
    expect(seen).toBeGreaterThan(40);
  });

  test('answers invalid in the name of an attribute and deep in a body', async () => {
    for (const body of ['{"\\ud800":1}', '{"email":{"\\ud800":1}}', '{"x":[[{"y":["\\udfff"]}]]}'])
      expect(errorOf(await post('/api/login', body))).toMatchObject({ code: 'invalid' });
    const deep = `{"x":${'['.repeat(200_000)}"\\ud800"${']'.repeat(200_000)}}`;
    const answer = await post('/api/login', deep);
    expect(errorOf(answer).code).toBe('invalid');
    expect(answer.body.length).toBeLessThan(500);
  });

  test('answers invalid with the attribute’s name in every text of the GraphQL schema', async () => {
    const every = await textArguments(gateway);
    expect(every.length).toBeGreaterThan(40);
    for (const { document, attribute, variables } of every)
      for (const half of HALVES.slice(0, 2)) {
        const body = `{"query":${JSON.stringify(document)},"variables":${variables(half)}}`;
        expect({ document, ...errorOf(await post('/graphql', body)) }).toMatchObject({
          document,
          code: 'invalid',
          attribute,
        });
      }
  });

  test('answers invalid in a document, in an operation’s name and in variables from Hasura', async () => {
    const graphql = (body: string, headers: string[] = []) => post('/graphql', body, headers);
    for (const half of HALVES) {
      expect(errorOf(await graphql(`{"query":"{ emailExists(email: \\"${half}\\") }"}`))).toMatchObject({
        code: 'invalid',
        attribute: 'query',
      });
      const named = `{"query":"query A { __typename }","operationName":"${half}"}`;
      expect(errorOf(await graphql(named))).toMatchObject({ code: 'invalid', attribute: 'operationName' });
      const hasura = `{"query":"query ($e: String!) { emailExists(email: $e) }","variables":{"e":"${half}"}}`;
      expect(errorOf(await graphql(hasura, HASURA()))).toMatchObject({ code: 'invalid', attribute: 'email' });
      // GraphQL's own escapes.
      const escaped = half.replaceAll('\\', '\\\\');
      const literal = await graphql(`{"query":"{ emailExists(email: \\"${escaped}\\") }"}`);
      expect(errorOf(literal).code).toBe('graphql_parse_failed');
    }
  });

  test('in a password answers invalid, alike for known and unknown accounts', async () => {
    const person = newPerson();
    await signUp(gateway, person);
    const tell = async (email: string) => {
      const { code, message, attribute } = errorOf(
        await post('/api/login', `{"email":"${email}","password":"${'\\ud800'.repeat(8)}"}`),
      );
      return { code, message, attribute };
    };
    const told = await tell(person.email);
    expect(told).toMatchObject({ code: 'invalid', attribute: 'password' });
    expect(await tell('unknown@example.com')).toEqual(told);
    // JSON.stringify spells halves as escapes.
    for (const email of [person.email, 'unknown@example.com'])
      expect(await gateway.failure(LOGIN, { input: { email, password: '\ud800'.repeat(8) } })).toMatchObject([
        { extensions: { code: 'invalid', attribute: 'password' } },
      ]);
  });
});

describe('the password hasher', () => {
  const half = '\ud800'.repeat(8);
  const replacement = '\ufffd'.repeat(8);

  test('refuses half of a surrogate pair: invalid', async () => {
    await expect(gateway.deps.passwords.hash(half)).rejects.toMatchObject({ code: 'invalid' });
  });

  test('does not match half of a surrogate pair with its replacement character, after the same work', async () => {
    const { hashGate, passwords } = gateway.deps;
    const hash = await passwords.hash(replacement);
    const { finished } = hashGate;
    expect(await passwords.verify(hash, replacement)).toBe(true);
    expect(await passwords.verify(hash, half)).toBe(false);
    expect(hashGate.finished - finished).toBe(2);
  });
});
