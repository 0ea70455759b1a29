import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { signUp, startGateway, type TestGateway } from '../../support/gateway.ts';
import { type Engine, startEngine } from '../../support/hasura/engine.ts';
import type { TrackedTable } from '../../support/hasura/metadata.ts';
import { AWAY, type Recorder, startRecorder } from '../../support/hasura/recorder.ts';
import { type Frontend, frontend } from './frontend.ts';

// What a join sends and takes, to the letter. These relationships are added here, beside the one that is shipped.

const joiningBy = (column: string): NonNullable<TrackedTable['remote_relationships']> => [
  {
    name: 'at_gateway',
    definition: {
      to_remote_schema: {
        remote_schema: 'portcullis',
        lhs_fields: [column],
        remote_field: { emailExists: { arguments: { email: `$${column}` } } },
      },
    },
  },
];

describe('on the wire', () => {
  let gateway: TestGateway;
  let recorder: Recorder;
  let engine: Engine;
  let admin: Frontend;
  beforeAll(async () => {
    gateway = await startGateway();
    recorder = await startRecorder(gateway.url);
    engine = await startEngine({
      gateway: { url: recorder.url, secret: gateway.secret },
      databaseUrl: gateway.databaseUrl,
      spoil({ tables }) {
        const columns: Record<string, string> = { cache: 'value', users: 'email', sessions: 'user_agent' };
        for (const tracked of tables) {
          const column = columns[tracked.table.name];
          if (column !== undefined) tracked.remote_relationships = joiningBy(column);
        }
      },
    });
    admin = frontend(engine.url, { 'x-hasura-admin-secret': engine.adminSecret });
    await gateway.sql`insert into portcullis.cache (key, value) values ('a', 'x@example.com'), ('b', 'y@example.com'),
      ('c', 'x@example.com')`;
  });
  afterAll(async () => {
    await engine.close();
    await recorder.close();
    await gateway.close();
  });
  beforeEach(() => {
    recorder.script(null);
    recorder.seen.length = 0;
  });
  const ROWS = 'query Rows { portcullis_cache(order_by: { key: asc }) { key at_gateway } }';

  test('one unnamed query asks for each distinct key once, counted from nought', async () => {
    expect(await admin.run(ROWS)).toEqual({
      portcullis_cache: ['a', 'b', 'c'].map((key) => ({ key, at_gateway: false })),
    });
    expect(recorder.seen.map(({ body }) => body)).toEqual([
      {
        query: '{\n  f0: emailExists(email: "x@example.com")\n  f1: emailExists(email: "y@example.com")\n}',
      },
    ]);
    expect(recorder.seen[0]?.headers).toMatchObject({
      'x-hasura-role': 'admin',
      'x-hasura-gateway-secret': gateway.secret,
    });
  });

  test('the same twice is asked for once, in every root field anew', async () => {
    const twice =
      '{ p: portcullis_cache { a: at_gateway b: at_gateway } q: portcullis_cache(limit: 1) { at_gateway } }';
    await admin.run(twice);
    expect(recorder.seen.map(({ body }) => String(body.query).match(/f\d/g))).toEqual([['f0', 'f1'], ['f0']]);
  });

  test('a row without a key has null, and nobody is asked', async () => {
    const { user } = await signUp(gateway);
    await gateway.sql`update portcullis.sessions set user_agent = null where user_id = ${user.id}`;
    const query =
      'query ($id: uuid!) { portcullis_sessions(where: { user_id: { _eq: $id } }) { at_gateway } }';
    recorder.seen.length = 0;
    expect(await admin.run(query, { id: user.id })).toEqual({ portcullis_sessions: [{ at_gateway: null }] });
    expect(recorder.seen).toEqual([]);
  });

  test('what a mutation returns is joined by a query, through other rows too', async () => {
    const { user } = await signUp(gateway);
    const change = `mutation Rename($id: uuid!) {
      update_portcullis_users(where: { id: { _eq: $id } }, _set: { name: "New" }) {
        affected_rows
        changed: returning { name at_gateway memberships { user { at_gateway } } }
      }
    }`;
    recorder.seen.length = 0;
    expect(await admin.run(change, { id: user.id })).toMatchObject({
      update_portcullis_users: { affected_rows: 1, changed: [{ name: 'New', at_gateway: true }] },
    });
    expect(recorder.seen.map(({ body }) => body.query)).toEqual([
      `{\n  f0: emailExists(email: ${JSON.stringify(user.email)})\n}`,
    ]);
  });

  test('no rows make no request', async () => {
    expect(await admin.run('{ portcullis_cache(where: { key: { _eq: "z" } }) { at_gateway } }')).toEqual({
      portcullis_cache: [],
    });
    expect(recorder.seen).toEqual([]);
  });

  test.each([
    ['no JSON', 'Bad Gateway', /^Remote server response is not valid JSON: /],
    ['no object', '[]', /^expecting ordered object$/],
    ['no data', '{}', /^"data" field not found in remote response$/],
    ['data that is null', '{"data":null}', /^expecting ordered object$/],
    ['a key that is missing', '{"data":{"f0":true}}', /^failed to lookup key 'f1' in response$/],
    ['errors', '{"data":{"f0":true,"f1":true},"errors":[{"message":"No."}]}', /^Errors from remote server$/],
    ['errors that are empty', '{"data":{"f0":true,"f1":true},"errors":[]}', /^Errors from remote server$/],
  ])('%s is an error', async (_what, text, message) => {
    recorder.script({ text, headers: { 'set-cookie': 'a=b' } });
    expect(await admin.raw(ROWS)).toEqual({
      errors: [{ message: expect.stringMatching(message), extensions: { path: '$', code: 'unexpected' } }],
      cookies: [],
    });
  });

  test('errors that are null are none, whatever the status; cookies of it get lost', async () => {
    const text = '{"data":{"f0":true,"f1":null},"errors":null}';
    recorder.script({ status: 500, text, headers: { 'set-cookie': 'a=b' } });
    expect(await admin.raw(ROWS)).toEqual({
      data: {
        portcullis_cache: [
          { key: 'a', at_gateway: true },
          { key: 'b', at_gateway: null },
          { key: 'c', at_gateway: true },
        ],
      },
      cookies: [],
    });
  });

  test('nobody who answers is an error of the remote schema', async () => {
    recorder.script(AWAY);
    expect(await admin.refused(ROWS)).toEqual([
      {
        message: 'HTTP exception occurred while sending the request to "PORTCULLIS_GRAPHQL_URL"',
        extensions: { path: '$', code: 'remote-schema-error' },
      },
    ]);
  });
});
