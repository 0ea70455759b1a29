import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Engine, startEngine } from '../support/hasura/engine.ts';
import { type Recorder, startRecorder } from '../support/hasura/recorder.ts';
import { run } from './engine-command.ts';

// `npm run hasura:status` and `hasura:reload`, with which an operator checks and repairs the engine's state.

let gateway: TestGateway;
let recorder: Recorder;
const engines: Engine[] = [];
let isMisconfigured = false;

async function start(env: Record<string, string> = {}): Promise<Engine> {
  const engine = await startEngine({
    gateway: { url: recorder.url, secret: gateway.secret },
    databaseUrl: gateway.databaseUrl,
    env,
    spoil({ remoteSchemas }) {
      for (const { definition } of remoteSchemas) if (isMisconfigured) definition.url_from_env = 'NOT_SET';
    },
  });
  engines.push(engine);
  return engine;
}

beforeAll(async () => {
  gateway = await startGateway();
  recorder = await startRecorder(gateway.url);
});
afterAll(async () => {
  for (const engine of engines) await engine.close();
  await recorder.close();
  await gateway.close();
});
beforeEach(() => {
  isMisconfigured = false;
  recorder.script(null);
});

const accessTo = ({ url, adminSecret }: Engine) => ({
  HASURA_GRAPHQL_ENDPOINT: `${new URL(url).origin}/`,
  HASURA_GRAPHQL_ADMIN_SECRET: adminSecret,
});
const HEALTHY = {
  code: 0,
  lines: ['The engine is healthy: the metadata is consistent, and the gateway answers through the engine.'],
};
const UNHEALTHY = 'The engine is not healthy: ERROR: inconsistent objects in schema';
/** The gateway, and the join that depends on it. */
const MISSING = [
  "remote_schema portcullis: Inconsistent object: environment variable 'NOT_SET' not set",
  expect.stringMatching(/^remote_relationship gateway_team in table portcullis.teams in source portcullis: /),
];
const UNREACHED = 'The gateway cannot be reached through the engine: ';

test('hasura:status calls the engine below the path of its base URL', async () => {
  const access = accessTo(await start());
  const endpoint = `${access.HASURA_GRAPHQL_ENDPOINT}api/v2/hasura`;
  expect(await run('status', { ...access, HASURA_GRAPHQL_ENDPOINT: endpoint })).toEqual({
    code: 1,
    lines: ['The server that answers with status 404 is not a graphql-engine.'],
  });
});

test('hasura:status reports a consistent engine as healthy, and hasura:reload finds everything consistent', async () => {
  const access = accessTo(await start());
  expect(await run('status', access)).toEqual(HEALTHY);
  expect(await run('reload', access)).toEqual({
    code: 0,
    lines: ['Reloaded, and everything is consistent.'],
  });
});

test('hasura:status and hasura:reload name inconsistent objects until the metadata are repaired', async () => {
  isMisconfigured = true;
  const engine = await start();
  const access = accessTo(engine);
  expect(await run('status', access)).toEqual({
    code: 1,
    lines: [UNHEALTHY, ...MISSING, `${UNREACHED}field 'authConfig' not found in type: 'query_root'`],
  });
  expect(await run('reload', access)).toEqual({ code: 1, lines: MISSING });
  isMisconfigured = false;
  expect((await run('status', access)).code).toBe(1);
  await engine.applyMetadata();
  expect((await run('reload', access)).code).toBe(0);
  expect(await run('status', access)).toEqual(HEALTHY);
});

test('hasura:status and hasura:reload name an unreachable gateway without printing the shared secret', async () => {
  const engine = await start({ PORTCULLIS_GRAPHQL_URL: 'http://127.0.0.1:1/graphql' });
  const told = await fetch(new URL('/v1/metadata', engine.url), {
    method: 'POST',
    headers: { 'x-hasura-admin-secret': engine.adminSecret },
    body: JSON.stringify({ type: 'get_inconsistent_metadata', args: {} }),
  });
  expect(await told.text()).toContain(gateway.secret);
  const away = /^remote_schema portcullis: Inconsistent object: HTTP exception occurred/;
  for (const command of ['status', 'reload'] as const) {
    const { code, lines } = await run(command, accessTo(engine));
    expect({ code, lines }).toEqual({
      code: 1,
      lines: expect.arrayContaining([expect.stringMatching(away)]),
    });
    expect(lines.join()).not.toContain(gateway.secret);
  }
});

test('hasura:status fails when the gateway fails after the engine’s start', async () => {
  const access = accessTo(await start());
  recorder.script({ status: 502, text: 'Bad Gateway' });
  const { code, lines } = await run('status', access);
  expect({ code, lines }).toEqual({ code: 1, lines: [expect.stringContaining(UNREACHED)] });
});

test('without the metadata API hasura:status gives no reasons, and hasura:reload says that the API is off', async () => {
  const off = 'The engine’s metadata API is off: HASURA_GRAPHQL_ENABLED_APIS lacks `metadata`.';
  const access = accessTo(await start({ HASURA_GRAPHQL_ENABLED_APIS: 'graphql' }));
  expect(await run('status', access)).toEqual(HEALTHY);
  expect(await run('reload', access)).toEqual({ code: 1, lines: [off] });
  isMisconfigured = true;
  const unhealthy = accessTo(await start({ HASURA_GRAPHQL_ENABLED_APIS: 'graphql' }));
  expect((await run('status', unhealthy)).lines.slice(0, 2)).toEqual([UNHEALTHY, off]);
});

describe('a wrong address or admin secret', () => {
  const secret = { HASURA_GRAPHQL_ADMIN_SECRET: 'x' };
  test('hasura:status and hasura:reload report an address where no server listens', async () => {
    const env = { ...secret, HASURA_GRAPHQL_ENDPOINT: 'http://127.0.0.1:1' };
    for (const command of ['status', 'reload'] as const)
      expect(await run(command, env)).toEqual({
        code: 1,
        lines: ['The engine does not answer at http://127.0.0.1:1.'],
      });
  });

  test('without the admin secret hasura:status gives no reasons and hasura:reload fails', async () => {
    const { HASURA_GRAPHQL_ADMIN_SECRET: _, ...access } = accessTo(await start());
    expect(await run('status', access)).toEqual(HEALTHY);
    isMisconfigured = true;
    const { HASURA_GRAPHQL_ADMIN_SECRET: __, ...unhealthy } = accessTo(await start());
    const why = 'Set HASURA_GRAPHQL_ADMIN_SECRET to see why.';
    expect((await run('status', unhealthy)).lines.slice(0, 2)).toEqual([UNHEALTHY, why]);
    expect(await run('reload', access)).toEqual({
      code: 1,
      lines: ['HASURA_GRAPHQL_ADMIN_SECRET is not set.'],
    });
  });

  test.each(['two\nlines', '5 €'])(
    'hasura:reload refuses an admin secret with characters that a header cannot carry: %j',
    async (odd) => {
      const access = { ...accessTo(await start()), HASURA_GRAPHQL_ADMIN_SECRET: odd };
      expect(await run('reload', access)).toEqual({
        code: 1,
        lines: ['HASURA_GRAPHQL_ADMIN_SECRET has characters that are not allowed in a header.'],
      });
    },
  );

  test('hasura:status and hasura:reload report a server that is not a graphql-engine', async () => {
    const env = { ...secret, HASURA_GRAPHQL_ENDPOINT: gateway.url };
    for (const command of ['status', 'reload'] as const) {
      const { code, lines } = await run(command, env);
      expect({ code, lines }).toEqual({
        code: 1,
        lines: ['The server that answers with status 404 is not a graphql-engine.'],
      });
    }
  });

  test('hasura:reload reports that the engine refuses the admin secret', async () => {
    const access = { ...accessTo(await start()), ...secret };
    expect(await run('reload', access)).toEqual({
      code: 1,
      lines: ['The engine refuses HASURA_GRAPHQL_ADMIN_SECRET.'],
    });
  });
});
