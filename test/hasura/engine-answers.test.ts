import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { run } from './engine-command.ts';

// How `npm run hasura:status` and `hasura:reload` handle answers that a working engine does not give.

describe('unusual answers', () => {
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
    'hasura:status and hasura:reload do not follow a redirect (%i), which would receive the admin secret',
    async (status) => {
      answering(status, '', { location: 'http://localhost:1/elsewhere' });
      const origin = access().HASURA_GRAPHQL_ENDPOINT;
      const line = `${origin} redirects to http://localhost:1: set HASURA_GRAPHQL_ENDPOINT to the address of the engine.`;
      for (const command of ['status', 'reload'] as const) expect(await linesOf(command)).toEqual([line]);
      expect(received).toHaveLength(2);
    },
  );

  test('hasura:reload names a conflict by its objects, and an unnamed object by its type', async () => {
    const objects = [{ name: 'action a' }, { name: 'remote_schema b' }];
    const reason = 'conflicting definitions';
    answering(200, JSON.stringify({ is_consistent: false, inconsistent_objects: [{ reason, objects }] }));
    expect(await linesOf('reload')).toEqual([`action a, remote_schema b: ${reason}`]);
    const duplicate = { reason: 'duplicate', type: 'table', definitions: [] };
    answering(200, JSON.stringify({ is_consistent: false, inconsistent_objects: [duplicate] }));
    expect(await linesOf('reload')).toEqual(['table: duplicate']);
  });

  test('hasura:reload fails when the engine reports inconsistent metadata without naming an object', async () => {
    answering(200, '{"is_consistent": false}');
    expect(await linesOf('reload')).toEqual([
      'The engine says that the metadata is inconsistent, but not which part.',
    ]);
  });

  test.each([400, 500])(
    'hasura:reload prints the error of the engine (%i) without its internal part',
    async (status) => {
      const internal = { request: 'with the secret' };
      answering(
        status,
        JSON.stringify({ error: 'database query error', path: '$', code: 'unexpected', internal }),
      );
      expect(await linesOf('reload')).toEqual(['The engine refuses: database query error']);
    },
  );

  test.each([
    ['an error page of a proxy', 500, '<html>Bad Gateway</html>'],
    ['an HTML page', 200, '<html>Welcome</html>'],
    ['a text of 20 MB', 200, `OK${'x'.repeat(20 * 1024 * 1024)}`],
  ])('%s is reported as the answer of another server, and is not printed', async (_what, status, body) => {
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
  ])('hasura:status refuses the endpoint %s without printing it', async (endpoint) => {
    const env = { ...access(), HASURA_GRAPHQL_ENDPOINT: endpoint };
    expect(await linesOf('status', env)).toEqual([
      'HASURA_GRAPHQL_ENDPOINT must be a base URL like http://localhost:8080, without /v1/graphql.',
    ]);
  });
});
