import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../support/hasura/engine.ts';
import { type RecordedHasura, startRecordedHasura } from '../../support/hasura/recorded.ts';
import type { Recorder } from '../../support/hasura/recorder.ts';
import { frontend } from './frontend.ts';

// What Hasura makes of the answers of the gateway, and of somebody else in its place.

let hasura: RecordedHasura;
let recorder: Recorder;
let engine: Engine;
beforeAll(async () => {
  hasura = await startRecordedHasura();
  ({ recorder, engine } = hasura);
});
afterAll(() => hasura.close());
afterEach(() => hasura.reset());

const anonymous = () => frontend(engine.url, {});
const admin = () => frontend(engine.url, { 'x-hasura-admin-secret': engine.adminSecret });
const KEY = '{ "success": true, "id": "x", "expiresAt": "2027-01-01T00:00:00Z" }';
const GENERATE = 'mutation { generateJwk { success id } }';
const refused = (message: string, extensions: object = { path: '$', code: 'unexpected' }) => ({
  errors: [{ message, extensions }],
});

describe('the answers of the remote schema', () => {
  const hasura = (message: string) => ({
    errors: [{ message, extensions: { path: '$', code: 'remote-schema-error' } }],
  });
  test.each([
    ['errors that are empty lose the data', '{"data":{"me":null},"errors":[]}', { data: null, errors: [] }],
    ['errors go on as they are', '{"data":{"me":null},"errors":["x"]}', { data: null, errors: ['x'] }],
    [
      'errors that are null are none of GraphQL',
      '{"data":{"me":null},"errors":null}',
      hasura('Invalid "errors" field in response from remote'),
    ],
    ['data that is missing', '{}', hasura('Missing "data" field in response from remote')],
    ['a root field that is missing', '{"data":{}}', hasura('expecting key me')],
    ['no JSON', 'Bad Gateway', hasura(expect.stringContaining('JSON'))],
    ['no object', '[]', hasura('expecting ordered object')],
    ['data that is null', '{"data":null}', hasura('expecting ordered object')],
    [
      'extensions beside the data get lost',
      '{"data":{"me":null},"extensions":{"a":1}}',
      { data: { me: null } },
    ],
    [
      'what does not fit the schema goes on',
      '{"data":{"me":{"id":1,"more":2}}}',
      { data: { me: { id: 1, more: 2 } } },
    ],
  ])('%s', async (_what, text, expected) => {
    for (const status of [200, 403, 500]) {
      recorder.script({ status, text, headers: { 'set-cookie': 'a=b', 'x-other': 'c' } });
      const { cookies, ...answer } = await anonymous().raw('{ me { id } }');
      expect(answer).toEqual(expected);
      expect(cookies).toEqual('errors' in expected ? [] : ['a=b']);
    }
  });
});

test('the answers to several requests in one body set no cookies', async () => {
  const request = { query: '{ me { id } }' };
  const answer = { data: { me: null } };
  const cookiesOf = async (sent: object, expected: object) => {
    recorder.script({ text: JSON.stringify(answer), headers: { 'set-cookie': 'a=b' } });
    const response = await fetch(engine.url, { method: 'POST', body: JSON.stringify(sent) });
    expect(await response.json()).toEqual(expected);
    return response.headers.getSetCookie();
  };
  expect(await cookiesOf(request, answer)).toEqual(['a=b']);
  expect(await cookiesOf([request], [answer])).toEqual([]);
  expect(await cookiesOf([request, request], [answer, answer])).toEqual([]);
});

test('an answer may be zipped', async () => {
  const text = gzipSync('{"data":{"me":{"id":"x"}}}');
  recorder.script({ text, headers: { 'content-encoding': 'gzip' } });
  expect(await anonymous().run('{ me { id } }')).toEqual({ me: { id: 'x' } });
});

describe('the answers of an action', () => {
  test.each([
    ['what its type declares', 200, KEY, { data: { generateJwk: { success: true, id: 'x' } } }],
    [
      'what no type declares',
      200,
      KEY.replace('{', '{ "more": 1,'),
      { data: { generateJwk: { success: true, id: 'x' } } },
    ],
    ['nothing', 204, '', refused('not a valid json response from webhook')],
    ['no JSON', 500, 'oops', refused('not a valid json response from webhook')],
    ['null', 200, 'null', refused('got null for the action webhook response')],
    [
      'a list',
      200,
      '[]',
      refused('got array for the action webhook response, expecting GenerateJwkActionOutput'),
    ],
    [
      'a text',
      200,
      '"x"',
      refused('got scalar String for the action webhook response, expecting GenerateJwkActionOutput'),
    ],
    [
      'a number, which is a String to the engine',
      200,
      '1',
      refused('got scalar String for the action webhook response, expecting GenerateJwkActionOutput'),
    ],
    ['too little', 200, '{}', refused('field "success" expected in webhook response, but not found')],
    [
      'null for a field',
      200,
      KEY.replace('true', 'null'),
      refused('expecting not null value for field "success"'),
    ],
    [
      'a 4xx with extensions',
      409,
      '{"message":"No.","code":"a","extensions":{"code":"b"}}',
      refused('No.', { code: 'b' }),
    ],
    ['a 4xx with a code', 400, '{"message":"No.","code":"a"}', refused('No.', { path: '$', code: 'a' })],
    ['a 4xx with a message', 400, '{"message":"No."}', refused('No.')],
    [
      'a 4xx without a message',
      400,
      '{}',
      refused(
        'parsing Hasura.GraphQL.Execute.Action.Types.ActionWebhookErrorResponse(ActionWebhookErrorResponse) failed, key "message" not found',
        { path: '$', code: 'parse-failed' },
      ),
    ],
    [
      'a 4xx whose message is none',
      400,
      '{"message":1}',
      refused('parsing Text failed, expected String, but encountered Number', {
        path: '$.message',
        code: 'parse-failed',
      }),
    ],
    [
      'a 4xx whose code is none',
      400,
      '{"message":"No.","code":5}',
      refused('parsing Text failed, expected String, but encountered Number', {
        path: '$.code',
        code: 'parse-failed',
      }),
    ],
    ['a 4xx whose code is null', 400, '{"message":"No.","code":null}', refused('No.')],
    ['a 5xx', 500, '{"message":"No.","extensions":{"code":"b"}}', refused('internal error')],
    ['a redirect to nowhere', 302, '{"message":"No."}', refused('internal error')],
  ])('%s', async (_what, status, text, expected) => {
    recorder.script({ status, text: status === 204 ? '' : text });
    const { cookies, ...answer } = await admin().raw(GENERATE);
    expect(answer).toEqual(expected);
    expect(cookies).toEqual([]);
  });
});

test.each([
  ['a scalar', '"x"', {}],
  ['an object', '{"value":"v"}', { addresses: { value: 'v' } }],
  ['a list', '[1,null,{"key":"k","value":"v"}]', { addresses: [null, { value: 'v' }] }],
])('%s where an action declares objects below the top', async (_what, addresses, expected) => {
  const refresh = 'mutation { refreshEns { success addresses { value } } }';
  recorder.script({ text: `{"success":true,"addresses":${addresses}}` });
  expect(await admin().raw(refresh)).toEqual({
    data: { refreshEns: { success: true, ...expected } },
    cookies: [],
  });
});
