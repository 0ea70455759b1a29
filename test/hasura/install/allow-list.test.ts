import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRelay } from './engine-relay.ts';
import { createSetting, type Setting } from './setting.ts';

// The stand-in compares no query with an allow list: a relay does.

let setting: Setting;
beforeAll(async () => {
  setting = await createSetting();
});
afterAll(() => setting.close());

const REFUSED = {
  errors: [
    {
      message: 'query is not allowed',
      extensions: {
        ...{ path: '$', code: 'validation-failed' },
        internal: { message: 'query is not in any of the allowlists' },
      },
    },
  ],
};

test('an engine with an allow list is installed on, and a token of another key is refused there too', async () => {
  const { engine } = await setting.startForeign({ env: { HASURA_GRAPHQL_ENABLE_ALLOWLIST: 'true' } });
  const relay = setting.closes(await startRelay(engine));
  relay.before(async ({ path, body, headers }) => {
    if (path !== '/v1/graphql') return;
    const { authorization } = headers;
    const answer = await fetch(engine.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization !== undefined && { authorization }) },
      body,
    });
    const text = await answer.text();
    const isBelieved = text.includes('"data"') || text.includes('validation-failed');
    return { status: 200, body: isBelieved ? JSON.stringify(REFUSED) : text };
  });
  const { code, out, err } = await setting.install(relay);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toContain('The engine believes the gateway’s tokens, and refuses those of another key.');
  expect(out).toContain(
    'The engine runs only operations of its allow list (HASURA_GRAPHQL_ENABLE_ALLOWLIST)',
  );
  expect(out).toContain('Whether the gateway answers through the engine: the allow list lacks the query.');
  expect(out).not.toContain('HASURA_GRAPHQL_UNAUTHORIZED_ROLE');
});
