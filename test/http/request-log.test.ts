import { expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { startGateway } from '../support/gateway.ts';

const gateway = forFile(() => startGateway());

/** The route that the log has for a request. */
async function routeOf(path: string, requestId: string): Promise<string | undefined> {
  await fetch(`${gateway.url}${path}`, { headers: { 'x-request-id': requestId } });
  const route = () => {
    const line = gateway.logged().match(new RegExp(`.*"requestId":"${requestId}".*"msg":"request".*`))?.[0];
    return line === undefined ? undefined : (JSON.parse(line) as { route: string }).route;
  };
  await expect.poll(route).toBeDefined();
  return route();
}

test.each([
  ['/api/exist-email/ada@example.com', '/api/exist-email/:email'],
  ['/mail/invite/0191d3a0-0000-7000-8000-000000000000', '/mail/invite/:inviteId'],
  ['/hasura/cron/prune', '/hasura/cron/prune'],
  ['/hasura/actions/unknown', 'unknown'],
  ['/api/unknown', 'unknown'],
  ['/unknown', 'unknown'],
])('the log names the route of %s, and never its path', async (path, route) => {
  expect(await routeOf(path, `route-of-${path.replace(/\W/g, '-')}`)).toBe(route);
});
