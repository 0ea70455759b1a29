import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { LOGIN, newPerson, SIGNUP, startGateway } from '../support/gateway.ts';
import { fill, HURTING, MIXED, spell, UNITS } from '../support/hurting-texts.ts';
import { type ProbedGateway, startProbedGateway } from '../support/probed-gateway.ts';
import { type RawAnswer, rawRequest, sendRaw } from '../support/raw-http.ts';
import { type TextArgument, textArguments } from '../support/text-arguments.ts';
import { EXCUSES } from './regexp-excuses.ts';

// No regular expression may run on text of a length that a client chooses. A probe in the gateway's process finds those that
// do, in our code and in libraries. The tests send to each input the longest text that it accepts.

const SECRET = 's'.repeat(40);
/** How many bytes fit into a body, a head and a token. */
const [BODY, HEAD, TOKEN] = [1_000_000, 12_000, 4000];

let database: TestDatabase;
let gateway: ProbedGateway;
let texts: TextArgument[];
beforeAll(async () => {
  database = await createTestDatabase();
  const described = await startGateway();
  texts = await textArguments(described);
  await described.close();
  const env = {
    ...{ DATABASE_URL: database.url, INTERNAL_ENDPOINTS_SECRET: SECRET, LOG_LEVEL: 'debug' },
    ...{ KEY_ENCRYPTION_KEYS: Buffer.alloc(32, 1).toString('base64'), RATE_LIMITS: 'off' },
    ...{ REFRESH_COOKIE: 'lax', CORS_ORIGINS: 'https://app.example.com', SWAGGER: 'on' },
    ...{ TRUSTED_PROXIES: 'loopback,hasura', HOUSEKEEPING_SECONDS: '86400' },
  };
  gateway = await startProbedGateway(env, EXCUSES);
});
afterAll(async () => {
  await gateway.end();
  await database.drop();
});
afterEach(async () => expect(await gateway.findings()).toEqual([]));

const FORM = 'application/x-www-form-urlencoded';
const asHasura = [`x-hasura-gateway-secret: ${SECRET}`];
type Sent = Parameters<typeof rawRequest>[0];
const send = ({ headers = [], ...sent }: Sent): Promise<RawAnswer> =>
  sendRaw(gateway.url, rawRequest({ headers: ['host: localhost', ...headers], ...sent }));
const post = (target: string, json: unknown, headers: readonly string[] = []) =>
  send({ method: 'POST', target, body: spell(JSON.stringify(json)), headers });
const graphql = (query: string, variables: unknown = {}, headers: readonly string[] = []) =>
  post('/graphql', { query, variables }, headers);

const quoted = (text: string) => JSON.stringify(text);
const block = (text: string) => `"""${text.replaceAll('"""', '"" ').replaceAll('\\', '/')} """`;
const word = (text: string) => text.replaceAll(/\W/g, 'x');
const login = (rest: string) =>
  `mutation { login(input: { email: "a", password: "b" ${rest} }) { accessToken } }`;

describe('long text in a GraphQL document', () => {
  test.each<[string, (text: string) => string]>([
    ['the whole document', (text) => text],
    ['a comment', (text) => `#${text.replaceAll(/[\r\n]/g, ' ')}\n{ me(x: 1) { id } }`],
    ['a name', (text) => `{ ${word(text)} }`],
    ['the name of a variable', (text) => `query ($${word(text)}: Int) { __typename }`],
    ['a string', (text) => `{ emailExists(email: ${quoted(text)}) }`],
    ['a block', (text) => `{ emailExists(email: ${block(text)}) }`],
    ['an unterminated string', (text) => `{ emailExists(email: ${quoted(text).slice(0, -1)}`],
    ['a string for a boolean', (text) => login(`cookie: ${quoted(text)}`)],
    ['a block for a boolean', (text) => login(`cookie: ${block(text)}`)],
    ['a list for a text', (text) => login(`password: [${quoted(text)}]`)],
    ['an enum value', (text) => `mutation { logout(input: { scope: ${word(text)} }) { sessionsEnded } }`],
    ['lines before many errors', (text) => `${text.replaceAll(/\S/g, '\n')}{ ${'x '.repeat(150)} }`],
    ['many strings', (text) => `{ ${`a: me(x: ${quoted(text.slice(0, 1000))}) `.repeat(100)} }`],
  ])('no regular expression runs on %s', async (_what, document) => {
    for (const unit of HURTING) await graphql(document(fill(unit, BODY / 3))); // enough to hang
    await graphql(document(fill(MIXED, BODY)));
    await graphql(document(fill(MIXED, BODY)), {}, asHasura);
  });
});

describe('long text beside a GraphQL document', () => {
  test('no regular expression runs on other parameters of the request', async () => {
    const [query, long] = ['{ __typename }', fill(MIXED, BODY)];
    for (const name of ['operationName', 'extensions', 'variables', long])
      for (const value of [long, { x: long }, { [long]: 1 }])
        await post('/graphql', { query, [name]: name === long ? 1 : value });
  });

  test('no regular expression runs on any text argument of the schema', async () => {
    const text = spell(JSON.stringify(fill(MIXED, BODY))).slice(1, -1);
    expect(texts.length).toBeGreaterThan(40);
    for (const { document, variables } of texts) {
      const body = `{"query":${quoted(document)},"variables":${variables(text)}}`;
      await send({ method: 'POST', target: '/graphql', body });
    }
  });

  test('no regular expression runs on values of another type or on unknown names', async () => {
    const long = fill(MIXED, BODY);
    const inputs = [{ email: 'a', password: 'b', cookie: long }, { email: [long] }, { [long]: 1 }, long];
    for (const headers of [[], asHasura])
      for (const input of inputs) await graphql(LOGIN, { input }, headers);
  });

  test('no regular expression runs on long names and user agents for mails', async () => {
    for (const unit of [...UNITS.slice(0, 4), MIXED]) {
      const name = `a${[...unit.repeat(255)].slice(0, 253).join('')}b`;
      const person = newPerson({ name, teamName: name });
      const headers = [`user-agent: ${`${unit.trim()} Version/1.`.repeat(500).slice(0, HEAD)}`];
      await graphql(SIGNUP, { input: person });
      const { email, password } = person;
      await graphql(
        LOGIN,
        { input: { email, password } },
        spell(headers[0] ?? '') === headers[0] ? headers : [],
      );
    }
    await expect.poll(() => gateway.output()).toMatch(/Completed task/);
  });
});

describe('long text in an HTTP body', () => {
  test('no regular expression runs on any attribute of any endpoint', async () => {
    const { paths } = (await (await fetch(`${gateway.url}/openapi.json`)).json()) as {
      paths: Record<string, { post?: { requestBody?: { content: Record<string, { schema: object }> } } }>;
    };
    for (const [path, operations] of Object.entries(paths)) {
      const schema = operations.post?.requestBody?.content['application/json']?.schema ?? {};
      const names = Object.keys((schema as { properties?: object }).properties ?? {});
      const long = fill(MIXED, BODY / Math.max(1, names.length));
      const all = Object.fromEntries(names.map((name) => [name, long]));
      // If one attribute is valid, the endpoint also checks the others.
      for (const sound of ['', ...names]) await post(path, { ...all, [sound]: 'ada@example.com' });
      await post(path, { [fill(MIXED, BODY)]: 1 });
    }
  });

  test('no regular expression runs on the forms of mailed pages', async () => {
    for (const page of ['verify-email', 'change-email', 'reset-password'])
      for (const unit of ['%41', '%', 'a=b&+'])
        for (const bytes of [10_000, BODY]) {
          const body = `new_password=${fill(unit, bytes)}`;
          await send({ method: 'POST', target: `/mail/${page}/pot_x`, body, contentType: FORM });
        }
  });

  test('no regular expression runs on the bodies of actions and cron triggers', async () => {
    const long = fill(MIXED, BODY);
    for (const path of ['/hasura/actions/generateJwk', '/hasura/actions/x', '/hasura/cron/prune'])
      for (const body of [{ session_variables: { 'x-hasura-role': long } }, { [long]: 1 }, long])
        await post(path, body, asHasura);
  });
});

const HEADERS = [
  ...['authorization', 'cookie', 'user-agent', 'x-forwarded-for', 'x-request-id', 'x-hasura-gateway-secret'],
  ...['content-type', 'content-encoding', 'content-length', 'transfer-encoding', 'origin', 'accept', 'host'],
  ...['accept-encoding', 'sec-fetch-site', 'x-forwarded-user-agent', 'x-forwarded-origin', 'connection'],
  'expect',
  ...['x-hasura-role', 'x-hasura-user-id', 'x-hasura-session-id', 'x-hasura-token-kind'],
  'x-hasura-auth-level',
  ...['x-supabase-api-version', 'x-jwt-aud', 'redirect_to', 'referer'],
  ...['x-forwarded-host', 'x-real-ip', 'forwarded', 'via', 'access-control-request-headers'],
];

describe('long text in the head of a request', () => {
  const me = { method: 'POST', target: '/graphql', body: '{"query":"{ me { id } }"}' };
  const of = (query: string): Sent => ({ ...me, body: JSON.stringify({ query }) });
  const requests: Sent[] = [
    ...[me, { ...me, headers: asHasura }, of('mutation { refresh { accessToken } }')],
    ...[of('mutation { logout { sessionsEnded } }'), { ...me, method: 'OPTIONS' }],
    { target: '/graphql', headers: ['accept: text/html', 'accept-encoding: gzip'] },
    { method: 'POST', target: '/api/login', body: '{"email":"ada@example.com","password":"b"}' },
    { target: '/user', headers: ['authorization: Bearer a'] },
    { method: 'POST', target: '/recover', body: '{"email":"ada@example.com"}' },
    ...['/api/refresh', '/api/resend-email-verification', '/health', '/nowhere'].map((target) => ({
      target,
    })),
    { method: 'POST', target: '/api/_delete-jwks' },
    { method: 'POST', target: '/hasura/actions/generateJwk', body: '{}' },
    { method: 'POST', target: '/mail/reset-password/x', body: 'a=b', contentType: FORM },
  ];
  const BEFORE: Record<string, readonly string[]> = {
    authorization: ['', 'Bearer ', `Bearer ${Buffer.from('{"alg":"ES256"}').toString('base64url')}.`],
    cookie: ['portcullis-refresh=', 'a=b; portcullis-refresh='],
    'content-type': ['', 'application/json; charset="'],
  };

  test.each(HEADERS)('no regular expression runs on the header %s', async (name) => {
    for (const sent of requests)
      for (const unit of ['a', ' a,b.c;d="e";bearer 127.0.0.1,::, text/html; \xc3\xa9'])
        for (const before of BEFORE[name] ?? ['']) {
          const value = before + fill(unit, before.includes('.') ? TOKEN : HEAD);
          const others = ['host: localhost', ...(sent.headers ?? [])].filter(
            (line) => !line.startsWith(`${name}:`),
          );
          if (name === 'content-type' && sent.body !== undefined)
            await send({ ...sent, headers: others, contentType: value });
          else await sendRaw(gateway.url, rawRequest({ ...sent, headers: [...others, `${name}: ${value}`] }));
        }
  });

  test('no regular expression runs on the target', async () => {
    const starts = ['/', '//', '/health?', '/graphql/', '/swagger/', '/hasura/actions/', 'http://localhost/'];
    starts.push(
      '/api/verify-email/',
      '/api/exist-email/a@',
      '/mail/verify-email/',
      '/mail/invite/',
      'http://',
    );
    starts.push('/mail/inbox/', '/api/resend-email-verification?capcha=');
    for (const start of starts)
      for (const unit of ['a', '%40%25', '/', '../', '%2e/a.', '&a=+', '%', '%ff', '\\', ':#'])
        await send({ target: start + fill(unit, HEAD) });
  });

  test('the list of headers has every header that the gateway reads', () => {
    // Names of HTTP/2, and a method of Headers objects.
    const known = [...HEADERS, ':authority', ':method', 'get'];
    expect([...gateway.headersRead].filter((name) => !known.includes(name))).toEqual([]);
    expect(gateway.headersRead.size).toBeGreaterThan(15);
  });
});

test('the probe finds the excused expressions', () => {
  expect(gateway.excused.size).toBeGreaterThan(EXCUSES.length / 2);
});

test('the gateway answers /health while it gets long texts, and logs no error', async () => {
  const signs = await gateway.signsOfLife();
  expect(signs.length).toBeGreaterThan(20);
  expect(signs.filter((sign) => sign.status === 'rejected' || sign.value !== 200)).toEqual([]);
  expect(gateway.output()).not.toMatch(/"level":"(?:error|fatal)"/);
});
