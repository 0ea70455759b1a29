import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { routePath } from 'hono/route';
import { addEndpoint } from '../dialects/endpoint.ts';
import { actionRoutes } from '../dialects/hasura/actions.ts';
import { cronRoutes } from '../dialects/hasura/cron.ts';
import { describeEndpoints } from '../dialects/openapi.ts';
import { internalEndpoints, portalEndpoints } from '../dialects/portal/endpoints.ts';
import { createRoutes, portalErrorBody, serve } from '../dialects/routes.ts';
import { teamsEndpoints } from '../dialects/teams/endpoints.ts';
import { AuthError } from '../errors.ts';
import { mailInboxRoutes } from '../pages/mail-inbox.ts';
import { mailedPages } from '../pages/mailed-pages.ts';
import type { GatewayDeps } from '../request/deps.ts';
import { throwRefusal } from '../request/target.ts';
import { healthRoutes } from './health.ts';
import { jwksEndpoints } from './jwks.ts';
import type { RoutedResponse } from './request-log.ts';
import { swaggerRoutes } from './swagger.ts';

/** Creates the handler of every path except `/graphql`. */
export function createRouter(
  deps: GatewayDeps,
  isClosing: () => boolean,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const router = createRoutes(deps, portalErrorBody);
  router.use(async (c, next) => {
    await next();
    (c.env.outgoing as RoutedResponse).route = routePath(c, -1);
  });
  const dialects = [healthRoutes(deps, isClosing), actionRoutes(deps), cronRoutes(deps), mailedPages(deps)];
  for (const routes of dialects) router.route('/', routes);
  if (deps.mailInbox !== null) router.route('/', mailInboxRoutes(deps, deps.mailInbox));
  const endpoints = [
    ...jwksEndpoints(deps),
    ...portalEndpoints(deps),
    ...teamsEndpoints(deps),
    ...internalEndpoints(deps),
  ];
  for (const definition of endpoints) addEndpoint(router, deps, definition);
  const openapi = describeEndpoints(endpoints);
  serve(router, 'GET', '/openapi.json', (c) => c.json(openapi));
  if (deps.config.http.swagger) router.route('/', swaggerRoutes(deps));
  if (deps.config.graphql.graphiql) serve(router, 'GET', '/', (c) => c.redirect('/graphql'));
  router.notFound((c) => {
    throwRefusal(c.env.incoming);
    throw new AuthError('not_found');
  });
  const options = {
    overrideGlobalObjects: false,
    // A request of HTTP/1.0 may have no host. No route depends on the host.
    hostname: 'localhost',
    // The connection reads the rest of a request's body (connection.ts).
    autoCleanupIncoming: false,
  };
  const listener = getRequestListener(router.fetch, options);
  return async (request, response) => {
    await listener(request, response);
  };
}
