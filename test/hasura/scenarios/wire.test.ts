import { beforeEach, describe, expect, test } from 'vitest';
import { forFile } from '../../support/for-file.ts';
import type { Seen } from '../../support/hasura/recorder.ts';
import { openRecordedStage } from './frontend.ts';

// What Hasura sends to the gateway beside the operation: session variables, the secret and forwarded client headers.

const stage = forFile(() => openRecordedStage());
beforeEach(() => {
  stage.recorder.seen.length = 0;
});

const OF_ANY_CALL = [
  ...['accept-encoding', 'connection', 'content-length', 'content-type', 'host', 'user-agent'],
];

/** The headers without trace headers, which a real engine sends with every call. */
const withoutTrace = (headers: Seen['headers'] = {}): Seen['headers'] =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('x-b3-')));

describe('a request of Hasura', () => {
  test('for introspection carries the secret, the role admin and no client header', async () => {
    await stage.engine.reloadMetadata();
    expect(stage.recorder.seen.map(({ path }) => path)).toEqual(['/graphql']);
    const headers = withoutTrace(stage.recorder.seen[0]?.headers);
    expect(Object.keys(headers).sort()).toEqual(
      [...OF_ANY_CALL, 'x-hasura-gateway-secret', 'x-hasura-role'].sort(),
    );
    expect(headers['x-hasura-role']).toBe('admin');
  });

  test('for an operation carries session variables, the secret and the forwarded client headers', async () => {
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
      'user-agent': 'hasura-graphql-engine/v2.51.9',
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
      // The runtime of this test's client adds it.
      'sec-fetch-mode': 'cors',
    });
  });

  test('keeps an x-forwarded header that the client sent itself', async () => {
    const copies = {
      'x-forwarded-host': 'their.example',
      'x-forwarded-user-agent': 'Their Browser',
      'x-forwarded-origin': 'https://their.example',
    };
    const page = stage.anonymous({ origin: 'https://app.example.com', 'user-agent': 'Firefox', ...copies });
    await page.run('{ authConfig { signup } }');
    expect(stage.recorder.seen.map(({ headers }) => headers)).toEqual([expect.objectContaining(copies)]);
  });

  test('for an action carries the action’s envelope and no client header', async () => {
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
