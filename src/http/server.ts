import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { routePath } from 'hono/route';
import type { Deps } from '../deps.ts';
import { AuthError } from '../errors.ts';
import { actionRoutes } from '../hasura/actions.ts';
import { cronRoutes } from '../hasura/cron.ts';
import { answerPreflight, applyCors } from './cors.ts';
import { createGraphQLEndpoint } from './graphql.ts';
import { healthRoutes } from './health.ts';
import { jwksRoutes } from './jwks.ts';
import { portalRoutes } from './portal.ts';
import { REQUEST_ID_HEADER, readRequestId } from './request-id.ts';
import { createRoutes, errorResponse, portalErrorBody } from './routes.ts';

export type HttpServer = {
  url: string;
  /** Stops accepting, lets requests in flight finish for a while, then closes what is left. */
  close(): Promise<void>;
};

/** Asked all the time by machines: logged only when somebody debugs. */
const QUIET_ROUTES = new Set(['/health', '/ready', '/.well-known/jwks.json', '/api/v1/jwks']);

type Logged = { route: string };

/** Every path but `/graphql`. The matched route is kept for the log: paths may hold addresses and tokens. */
function createRouter(deps: Deps, isClosing: () => boolean) {
  const router = createRoutes(deps, portalErrorBody);
  router.use(async (c, next) => {
    await next();
    (c.env.outgoing as ServerResponse & Logged).route = routePath(c, -1);
  });
  const mounted = [
    healthRoutes(deps, isClosing),
    jwksRoutes(deps),
    portalRoutes(deps),
    actionRoutes(deps),
    cronRoutes(deps),
  ];
  for (const routes of mounted) router.route('/', routes);
  if (deps.config.graphql.graphiql) router.get('/', (c) => c.redirect('/graphql'));
  router.notFound((c) => errorResponse(c, deps, new AuthError('not_found'), portalErrorBody));
  return getRequestListener(router.fetch, { overrideGlobalObjects: false });
}

function setCommonHeaders(response: ServerResponse, requestId: string): void {
  response.setHeader(REQUEST_ID_HEADER, requestId);
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('referrer-policy', 'no-referrer');
  response.setHeader('x-frame-options', 'DENY');
  // Nearly every answer holds tokens or depends on one; the JWKS says otherwise for itself.
  response.setHeader('cache-control', 'no-store');
}

function logRequest(
  deps: Deps,
  request: IncomingMessage,
  response: ServerResponse & Partial<Logged>,
  requestId: string,
) {
  const startedAt = performance.now();
  response.once('close', () => {
    const route = response.route ?? 'unknown';
    const level = QUIET_ROUTES.has(route) ? 'debug' : 'info';
    const durationMs = Math.round(performance.now() - startedAt);
    const finished = response.writableFinished;
    deps.log[level](
      {
        requestId,
        method: request.method,
        route,
        status: response.statusCode,
        durationMs,
        ...(!finished && { aborted: true }),
      },
      'request',
    );
  });
}

/** Listens, and resolves once it does. */
export async function startHttpServer(deps: Deps): Promise<HttpServer> {
  let closing = false;
  const route = createRouter(deps, () => closing);
  const handleGraphQL = createGraphQLEndpoint(deps);

  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000, keepAliveTimeout: 65_000 });
  server.on('request', (request: IncomingMessage, response: ServerResponse & Partial<Logged>) => {
    const requestId = readRequestId(request);
    setCommonHeaders(response, requestId);
    logRequest(deps, request, response, requestId);
    if (closing) response.setHeader('connection', 'close');
    const path = (request.url ?? '').split('?', 1)[0];
    if (path === '/graphql') {
      response.route = '/graphql';
      void handleGraphQL(request, response, requestId);
      return;
    }
    if (path?.startsWith('/api/')) applyCors(request, response, deps.config.http.corsOrigins);
    if (request.method === 'OPTIONS' && response.hasHeader('access-control-allow-methods')) {
      answerPreflight(response);
      return;
    }
    void route(request, response);
  });

  await listen(server, deps.config.port, deps.config.host);
  const { port } = server.address() as AddressInfo;
  const host = deps.config.host.includes(':') ? `[${deps.config.host}]` : deps.config.host;
  return {
    url: `http://${host}:${port}`,
    async close() {
      closing = true;
      await drain(server, deps.config.http.shutdownTimeoutMs);
    },
  };
}

const listen = (server: Server, port: number, host: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve());
  });

function drain(server: Server, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => server.closeAllConnections(), timeoutMs);
    // A connection is idle only once its last answer is out.
    const sweep = setInterval(() => server.closeIdleConnections(), 50);
    server.close(() => {
      clearTimeout(deadline);
      clearInterval(sweep);
      resolve();
    });
  });
}
