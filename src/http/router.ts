import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { routePath } from 'hono/route';
import type { Deps } from '../deps.ts';
import { AuthError } from '../errors.ts';
import { actionRoutes } from '../hasura/actions.ts';
import { cronRoutes } from '../hasura/cron.ts';
import { addEndpoint } from './endpoints.ts';
import { healthRoutes } from './health.ts';
import { jwksEndpoints } from './jwks.ts';
import { mailInboxRoutes } from './mail-inbox.ts';
import { describeEndpoints } from './openapi.ts';
import { mailedPages } from './pages/mailed-pages.ts';
import { internalEndpoints, portalEndpoints } from './portal.ts';
import type { RoutedResponse } from './request-log.ts';
import { createRoutes, portalErrorBody, serve } from './routes.ts';
import { swaggerRoutes } from './swagger.ts';
import { throwRefusal } from './target.ts';
import { teamsEndpoints } from './teams.ts';

/** Every path but `/graphql`. */
export function createRouter(
  deps: Deps,
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
    // HTTP/1.0 may name no host; none of the routes depends on it.
    hostname: 'localhost',
    // What is left of a request's body is the connection's to read (connection.ts).
    autoCleanupIncoming: false,
  };
  const listener = getRequestListener(router.fetch, options);
  return async (request, response) => {
    await listener(request, response);
  };
}
