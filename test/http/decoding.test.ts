import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newPerson, signUp, startGateway, type TestGateway } from '../support/gateway.ts';
import { errorOf, type RawAnswer, rawRequest, sendRaw } from '../support/raw-http.ts';

// The gateway refuses malformed UTF-8 instead of repairing it, so that different bytes never become the same text.

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ env: { RATE_LIMITS: 'off' } });
});
afterAll(() => gateway.close());

/** Bytes that no UTF-8 text has, as Latin-1: stray, overlong, cut off, half of a surrogate pair. */
const BROKEN = ['\xff', '\xc0\xaf', '\xe2\x82', '\xed\xa0\x80'];
const FORM = 'application/x-www-form-urlencoded';
const HASURA = () => [`x-hasura-gateway-secret: ${gateway.secret}`];

type Sent = { method?: string; body?: string; contentType?: string; headers?: readonly string[] };
const send = (target: string, { method = 'POST', headers = [], ...sent }: Sent): Promise<RawAnswer> =>
  sendRaw(gateway.url, rawRequest({ method, target, headers: ['host: localhost', ...headers], ...sent }));

/** One path of each dialect that reads a JSON body. */
const JSON_PATHS = ['/graphql', '/api/login', '/api/v1/login', '/hasura/actions/generateJwk'];
const headersOf = (path: string) => (path.startsWith('/hasura/') ? HASURA() : []);
const bodyOf = (path: string, text: string) =>
  path === '/graphql'
    ? `{"query":"{ __typename }","variables":{"unused":"${text}"}}`
    : `{"email":"${text}@example.com","password":"${text}","session_variables":{"x-hasura-role":"user"}}`;

describe.each(JSON_PATHS)('a body of %s', (path) => {
  const post = (body: string, sent: Sent = {}) => send(path, { body, headers: headersOf(path), ...sent });

  test.each(BROKEN)('that is not UTF-8 answers 400 invalid_json: %o', async (bytes) => {
    const answer = await post(bodyOf(path, bytes));
    expect(answer.status).toBe(400);
    expect(errorOf(answer)).toMatchObject({
      code: 'invalid_json',
      message: 'The request body is not UTF-8.',
    });
  });

  test('in UTF-16 answers 400', async () => {
    const answer = await post(Buffer.from(bodyOf(path, 'x'), 'utf16le').toString('latin1'));
    expect(answer.status).toBe(400);
  });

  test('may begin with a byte order mark', async () => {
    const body = bodyOf(path, 'x');
    const [plain, marked] = [await post(body), await post(`\xef\xbb\xbf${body}`)];
    expect({ status: marked.status, body: marked.body }).toEqual({ status: plain.status, body: plain.body });
  });

  test.each([
    'application/json; charset=iso-8859-1',
    'application/json;charset="utf-16"',
    'application/json; charset=us-ascii',
    'application/json; x=y; Charset=LATIN1',
    'application/json; charset=',
  ])('with the type %s answers 415 unsupported_media_type', async (contentType) => {
    const answer = await post(bodyOf(path, 'x'), { contentType });
    expect(answer.status).toBe(415);
    expect(errorOf(answer)).toMatchObject({
      code: 'unsupported_media_type',
      message: 'Send the request body in UTF-8.',
    });
    expect(answer.head).not.toContain('accept-encoding:');
  });

  test.each([
    'application/json; charset=utf-8',
    'application/json;charset=UTF-8',
    'application/json; charset="Utf-8"',
    'application/json ; charset=utf8 ; x=y',
    'application/json',
  ])('with the type %s is read', async (contentType) => {
    const [plain, said] = [await post(bodyOf(path, 'x')), await post(bodyOf(path, 'x'), { contentType })];
    expect(said.status).toBe(plain.status);
  });

  test.each(['gzip', 'br', 'deflate', 'GZIP', 'gzip, identity', 'x-unknown'])(
    'with the content encoding %s answers 415 and Accept-Encoding: identity',
    async (coding) => {
      const body = gzipSync(bodyOf(path, 'x')).toString('latin1');
      const answer = await post(body, { headers: [...headersOf(path), `content-encoding: ${coding}`] });
      expect(answer.status).toBe(415);
      expect(errorOf(answer).code).toBe('unsupported_media_type');
      expect(answer.head).toMatch(/^accept-encoding: identity$/m);
    },
  );

  test('with a transfer coding other than chunked answers 415 unsupported_media_type', async () => {
    const [start, end] = [`POST ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n`, '\r\n\r\n'];
    const headers = [
      ...headersOf(path),
      'content-type: application/json',
      'transfer-encoding: gzip, chunked',
    ];
    const answer = await sendRaw(gateway.url, `${start}${headers.join('\r\n')}${end}2\r\n{}\r\n0\r\n\r\n`);
    expect(answer.status).toBe(415);
    expect(errorOf(answer).code).toBe('unsupported_media_type');
  });

  test('with the content encoding identity is read', async () => {
    const headers = [...headersOf(path), 'content-encoding: identity'];
    const [plain, said] = [await post(bodyOf(path, 'x')), await post(bodyOf(path, 'x'), { headers })];
    expect(said.status).toBe(plain.status);
  });
});

describe('the form of a mailed page', () => {
  const post = (body: string, contentType = FORM, headers: string[] = []) =>
    send('/mail/reset-password/pot_x', { body, contentType, headers });

  test.each([
    ...BROKEN.map((bytes) => `new_password=12345678${bytes}`),
    'new_password=%ff2345678&repeat=%ff2345678',
    'new_password=%ed%a0%80&repeat=%ed%a0%80',
    'new_password=%zz',
    '%ff=1',
  ])('with bytes that are not UTF-8 answers 400: %o', async (body) => {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(answer.body).toContain('<h1>That did not work</h1>');
  });

  test('with valid UTF-8 is read', async () => {
    for (const body of ['new_password=p%C3%A4ss+w%C3%B6rd&repeat=x', 'new_password=1&&=&x', ''])
      expect((await post(body)).status).toBe(410); // the token is made up
    expect((await post('a=b', `${FORM};charset=UTF-8`)).status).toBe(410);
  });

  test('answers 415 in another charset or content encoding', async () => {
    expect((await post('a=b', `${FORM}; charset=latin1`)).status).toBe(415);
    const encoded = await post('a=b', FORM, ['content-encoding: gzip']);
    expect(encoded.status).toBe(415);
    expect(encoded.head).toMatch(/^accept-encoding: identity$/m);
  });
});

describe('a query', () => {
  test('with invalid UTF-8 answers invalid_request at a path that reads the query', async () => {
    const { accessToken } = await signUp(gateway);
    const ask = (query: string) =>
      send(`/api/resend-email-verification?${query}`, {
        method: 'GET',
        headers: [`authorization: Bearer ${accessToken}`],
      });
    for (const query of ['capcha=%ff', 'capcha=%', 'x=%ed%a0%80&capcha=a'])
      expect(errorOf(await ask(query))).toMatchObject({ code: 'invalid_request' });
    expect((await ask('capcha=a%20b+c%C3%A4')).status).toBe(200);
  });
});

describe('a header', () => {
  const login = (headers: string[]) => {
    const body = JSON.stringify({ email: newPerson().email, password: 'wrong password' });
    return send('/api/login', { body, headers });
  };
  const lastUserAgent = async () => {
    const [event] = await gateway.sql`
      select user_agent from portcullis.security_events order by created_at desc limit 1`;
    return event?.user_agent as unknown;
  };

  test('that the gateway stores is read as UTF-8', async () => {
    await login(['user-agent: Z\xc3\xbcrich/1 \xe2\x82\xac']);
    expect(await lastUserAgent()).toBe('Zürich/1 €');
    await login([...HASURA(), 'x-forwarded-user-agent: Z\xc3\xbcrich/2']);
    expect(await lastUserAgent()).toBe('Zürich/2');
  });

  test.each(BROKEN)(
    'that the gateway reads answers 400 invalid_request with invalid UTF-8: %o',
    async (bytes) => {
      const agent = await login([`user-agent: Mozilla/5.0 ${bytes}`]);
      expect(agent.status).toBe(400);
      expect(errorOf(agent)).toEqual({
        code: 'invalid_request',
        message: 'The header user-agent is not UTF-8.',
        attribute: null,
      });
      const body = '{"query":"{ me { id } }"}';
      const token = await send('/graphql', { body, headers: [`authorization: Bearer ${bytes}`] });
      expect(errorOf(token).code).toBe('invalid_request');
      for (const path of ['/graphql', '/hasura/actions/generateJwk', '/hasura/cron/prune']) {
        const secret = await send(path, { body, headers: [`x-hasura-gateway-secret: ${bytes}`] });
        expect(errorOf(secret).code).toBe('invalid_request');
      }
      const internal = await send('/api/_ens', { headers: [`authorization: ${bytes}`] });
      expect(errorOf(internal).code).toBe('invalid_request');
    },
  );

  test('that the gateway does not read may contain any bytes', async () => {
    const answer = await send('/api/login', {
      body: '{"email":"a@example.com","password":"wrong password"}',
      headers: ['x-city: Z\xfcrich', 'cookie: theme=\xff', 'authorization: \xff'],
    });
    expect(errorOf(answer).code).toBe('invalid_credentials');
  });
});
