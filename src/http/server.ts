import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Deps } from '../deps.ts';
import { createAdmission } from './admission.ts';
import { answerPreflight, applyCors } from './cors.ts';
import { createGraphQLEndpoint } from './graphql.ts';
import { REQUEST_ID_HEADER, readRequestId } from './request-id.ts';
import { logRequest, type RoutedResponse } from './request-log.ts';
import { createRouter } from './router.ts';

export type HttpServer = {
  url: string;
  /** Stops accepting, lets requests in flight finish for a while, then closes what is left. */
  close(): Promise<void>;
};

const TIMEOUTS = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 65_000 };

/** Listens, and resolves once it does. */
export async function startHttpServer(deps: Deps): Promise<HttpServer> {
  let closing = false;
  const server = createServer(
    TIMEOUTS,
    createRequestListener(deps, () => closing),
  );
  const { host, port } = deps.config;
  await listen(server, port, host);
  const { port: listeningPort } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${listeningPort}`,
    async close() {
      closing = true;
      await drain(server, deps.config.http.shutdownTimeoutMs);
    },
  };
}

function createRequestListener(deps: Deps, isClosing: () => boolean) {
  const { maxConcurrentRequests, corsOrigins } = deps.config.http;
  const admit = createAdmission(maxConcurrentRequests);
  const handleGraphQL = createGraphQLEndpoint(deps);
  const route = createRouter(deps, isClosing);
  // Looking for secrets in a line whose fields are known takes a tenth of a request's time.
  const requestLog = deps.log.child({}, { redact: [] });

  return (request: IncomingMessage, response: RoutedResponse): void => {
    const requestId = readRequestId(request);
    setCommonHeaders(response, requestId);
    if (isClosing()) response.setHeader('connection', 'close');
    logRequest(requestLog, request, response, requestId);
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    // A crowded gateway is alive: whoever watches over it must not restart it for that.
    if (path !== '/health' && !admit(response)) return;
    if (path === '/graphql') {
      response.route = path;
      void handleGraphQL(request, response, requestId);
      return;
    }
    if (path.startsWith('/api/')) applyCors(request, response, { corsOrigins, credentials: false });
    if (request.method === 'OPTIONS' && response.hasHeader('access-control-allow-methods'))
      answerPreflight(response);
    else void route(request, response);
  };
}

function setCommonHeaders(response: ServerResponse, requestId: string): void {
  response.setHeader(REQUEST_ID_HEADER, requestId);
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('referrer-policy', 'no-referrer');
  response.setHeader('x-frame-options', 'DENY');
  // Nearly every answer holds tokens or depends on one; the JWKS says otherwise for itself.
  response.setHeader('cache-control', 'no-store');
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
