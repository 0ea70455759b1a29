import { afterEach, beforeEach, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { type Engine, startEngine } from '../../support/hasura/engine.ts';
import { AWAY, type Recorder, startRecorder } from '../../support/hasura/recorder.ts';

// Hasura and the gateway starting in whatever order.

let gateway: TestGateway;
let recorder: Recorder;
let engines: Engine[];
beforeEach(async () => {
  gateway = await startGateway();
  recorder = await startRecorder(gateway.url);
  engines = [];
});
afterEach(async () => {
  await Promise.all(engines.map((engine) => engine.close()));
  await recorder.close();
  await gateway.close();
});

const start = async (env: Record<string, string> = {}) => {
  const engine = await startEngine({
    gateway: { url: recorder.url, secret: gateway.secret },
    databaseUrl: gateway.databaseUrl,
    env,
  });
  engines.push(engine);
  return engine;
};
/** It, and the join that rests on it. */
const WITHOUT_GATEWAY = [
  expect.stringMatching(/^remote_schema portcullis: /),
  expect.stringMatching(/^remote_relationship gateway_team in table portcullis.teams in source default: /),
];
const health = async ({ url }: Engine, query = '') => (await fetch(new URL(`/healthz${query}`, url))).status;
const ask = async ({ url }: Engine, query: string) => {
  const body = JSON.stringify({ query });
  return (await fetch(url, { method: 'POST', body })).json();
};

test('Hasura with the shipped metadata finds nothing inconsistent', async () => {
  const engine = await start();
  expect(await engine.inconsistent()).toEqual([]);
  expect(await health(engine, '?strict=true')).toBe(200);
});

test('Hasura does not start without the gateway’s keys', async () => {
  for (const jwk_url of ['http://127.0.0.1:1/jwks.json', `${gateway.url}/nothing`])
    await expect(
      start({ HASURA_GRAPHQL_JWT_SECRET: JSON.stringify({ jwk_url }) }),
      jwk_url,
    ).rejects.toThrow();
});

test('a gateway that is away at the start is missing from the API, and only a strict health check says so', async () => {
  recorder.script(AWAY);
  const engine = await start();
  expect(await engine.inconsistent()).toEqual(WITHOUT_GATEWAY);
  expect([await health(engine), await health(engine, '?strict=true')]).toEqual([200, 500]);
  expect(await ask(engine, '{ portcullis_cache { key } authConfig { signup } }')).toEqual({
    errors: [
      {
        message: "field 'authConfig' not found in type: 'query_root'",
        extensions: { path: '$.selectionSet.authConfig', code: 'validation-failed' },
      },
    ],
  });
  expect(await ask(engine, '{ portcullis_cache { key } }')).toEqual({ data: { portcullis_cache: [] } });
});

test('a gateway that was away is there again once the metadata is reloaded', async () => {
  recorder.script(AWAY);
  const engine = await start();
  expect(await engine.inconsistent()).toEqual(WITHOUT_GATEWAY);
  recorder.script(null);
  await engine.reloadMetadata();
  expect(await engine.inconsistent()).toEqual([]);
  expect(await ask(engine, '{ authConfig { signup } }')).toEqual({ data: { authConfig: { signup: true } } });
});

test('a gateway that goes away later fails its fields, and no others', async () => {
  const engine = await start();
  recorder.script(AWAY);
  expect(await ask(engine, '{ authConfig { signup } }')).toEqual({
    errors: [
      {
        message: 'HTTP exception occurred while sending the request to "PORTCULLIS_GRAPHQL_URL"',
        extensions: { path: '$', code: 'remote-schema-error' },
      },
    ],
  });
  expect(await ask(engine, '{ portcullis_cache { key } }')).toEqual({ data: { portcullis_cache: [] } });
});
