import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { routePath } from 'hono/route';
import type { CorsRule } from '../dialects/cors.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { spellGatewayError } from '../dialects/errors.ts';
import { gotrue, providerWay } from '../dialects/gotrue/gotrue.ts';
import { actions } from '../dialects/hasura/actions.ts';
import { cron } from '../dialects/hasura/cron.ts';
import { internal } from '../dialects/internal/endpoints.ts';
import { keySet } from '../dialects/keys/endpoints.ts';
import { type MountedDialect, mountDialect } from '../dialects/mount.ts';
import { describeDialects } from '../dialects/openapi.ts';
import { portal } from '../dialects/portal/endpoints.ts';
import { createRoutes, errorResponse, type RouteContext, serve } from '../dialects/routes.ts';
import { teams } from '../dialects/teams/endpoints.ts';
import { AuthError } from '../errors.ts';
import { mailInboxRoutes } from '../pages/mail-inbox.ts';
import { mailedPages } from '../pages/mailed-pages.ts';
import type { GatewayDeps } from '../request/deps.ts';
import { throwRefusal } from '../request/target.ts';
import { healthRoutes, vitalHealthPaths } from './health.ts';
import { createPathOwners } from './path-owners.ts';
import type { RoutedResponse } from './request-log.ts';
import { swaggerRoutes } from './swagger.ts';

/** The dialects that the gateway serves. */
export const dialects: readonly Dialect[] = [
  keySet,
  portal,
  teams,
  gotrue,
  providerWay,
  internal,
  actions,
  cron,
];

/** The pattern of the middleware. */
const EVERY_PATH = '/*';

type Router = {
  /** How pages of other origins may call a path; null if they may not. */
  corsOf(path: string): CorsRule | null;
  /** The paths that are answered even if the gateway is full. */
  vitalPaths: ReadonlySet<string>;
  answer(request: IncomingMessage, response: ServerResponse): Promise<void>;
};

const LISTENER_OPTIONS = {
  overrideGlobalObjects: false,
  // A request of HTTP/1.0 may have no host. No route depends on the host.
  hostname: 'localhost',
  // The connection reads the rest of a request's body (connection.ts).
  autoCleanupIncoming: false,
};

/** Creates the router of every path except `/graphql`. */
export function createRouter(
  deps: GatewayDeps,
  served: readonly Dialect[],
  isClosing: () => boolean,
): Router {
  const enabled = served.filter(({ isEnabled }) => isEnabled?.(deps.config) ?? true);
  const mounted = enabled.map((dialect) => mountDialect(deps, dialect));
  const pathOwners = createPathOwners(mounted);
  const router = createRoutes(deps, spellGatewayError);
  router.use(EVERY_PATH, async (c, next) => {
    await next();
    const route = routePath(c, -1);
    // Of a path without a route only this middleware's own pattern is known.
    if (route !== EVERY_PATH) (c.env.outgoing as RoutedResponse).route = route;
  });
  for (const routes of [healthRoutes(deps, isClosing), mailedPages(deps)]) router.route('/', routes);
  if (deps.mailInbox !== null) router.route('/', mailInboxRoutes(deps, deps.mailInbox));
  for (const { routes } of mounted) router.route('/', routes);
  const openapi = describeDialects(mounted);
  serve(router, '/openapi.json', { GET: (c) => c.json(openapi) });
  if (deps.config.http.swagger) router.route('/', swaggerRoutes(deps));
  if (deps.config.graphql.graphiql) serve(router, '/', { GET: (c) => c.redirect('/graphql') });
  router.notFound((c) => answerUnknown(c, deps, pathOwners.ownerOf(c.req.path)));
  const listener = getRequestListener(router.fetch, LISTENER_OPTIONS);
  return {
    corsOf: pathOwners.corsOf,
    vitalPaths: new Set([...vitalHealthPaths, ...mounted.flatMap(({ vitalPaths }) => vitalPaths)]),
    async answer(request, response) {
      await listener(request, response);
    },
  };
}

/** Answers a path that has no route, in the form of the dialect whose prefix it has, else in the gateway's own. */
function answerUnknown(c: RouteContext, deps: GatewayDeps, owner: MountedDialect | null): Response {
  try {
    throwRefusal(c.env.incoming);
    owner?.guard?.(c.env.incoming, c);
    throw new AuthError('not_found');
  } catch (error) {
    return errorResponse(c, deps, error, owner?.dialect.spellError ?? spellGatewayError);
  }
}
