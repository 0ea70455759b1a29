import { execFile } from 'node:child_process';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Engine, startEngine } from '../support/hasura/engine.ts';
import { type Recorder, startRecorder } from '../support/hasura/recorder.ts';

// `npm run hasura:status` and `hasura:reload`, by which an operator sees and mends the engine's state.

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

type Outcome = { code: number; lines: string[] };
function run(command: 'status' | 'reload', env: Record<string, string>): Promise<Outcome> {
  const args = ['--import', 'tsx', `src/commands/hasura/${command}.ts`];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env: { PATH: process.env.PATH, ...env } }, (error, stdout) =>
      resolve({ code: Number(error?.code ?? 0), lines: stdout.trimEnd().split('\n') }),
    );
  });
}
const accessTo = ({ url, adminSecret }: Engine) => ({
  HASURA_GRAPHQL_ENDPOINT: `${new URL(url).origin}/`,
  HASURA_GRAPHQL_ADMIN_SECRET: adminSecret,
});
const WELL = {
  code: 0,
  lines: ['The engine is healthy: the metadata are consistent, and the gateway answers through the engine.'],
};
const UNWELL = 'The engine is not healthy: ERROR: inconsistent objects in schema';
/** The gateway, and the join that rests on it. */
const MISSING = [
  "remote_schema portcullis: Inconsistent object: environment variable 'NOT_SET' not set",
  expect.stringMatching(/^remote_relationship gateway_team in table portcullis.teams in source default: /),
];
const UNREACHED = 'The gateway cannot be reached through the engine: ';

test('a base URL may have a path, as behind a proxy', async () => {
  const access = accessTo(await start());
  const endpoint = `${access.HASURA_GRAPHQL_ENDPOINT}api/v2/hasura`;
  expect(await run('status', { ...access, HASURA_GRAPHQL_ENDPOINT: endpoint })).toEqual({
    code: 1,
    lines: ['The server that answers with status 404 is not a graphql-engine.'],
  });
});

test('an engine that has everything is well, and a reload leaves it so', async () => {
  const access = accessTo(await start());
  expect(await run('status', access)).toEqual(WELL);
  expect(await run('reload', access)).toEqual({
    code: 0,
    lines: ['Reloaded, and everything is consistent.'],
  });
});

test('what is inconsistent is named by both, until a reload finds it mended', async () => {
  isMisconfigured = true;
  const access = accessTo(await start());
  expect(await run('status', access)).toEqual({
    code: 1,
    lines: [UNWELL, ...MISSING, `${UNREACHED}field 'authConfig' not found in type: 'query_root'`],
  });
  expect(await run('reload', access)).toEqual({ code: 1, lines: MISSING });
  isMisconfigured = false;
  expect((await run('status', access)).code).toBe(1);
  expect((await run('reload', access)).code).toBe(0);
  expect(await run('status', access)).toEqual(WELL);
});

test('a gateway that went away after the start is noticed', async () => {
  const access = accessTo(await start());
  recorder.script({ status: 502, text: 'Bad Gateway' });
  const { code, lines } = await run('status', access);
  expect({ code, lines }).toEqual({ code: 1, lines: [expect.stringContaining(UNREACHED)] });
});

test('without the metadata API the state is told without its reasons, and a reload says what it lacks', async () => {
  const off = 'The engine’s metadata API is off: HASURA_GRAPHQL_ENABLED_APIS lacks `metadata`.';
  const access = accessTo(await start({ HASURA_GRAPHQL_ENABLED_APIS: 'graphql' }));
  expect(await run('status', access)).toEqual(WELL);
  expect(await run('reload', access)).toEqual({ code: 1, lines: [off] });
  isMisconfigured = true;
  const unwell = accessTo(await start({ HASURA_GRAPHQL_ENABLED_APIS: 'graphql' }));
  expect((await run('status', unwell)).lines.slice(0, 2)).toEqual([UNWELL, off]);
});

describe('what cannot be asked', () => {
  const secret = { HASURA_GRAPHQL_ADMIN_SECRET: 'x' };
  test('an address where nothing listens', async () => {
    const env = { ...secret, HASURA_GRAPHQL_ENDPOINT: 'http://127.0.0.1:1' };
    for (const command of ['status', 'reload'] as const)
      expect(await run(command, env)).toEqual({
        code: 1,
        lines: ['The engine does not answer at http://127.0.0.1:1.'],
      });
  });

  test('without a secret the state is told, and not why; nothing is reloaded', async () => {
    const { HASURA_GRAPHQL_ADMIN_SECRET: _, ...access } = accessTo(await start());
    expect(await run('status', access)).toEqual(WELL);
    isMisconfigured = true;
    const { HASURA_GRAPHQL_ADMIN_SECRET: __, ...unwell } = accessTo(await start());
    const why = 'Set HASURA_GRAPHQL_ADMIN_SECRET to see why.';
    expect((await run('status', unwell)).lines.slice(0, 2)).toEqual([UNWELL, why]);
    expect(await run('reload', access)).toEqual({
      code: 1,
      lines: ['HASURA_GRAPHQL_ADMIN_SECRET is not set.'],
    });
  });

  test.each(['two\nlines', '5 €'])('a secret that no header may have: %j', async (odd) => {
    const access = { ...accessTo(await start()), HASURA_GRAPHQL_ADMIN_SECRET: odd };
    expect(await run('reload', access)).toEqual({
      code: 1,
      lines: ['HASURA_GRAPHQL_ADMIN_SECRET has characters that are not allowed in a header.'],
    });
  });

  test('an address where something else listens', async () => {
    const env = { ...secret, HASURA_GRAPHQL_ENDPOINT: gateway.url };
    for (const command of ['status', 'reload'] as const) {
      const { code, lines } = await run(command, env);
      expect({ code, lines }).toEqual({
        code: 1,
        lines: ['The server that answers with status 404 is not a graphql-engine.'],
      });
    }
  });

  test('an engine whose secret is another', async () => {
    const access = { ...accessTo(await start()), ...secret };
    expect(await run('reload', access)).toEqual({
      code: 1,
      lines: ['The engine refuses HASURA_GRAPHQL_ADMIN_SECRET.'],
    });
  });
});

describe('odd answers', () => {
  let server: Server;
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  const received: IncomingMessage[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      received.push(request);
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  beforeEach(() => {
    received.length = 0;
  });
  afterAll(() => server.close());
  const access = () => ({
    HASURA_GRAPHQL_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    HASURA_GRAPHQL_ADMIN_SECRET: 'of-the-admin',
  });
  const answering = (status: number, body: string, headers: Record<string, string> = {}) => {
    answer = (_request, response) => response.writeHead(status, headers).end(body);
  };
  const linesOf = async (command: 'status' | 'reload', env = access()) => {
    const { code, lines } = await run(command, env);
    expect(code).toBe(1);
    return lines;
  };

  test.each([301, 302, 307, 308])(
    'a redirect (%i) is not followed: the secret would go along',
    async (status) => {
      answering(status, '', { location: 'http://localhost:1/elsewhere' });
      const origin = access().HASURA_GRAPHQL_ENDPOINT;
      const line = `${origin} redirects to http://localhost:1: set HASURA_GRAPHQL_ENDPOINT to the address of the engine.`;
      for (const command of ['status', 'reload'] as const) expect(await linesOf(command)).toEqual([line]);
      expect(received).toHaveLength(2);
    },
  );

  test('what conflicts has no name, and is named by what conflicts', async () => {
    const objects = [{ name: 'action a' }, { name: 'remote_schema b' }];
    const reason = 'conflicting definitions';
    answering(200, JSON.stringify({ is_consistent: false, inconsistent_objects: [{ reason, objects }] }));
    expect(await linesOf('reload')).toEqual([`action a, remote_schema b: ${reason}`]);
    const duplicate = { reason: 'duplicate', type: 'table', definitions: [] };
    answering(200, JSON.stringify({ is_consistent: false, inconsistent_objects: [duplicate] }));
    expect(await linesOf('reload')).toEqual(['table: duplicate']);
  });

  test('what is inconsistent without being named is a fault all the same', async () => {
    answering(200, '{"is_consistent": false}');
    expect(await linesOf('reload')).toEqual([
      'The engine says that the metadata are inconsistent, but not which part.',
    ]);
  });

  test.each([400, 500])('what the engine says of a failure (%i) is passed on', async (status) => {
    const internal = { request: 'with the secret' };
    answering(
      status,
      JSON.stringify({ error: 'database query error', path: '$', code: 'unexpected', internal }),
    );
    expect(await linesOf('reload')).toEqual(['The engine refuses: database query error']);
  });

  test.each([
    ['a proxy’s page', 500, '<html>Bad Gateway</html>'],
    ['a page', 200, '<html>Welcome</html>'],
    ['more than an engine says', 200, `OK${'x'.repeat(20 * 1024 * 1024)}`],
  ])('%s is no engine, and is not repeated', async (_what, status, body) => {
    answering(status, body);
    for (const command of ['status', 'reload'] as const)
      expect((await linesOf(command)).join()).toMatch(/is not a graphql-engine|does not answer/);
  });

  test.each([
    'localhost:8080',
    'ftp://example.com',
    'http://me:hunter2@example.com',
    'http://example.com/?x=1',
    'http://example.com/?',
    'http://example.com/v1/graphql',
    'http://example.com/v1',
    'http://example.com/v1beta1/relay/',
    'nothing',
  ])('an endpoint like %s is refused by its name alone', async (endpoint) => {
    const env = { ...access(), HASURA_GRAPHQL_ENDPOINT: endpoint };
    expect(await linesOf('status', env)).toEqual([
      'HASURA_GRAPHQL_ENDPOINT must be a base URL like http://localhost:8080, without /v1/graphql.',
    ]);
  });
});
