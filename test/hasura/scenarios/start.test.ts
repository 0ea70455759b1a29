import { afterEach, beforeEach, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { type Engine, startEngine } from '../../support/hasura/engine.ts';
import { AWAY, type Recorder, startRecorder } from '../../support/hasura/recorder.ts';
import { anonymousAt } from './spoiled.ts';

// Hasura and the gateway, started in either order.

let gateway: TestGateway;
let recorder: Recorder;
let engine: Engine;
beforeEach(async () => {
  gateway = await startGateway();
  recorder = await startRecorder(gateway.url);
});
afterEach(async () => {
  await engine.close();
  await recorder.close();
  await gateway.close();
});

const start = () =>
  startEngine({ gateway: { url: recorder.url, secret: gateway.secret }, databaseUrl: gateway.databaseUrl });
/** The gateway, and the join that depends on it. */
const WITHOUT_GATEWAY = [
  expect.stringMatching(/^remote_schema portcullis: /),
  expect.stringMatching(/^remote_relationship gateway_team in table portcullis.teams in source portcullis: /),
];

test('Hasura finds the shipped metadata consistent', async () => {
  engine = await start();
  expect(await engine.inconsistent()).toEqual([]);
  expect((await fetch(new URL('/healthz?strict=true', engine.url))).status).toBe(200);
});

test('a reload of the metadata makes Hasura find a gateway that was down at its start', async () => {
  recorder.script(AWAY);
  engine = await start();
  expect(await engine.inconsistent()).toEqual(WITHOUT_GATEWAY);
  recorder.script(null);
  await engine.reloadMetadata();
  expect(await engine.inconsistent()).toEqual([]);
  expect(await anonymousAt(engine).run('{ authConfig { signup } }')).toEqual({
    authConfig: { signup: true },
  });
});
