import { describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { startGateway } from '../support/gateway.ts';

// GraphQL's own messages quote the document, and grow with it.

const gateway = forFile(() => startGateway({ env: { GRAPHQL_MAX_COST: '5000' } }));

const SECRET = 'hunter2secret';
const asHasura = () => ({ 'x-hasura-gateway-secret': gateway.secret, 'x-hasura-role': 'admin' });
const ask = (query: string, variables: unknown = {}, headers: Record<string, string> = {}) =>
  gateway.post('/graphql', { query, variables }, headers);
const login = (email: string, password: string, rest = '') =>
  `mutation ($e: String = "x") { login(input: { email: ${email}, password: ${password} ${rest} }) { accessToken } }`;

describe('GraphQL errors', () => {
  test.each([
    ['a string for a boolean', login('$e', '"x"', `cookie: "${SECRET}"`)],
    ['a block for a boolean', login('$e', '"x"', `cookie: """${SECRET}"""`)],
    ['a list for a text', login('$e', `["${SECRET}"]`)],
    ['an object for a text', login('$e', `{ a: "${SECRET}" }`)],
    ['a name for a text', login('$e', SECRET)],
    ['a number for a text', login('$e', '77777777777')],
    ['a text for an object', `mutation { login(input: "${SECRET}") { accessToken } }`],
    ['a list for an object', `mutation { login(input: [{ email: "${SECRET}" }]) { accessToken } }`],
    ['an unknown choice', `mutation { logout(input: { scope: ${SECRET} }) { sessionsEnded } }`],
    ['a text for a choice', `mutation { logout(input: { scope: "${SECRET}" }) { sessionsEnded } }`],
    ['a text for a number', `{ me { memberships { team { members(first: "${SECRET}") { name } } } } }`],
    ['a text after a string', `{ me(x: "a" "${SECRET}") { id } }`],
    ['a text in the wrong place', `{ me { id } "${SECRET}" }`],
    ['a name in the wrong place', `{ me { id } } ${SECRET}`],
    ['an unterminated text', `{ emailExists(email: "${SECRET}) }`],
    ['a text with an invalid escape', `{ emailExists(email: "${SECRET} \\q") }`],
    ['a colon in a value', login('$e', '"x"', `cookie: "a: b cannot represent ${SECRET}: c"`)],
    ['a quote in a value', login('$e', '"x"', `cookie: "\\" does not exist in \\"${SECRET}"`)],
  ])('do not quote %s', async (_what, query) => {
    for (const headers of [{}, asHasura()]) {
      const { body } = await ask(query, {}, headers);
      const { errors } = body as { errors: { extensions: { code: string } }[] };
      expect(errors.length).toBeGreaterThan(0);
      for (const { extensions } of errors) expect(extensions.code).toMatch(/^graphql_/);
      expect(JSON.stringify(body)).not.toContain(SECRET);
      expect(JSON.stringify(body)).not.toContain('77777777777');
    }
    expect(gateway.logged()).not.toContain(SECRET);
  });

  test('do not quote an argument that has an invalid variable', async () => {
    const { body } = await ask(login('$e', `"${SECRET}"`), { e: null });
    expect(body).toMatchObject({ errors: [{ message: 'Argument "input" has invalid value.' }] });
  });

  test.each([
    [{ input: SECRET }, 'input'],
    [{ input: [SECRET] }, 'input'],
    [{ input: { email: 'a', password: [SECRET] } }, 'password'],
    [{ input: { email: 'a', password: 'b', cookie: SECRET } }, 'cookie'],
  ])('do not quote values of the variables %o', async (variables, attribute) => {
    const query = 'mutation ($input: LoginInput!) { login(input: $input) { accessToken } }';
    const { body } = await ask(query, variables);
    expect(body).toMatchObject({ errors: [{ extensions: { code: 'invalid_input', attribute } }] });
    expect(JSON.stringify(body)).not.toContain(SECRET);
  });
});

describe('the message and location of a GraphQL error', () => {
  test.each([
    ['{ me { id }', 'Syntax Error: Expected Name.'],
    ['{ me { id } ) }', 'Syntax Error: Expected Name.'],
    ['query A on B { me { id } }', 'Syntax Error: Expected "{".'],
    [`{ me } ${SECRET}`, 'Syntax Error: Unexpected Name.'],
    ['{ emailExists(email: "x) }', 'Syntax Error: Unterminated string.'],
    ['{ emailExists(email: "\\q") }', 'Syntax Error: Invalid character escape sequence.'],
    ['{ nothing }', 'Cannot query field "nothing" on type "Query".'],
    [
      'mutation { logout(input: { scope: GLOBE }) { sessionsEnded } }',
      'A value does not exist in "LogoutScope" enum. Did you mean the enum value "GLOBAL"?',
    ],
    ['{ emailExists(email: 5) }', 'String cannot represent a non string value.'],
    ['mutation { login(input: 5) { accessToken } }', 'Expected value of type "LoginInput!".'],
  ])('say what %s should have been', async (query, message) => {
    expect((await ask(query)).body).toMatchObject({ errors: [{ message }] });
  });

  test('name the line and the column', async () => {
    const query = '\n\n{ a\n  b\r\n c\r d """\n""" }'.replace(' """\n"""', '\n# comment\n   e');
    const { body } = await ask(query);
    const { errors } = body as { errors: { message: string; locations: unknown }[] };
    expect(errors.map(({ message, locations }) => [message.split('"')[1], locations])).toEqual([
      ['a', [{ line: 3, column: 3 }]],
      ['b', [{ line: 4, column: 3 }]],
      ['c', [{ line: 5, column: 2 }]],
      ['d', [{ line: 6, column: 2 }]],
      ['e', [{ line: 8, column: 4 }]],
    ]);
    const syntax = await ask('{\n  me {\n id\n');
    expect(syntax.body).toMatchObject({ errors: [{ locations: [{ line: 4, column: 1 }] }] });
  });

  test('name the place of a failed field, also in a cached document', async () => {
    for (const _ of ['first', 'again'])
      expect((await ask('{\n\n  sessions { id }\n}')).body).toMatchObject({
        errors: [{ path: ['sessions'], locations: [{ line: 3, column: 3 }] }],
      });
  });

  test('stay short even if names are long', async () => {
    const name = 'x'.repeat(8000);
    const { body } = await ask(`{ ${`${name} `.repeat(100)} }`);
    const { errors } = body as { errors: { message: string }[] };
    for (const { message } of errors) expect(message.length).toBeLessThan(600);
    const unknown = await ask('query ($i: LoginInput!) { __typename }', { i: { [name]: name } });
    expect(JSON.stringify(unknown.body).length).toBeLessThan(600);
  });
});

describe('a string in a GraphQL document', () => {
  const LIMIT = 8192;
  const tooLong = [
    {
      message: 'String limit of 8192 bytes exceeded.',
      extensions: { code: 'query_too_complex', attribute: null },
    },
  ];
  const spellings: [string, (text: string) => string][] = [
    ['in quotes', (text) => `"${text}"`],
    ['in a block', (text) => `"""${text}"""`],
  ];

  test.each(spellings)('%s may have 8 KB from every caller: query_too_complex', async (_how, spell) => {
    for (const headers of [{}, asHasura()])
      for (const letter of ['x', 'é', '€']) {
        const { length } = Buffer.from(letter);
        const ofBytes = (bytes: number) =>
          `{ __type(name: ${spell(letter.repeat(Math.ceil(bytes / length)))}) { name } }`;
        expect(await gateway.graphql(ofBytes(LIMIT - 2), {}, headers)).toEqual({ __type: null });
        expect(await gateway.failure(ofBytes(LIMIT + 1), {}, headers)).toEqual(tooLong);
        expect(await gateway.failure(ofBytes(900_000), {}, headers)).toEqual(tooLong);
      }
  });

  test('is measured with its escapes', async () => {
    const ofEscapes = (n: number) => `{ __type(name: "${'\\u0041'.repeat(n)}") { name } }`;
    expect(await gateway.graphql(ofEscapes(1365))).toEqual({ __type: null });
    expect(await gateway.failure(ofEscapes(1366))).toEqual(tooLong);
  });

  test('is bounded in every position, like names and numbers', async () => {
    const long = `"${'x'.repeat(9000)}"`;
    for (const query of [
      `query ($a: String = ${long}) { __typename }`,
      `{ __typename @include(if: ${long}) }`,
      `{ me(a: { b: [${long}] }) { id } }`,
      `{ ${'x'.repeat(9000)} }`,
      `{ me(a: ${'1'.repeat(9000)}) { id } }`,
    ])
      expect(await gateway.failure(query)).toEqual(tooLong);
  });

  test('may be longer in a variable, and so may a comment', async () => {
    const text = 'x'.repeat(100_000);
    const query = `# ${text}\nquery ($e: String!) { __type(name: $e) { name } }`;
    expect(await gateway.graphql(query, { e: text })).toEqual({ __type: null });
  });
});
