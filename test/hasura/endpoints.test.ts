import { describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { startGateway } from '../support/gateway.ts';

const gateway = forFile(() => startGateway());

const secret = () => ({ 'x-hasura-gateway-secret': gateway.secret });
/** An action's request as Hasura sends it. */
const actionBody = (name: string, role = 'admin') => ({
  action: { name },
  input: {},
  session_variables: { 'x-hasura-role': role },
  request_query: `mutation { ${name} { success } }`,
});
const keys = async () => (await gateway.sql`select id from portcullis.jwks`).length;

const ACTIONS = ['assignRoles', 'generateJwk', 'refreshEns'];
const CRONS = ['prune', 'refresh-ens'];
const actionError = (code: string, message: string) => ({
  message,
  code,
  extensions: { code, attribute: null },
});
const DENIED = 'You do not have permission to perform this action.';
const WRONG = 'The x-hasura-gateway-secret header is wrong.';

describe.each(ACTIONS)('the action %s', (name) => {
  const path = `/hasura/actions/${name}`;

  test('answers 403 permission_denied without the secret, for every method and body', async () => {
    const before = await keys();
    for (const authorization of ['', gateway.secret, `Bearer ${gateway.secret}`])
      expect(await gateway.post(path, actionBody(name), { authorization })).toMatchObject({
        status: 403,
        body: actionError('permission_denied', DENIED),
      });
    expect(await gateway.post(path, actionBody(name), { 'x-hasura-gateway-secret': 'wrong' })).toMatchObject({
      status: 403,
      body: actionError('permission_denied', WRONG),
    });
    expect(await gateway.post(path, 'rubbish')).toMatchObject({ status: 403 });
    for (const method of ['GET', 'PUT', 'DELETE', 'HEAD'])
      expect((await fetch(gateway.url + path, { method })).status).toBe(403);
    expect(await keys()).toBe(before);
  });

  test('answers 403 permission_denied to every role but admin, in the form that Hasura forwards', async () => {
    const before = await keys();
    for (const role of ['user', 'anonymous', 'ADMIN', '', 'admin,user']) {
      const { status, body } = await gateway.post(path, actionBody(name, role), secret());
      expect({ status, body }).toEqual({ status: 403, body: actionError('permission_denied', DENIED) });
    }
    for (const session_variables of [undefined, null, 'admin', [], ['admin'], { 'x-hasura-role': ['admin'] }])
      expect(await gateway.post(path, { session_variables }, secret())).toMatchObject({ status: 403 });
    // Clients can set headers, so only the role in the body counts.
    expect(
      await gateway.post(path, actionBody(name, 'user'), { ...secret(), 'x-hasura-role': 'admin' }),
    ).toMatchObject({ status: 403 });
    expect(await keys()).toBe(before);
  });

  test.each([
    ['half of a document', '{"session_variables":', 400, 'invalid_json'],
    ['an empty body', '', 400, 'invalid_json'],
    ['null', 'null', 400, 'invalid_json'],
    ['a list', '[]', 400, 'invalid_json'],
    ['an empty object', '{}', 403, 'permission_denied'],
    ['a body of 1.1 MB', `{"x":"${'x'.repeat(1_100_000)}"}`, 413, 'payload_too_large'],
  ])('answers %s with a 4xx status and a JSON error', async (_what, body, status, code) => {
    const answer = await gateway.post(path, body, secret());
    expect(answer).toMatchObject({
      status,
      body: { code, message: expect.any(String), extensions: { code } },
    });
  });

  test('answers a form with 415 unsupported_media_type in JSON', async () => {
    const headers = { ...secret(), 'content-type': 'application/x-www-form-urlencoded' };
    expect(await gateway.post(path, 'a=b', headers)).toMatchObject({
      status: 415,
      body: { extensions: { code: 'unsupported_media_type' } },
    });
  });

  test('answers a GET that has the secret with 405 method_not_allowed and Allow: POST', async () => {
    const answer = await fetch(gateway.url + path, { headers: secret() });
    expect({ status: answer.status, allow: answer.headers.get('allow'), body: await answer.json() }).toEqual({
      status: 405,
      allow: 'POST',
      body: actionError('method_not_allowed', "HTTP method 'GET' is not allowed for this endpoint."),
    });
  });
});

describe('the answers of actions', () => {
  test('generateJwk returns the fields of its output type', async () => {
    const before = await keys();
    const { status, body } = await gateway.post(
      '/hasura/actions/generateJwk',
      actionBody('generateJwk'),
      secret(),
    );
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        success: true,
        id: expect.stringMatching(/^jwk_[0-9a-f]{32}$/),
        expiresAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      },
    });
    expect(await keys()).toBe(before + 1);
  });

  test('refreshEns answers 400 ens_not_configured, since Hasura discards the body of a 5xx', async () => {
    const { status, body } = await gateway.post(
      '/hasura/actions/refreshEns',
      actionBody('refreshEns'),
      secret(),
    );
    expect({ status, body }).toEqual({
      status: 400,
      body: {
        message: 'ENS is not configured: set ENS_RPC_URLS.',
        code: 'ens_not_configured',
        extensions: { code: 'ens_not_configured', attribute: null, requestId: expect.any(String) },
      },
    });
  });

  test('an unexpected error answers 400 internal_error and is logged under the request id of the answer', async () => {
    await gateway.sql`alter table portcullis.jwks rename to hidden`;
    try {
      const answer = await gateway.post('/hasura/actions/generateJwk', actionBody('generateJwk'), {
        ...secret(),
        'x-request-id': 'from-hasura-1',
      });
      expect(answer).toMatchObject({ status: 400 });
      expect(answer.body).toEqual({
        message: 'Unexpected error.',
        code: 'internal_error',
        extensions: { code: 'internal_error', attribute: null, requestId: 'from-hasura-1' },
      });
      expect(gateway.logged()).toMatch(/"requestId":"from-hasura-1".*"code":"42P01"/);
    } finally {
      await gateway.sql`alter table portcullis.hidden rename to jwks`;
    }
  });

  test.each(['login', 'toString', 'generateJwk/x', 'a%2Fb', ''])(
    'an unknown action "%s" answers 404 not_found in the form that Hasura forwards',
    async (name) => {
      const path = `/hasura/actions/${name}`;
      for (const method of ['GET', 'POST', 'PUT']) {
        const body = method === 'GET' ? null : '{}';
        const answer = await fetch(gateway.url + path, { method, body, headers: secret() });
        expect({ status: answer.status, body: await answer.json() }).toEqual({
          status: 404,
          body: actionError('not_found', 'This action does not exist.'),
        });
      }
    },
  );

  test('an unknown action answers 403 permission_denied without the secret', async () => {
    const path = '/hasura/actions/login';
    expect(await gateway.post(path, actionBody('login'))).toMatchObject({
      status: 403,
      body: actionError('permission_denied', DENIED),
    });
    expect(await gateway.post(path, '{}', { 'x-hasura-gateway-secret': 'wrong' })).toMatchObject({
      status: 403,
      body: actionError('permission_denied', WRONG),
    });
  });
});

describe.each(CRONS)('the cron trigger %s', (name) => {
  const path = `/hasura/cron/${name}`;

  test('answers 403 permission_denied without the secret, and 405 to a GET that has the secret', async () => {
    expect(await gateway.post(path, {})).toMatchObject({ status: 403, body: { code: 'permission_denied' } });
    expect(await gateway.post(path, {}, { 'x-hasura-gateway-secret': 'wrong' })).toMatchObject({
      status: 403,
    });
    expect((await fetch(gateway.url + path)).status).toBe(403);
    expect((await fetch(gateway.url + path, { headers: secret() })).status).toBe(405);
  });
});

describe('cron triggers', () => {
  test('eight concurrent calls of prune answer 200 and leave one new key', async () => {
    await gateway.sql`update portcullis.jwks set expires_at = now() - interval '2 days'`;
    await gateway.sql`insert into portcullis_private.rate_limits (key, count, resets_at)
      values ('old', 1, now() - interval '1 second'), ('new', 1, now() + interval '1 minute')`;
    const event = {
      id: 'x',
      name: 'prune',
      scheduled_time: '2026-11-22T00:00:00Z',
      payload: null,
      comment: null,
    };
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => gateway.post('/hasura/cron/prune', event, secret())),
    );
    for (const { status, body } of answers)
      expect({ status, body }).toEqual({ status: 200, body: { success: true } });
    // Prune deleted the long-expired keys and made one successor.
    const left = await gateway.sql`select expires_at > now() as good from portcullis.jwks`;
    expect(left).toEqual([{ good: true }]);
    expect(await gateway.sql`select key from portcullis_private.rate_limits`).toEqual([{ key: 'new' }]);
    expect(await gateway.post('/hasura/cron/prune', undefined, secret())).toMatchObject({ status: 200 });
    expect(await keys()).toBe(1);
  });

  test('refresh-ens answers 502 ens_unreachable when the lookup fails, so that Hasura retries', async () => {
    const unlucky = await startGateway({ env: { ENS_RPC_URLS: 'http://127.0.0.1:1' } });
    const secrets = { 'x-hasura-gateway-secret': unlucky.secret };
    expect(await unlucky.post('/hasura/cron/refresh-ens', {}, secrets)).toMatchObject({
      status: 502,
      body: { code: 'ens_unreachable' },
    });
    await unlucky.close();
  });

  test('refresh-ens answers 200 when ENS is not configured', async () => {
    expect(await gateway.post('/hasura/cron/refresh-ens', {}, secret())).toMatchObject({ status: 200 });
  });
});
