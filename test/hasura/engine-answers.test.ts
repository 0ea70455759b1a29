import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { run } from './engine-command.ts';

// What `npm run hasura:status` and `hasura:reload` make of answers that no sound engine gives.

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
