import { beforeEach, describe, expect, test } from 'vitest';
import { forFile } from '../../support/for-file.ts';
import type { Seen } from '../../support/hasura/recorder.ts';
import { openRecordedStage } from './frontend.ts';

// What Hasura sends to the gateway beside the operation: the session, the secret, and what is left of a client's headers.

const stage = forFile(() => openRecordedStage());
beforeEach(() => {
  stage.recorder.seen.length = 0;
});

const OF_ANY_CALL = [
  ...['accept-encoding', 'connection', 'content-length', 'content-type', 'host', 'user-agent'],
];

/** The headers without those of the trace: a real engine sends them with every call. */
const withoutTrace = (headers: Seen['headers'] = {}): Seen['headers'] =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('x-b3-')));

describe('the requests', () => {
  test('for introspection carry the secret and the role admin, and no header of a client', async () => {
    await stage.engine.reloadMetadata();
    expect(stage.recorder.seen.map(({ path }) => path)).toEqual(['/graphql']);
    const headers = withoutTrace(stage.recorder.seen[0]?.headers);
    expect(Object.keys(headers).sort()).toEqual(
      [...OF_ANY_CALL, 'x-hasura-gateway-secret', 'x-hasura-role'].sort(),
    );
    expect(headers['x-hasura-role']).toBe('admin');
  });

  test('carry the session, the secret and what is left of the client’s headers', async () => {
    await stage
      .anonymous({
        ...{
          origin: 'https://app.example.com',
          'user-agent': 'Firefox',
          cookie: 'a=b',
          referer: 'x',
          dnt: '1',
        },
        ...{ 'x-forwarded-for': '203.0.113.7', 'x-hasura-user-id': 'spoofed', 'x-hasura-role': 'admin' },
        ...{ 'x-hasura-gateway-secret': 'guessed', 'accept-language': 'en', 'x-request-id': 'mine' },
      })
      .run('{ authConfig { signup } }');
    const { connection, 'content-length': _, ...headers } = withoutTrace(stage.recorder.seen[0]?.headers);
    expect(headers).toEqual({
      'accept-encoding': 'gzip',
      'content-type': 'application/json',
      'user-agent': 'hasura-graphql-engine/v2.49.2',
      host: expect.stringMatching(new RegExp(`:${new URL(stage.recorder.url).port}$`)),
      'x-forwarded-host': new URL(stage.engine.url).host,
      'x-forwarded-user-agent': 'Firefox',
      'x-forwarded-origin': 'https://app.example.com',
      'x-forwarded-for': '203.0.113.7',
      'x-request-id': 'mine',
      'x-hasura-role': 'anonymous',
      'x-hasura-user-id': 'spoofed',
      'x-hasura-gateway-secret': stage.gateway.secret,
      cookie: 'a=b',
      // What this client's runtime adds.
      'sec-fetch-mode': 'cors',
    });
  });

  test('a copy of a header that the client sent itself goes on as it came', async () => {
    const copies = {
      'x-forwarded-host': 'their.example',
      'x-forwarded-user-agent': 'Their Browser',
      'x-forwarded-origin': 'https://their.example',
    };
    const page = stage.anonymous({ origin: 'https://app.example.com', 'user-agent': 'Firefox', ...copies });
    await page.run('{ authConfig { signup } }');
    expect(stage.recorder.seen.map(({ headers }) => headers)).toEqual([expect.objectContaining(copies)]);
  });

  test('an action’s has its envelope and no header of the client', async () => {
    const document = 'mutation Key { generateJwk { success } }';
    await stage.console().run(document);
    const [{ path, headers, body }] = stage.recorder.seen as [Seen];
    expect({ path, body }).toEqual({
      path: '/hasura/actions/generateJwk',
      body: {
        action: { name: 'generateJwk' },
        input: {},
        session_variables: { 'x-hasura-role': 'admin' },
        request_query: document,
      },
    });
    expect(Object.keys(withoutTrace(headers)).sort()).toEqual(
      [...OF_ANY_CALL, 'x-hasura-gateway-secret'].sort(),
    );
  });
});
