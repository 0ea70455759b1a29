import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Deps } from '../deps.ts';
import { createAdmission } from './admission.ts';
import { receiveBody } from './body.ts';
import { answerPreflight, applyCors } from './cors.ts';
import { createGraphQLEndpoint } from './graphql.ts';
import { REQUEST_ID_HEADER, readRequestId } from './request-id.ts';
import { logRequest, type RoutedResponse } from './request-log.ts';
import { createRouter } from './router.ts';
import { isMalformed, receiveTarget, WHOLE_SERVER } from './target.ts';

export type HttpServer = {
  url: string;
  /** Stops accepting, lets requests in flight finish for a while, then closes what is left. */
  close(): Promise<void>;
};

/** HTTP/1.0 knows no Host: who lacks one is told by receiveTarget, in the dialect's form. */
const LENIENCE = { requireHostHeader: false };

/** Milliseconds; a body that takes longer is refused, which is looked after every second. */
const TIMEOUTS = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 1000,
};

/** A crowded gateway is alive, and Hasura needs the keys whatever happens: these are never turned away. */
const ALWAYS_ADMITTED = new Set(['/health', '/ready', '/.well-known/jwks.json', '/api/v1/jwks']);

/** Listens, and resolves once it does. */
export async function startHttpServer(deps: Deps): Promise<HttpServer> {
  let closing = false;
  const server = createServer(
    { ...TIMEOUTS, ...LENIENCE },
    createRequestListener(deps, () => closing),
  );
  server.on('connection', requireAddress);
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
  const { maxConcurrentRequests, maxBodyBytes } = deps.config.http;
  const admit = createAdmission(maxConcurrentRequests);
  const handleGraphQL = createGraphQLEndpoint(deps);
  const route = createRouter(deps, isClosing);
  // The fields of these lines are fixed and hold no secret: looking for one costs more than writing the line.
  const requestLog = deps.log.child({}, { redact: [] });

  async function answer(
    request: IncomingMessage,
    response: RoutedResponse,
    requestId: string,
  ): Promise<void> {
    receiveTarget(request);
    if (isMalformed(request)) response.setHeader('connection', 'close');
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    allowOrigin(deps, path, request, response);
    await receiveBody(request, maxBodyBytes);
    if (request.socket.destroyed) return; // the client has left
    if (!ALWAYS_ADMITTED.has(path) && !admit(request, response)) return;
    if (path === WHOLE_SERVER) return answerPreflight(response);
    if (path === '/graphql') {
      response.route = path;
      return handleGraphQL(request, response, requestId);
    }
    if (request.method === 'OPTIONS' && response.hasHeader('access-control-allow-methods'))
      return answerPreflight(response);
    return route(request, response);
  }

  return (request: IncomingMessage, response: RoutedResponse): void => {
    const requestId = readRequestId(request);
    request.socket.setMaxListeners(0); // as many as there are requests waiting on one connection
    setCommonHeaders(response, requestId);
    if (isClosing()) response.setHeader('connection', 'close');
    logRequest(requestLog, request, response, requestId);
    answer(request, response, requestId).catch((error: unknown) => {
      deps.log.error({ requestId, err: error }, 'A request was not answered.');
      response.destroy();
    });
  };
}

/** Cookies concern GraphQL alone; the pages that mails link to are nobody else's business. */
function allowOrigin(
  { config }: Deps,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { corsOrigins, corsAllowedHeaders } = config.http;
  const credentials = path === '/graphql' && config.refreshCookie !== 'off';
  if (path === '/graphql' || path.startsWith('/api/'))
    applyCors(request, response, { corsOrigins, corsAllowedHeaders, credentials });
}

function setCommonHeaders(response: ServerResponse, requestId: string): void {
  response.setHeader(REQUEST_ID_HEADER, requestId);
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('referrer-policy', 'no-referrer');
  response.setHeader('x-frame-options', 'DENY');
  // Nearly every answer holds tokens or depends on one; the JWKS says otherwise for itself.
  response.setHeader('cache-control', 'no-store');
}

/**
 * Node asks the system for the peer's address when it is first read, and keeps it. The system does not know it once the
 * client has reset the connection. Requests that the client sent before would have no address, and so no limit of their own.
 */
function requireAddress(socket: Socket): void {
  if (socket.remoteAddress === undefined) socket.destroy();
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
