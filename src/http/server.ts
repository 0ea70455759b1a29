import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { isOneOf } from '../crypto/secrets.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { AuthError } from '../errors.ts';
import { addressLimitSubject } from '../limits/address-subject.ts';
import type { BodyOwner } from '../limits/body-budget.ts';
import { offerBody } from '../request/body.ts';
import { GATEWAY_SECRET_HEADER } from '../request/caller.ts';
import type { GatewayDeps } from '../request/deps.ts';
import { REQUEST_ID_HEADER, readRequestId } from '../request/request-id.ts';
import { isRefused, receiveTarget, storeRefusal, WHOLE_SERVER } from '../request/target.ts';
import { createAdmission, type Place } from './admission.ts';
import { createBodyIntake, hasBody } from './body-intake.ts';
import { type Connections, superviseConnections } from './connections.ts';
import { answerPreflight, applyCors } from './cors.ts';
import { createGraphQLEndpoint, GRAPHQL_PATH } from './graphql.ts';
import { logRequest, type RoutedResponse } from './request-log.ts';
import { createRouter } from './router.ts';

export type HttpServer = {
  url: string;
  /** Stops accepting connections, lets running requests finish for a while, then closes the remaining connections. */
  close(): Promise<void>;
};

/**
 * Requests without Host are accepted here, since HTTP/1.0 has no Host. receiveTarget refuses those of HTTP/1.1, in the form
 * of the dialect.
 */
const ACCEPT_MISSING_HOST = { requireHostHeader: false };

/**
 * In milliseconds; Node checks them every second. Bodies have their own limits, whose errors have the form of the dialect.
 * These timeouts end requests that get past those limits.
 */
const TIMEOUTS = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 1000,
};

/** How many connections may wait to be accepted. The kernel lowers it to `net.core.somaxconn`, 4096 by default. */
const BACKLOG = 4096;

/** How often the log may warn of dropped connections. */
const DROP_WARNING_MS = 10_000;

/** Starts the HTTP server of GraphQL, pages and dialects, and resolves when it listens. */
export async function startHttpServer(deps: GatewayDeps, dialects: readonly Dialect[]): Promise<HttpServer> {
  let closing = false;
  const isClosing = () => closing;
  const server = createServer({ ...TIMEOUTS, ...ACCEPT_MISSING_HOST });
  // Node would ignore headers after the 2,000th, for example one that a proxy appended.
  server.maxHeadersCount = 0;
  server.on('connection', requireAddress);
  const connections = superviseConnections(server, {
    maxConnections: deps.config.http.maxConnections,
    serve: createRequestListener(deps, dialects, isClosing),
    isClosing,
    onDrop: warnOfDrops(deps),
  });
  const { host, port } = deps.config;
  await listen(server, port, host);
  const { port: listeningPort } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${listeningPort}`,
    async close() {
      closing = true;
      await drain(server, connections, deps.config.http.shutdownTimeoutMs);
    },
  };
}

function createRequestListener(deps: GatewayDeps, dialects: readonly Dialect[], isClosing: () => boolean) {
  const { maxConcurrentRequests, maxBodyBytes } = deps.config.http;
  const admit = createAdmission({ maxConcurrentRequests, ...deps.waiting });
  const receive = createBodyIntake(deps.bodyBudget, createOwnerFinder(deps));
  const graphql = createGraphQLEndpoint(deps);
  const router = createRouter(deps, dialects, isClosing);
  // The fields of these lines are fixed and hold no secret. A search for secrets would cost more than writing the line.
  const requestLog = deps.log.child({}, { redact: [] });

  /** Admits a request. If the gateway is full, the dialect of the request answers so in its own form. */
  function enter(request: IncomingMessage, response: ServerResponse): Place | null {
    try {
      return admit(request, response);
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      storeRefusal(request, error);
      return null;
    }
  }

  async function answer(
    request: IncomingMessage,
    response: RoutedResponse,
    requestId: string,
  ): Promise<void> {
    receiveTarget(request);
    if (isRefused(request)) response.setHeader('connection', 'close');
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const cors = path === GRAPHQL_PATH ? graphql.cors : router.corsOf(path);
    if (cors !== null) applyCors(request, response, cors);
    if (request.socket.destroyed) return; // the client has left
    const place = router.vitalPaths.has(path) ? null : enter(request, response);
    if (hasBody(request))
      offerBody(request, async (maxBytes) => {
        // While a body arrives, the request must not take a place from others.
        place?.leave();
        const bytes = await receive(request, response, Math.min(maxBytes, maxBodyBytes));
        place?.comeBack();
        return bytes;
      });
    if (path === WHOLE_SERVER) return answerPreflight(response);
    if (path === GRAPHQL_PATH) {
      response.route = path;
      return graphql.answer(request, response, requestId);
    }
    if (request.method === 'OPTIONS' && response.hasHeader('access-control-allow-methods'))
      return answerPreflight(response);
    return router.answer(request, response);
  }

  return (request: IncomingMessage, response: RoutedResponse): void => {
    const requestId = readRequestId(request);
    setCommonHeaders(response, requestId);
    logRequest(requestLog, request, response, { requestId, quietRoutes: router.vitalPaths });
    answer(request, response, requestId).catch((error: unknown) => {
      deps.log.error({ requestId, err: error }, 'A request was not answered.');
      response.destroy();
    });
  };
}

/** Creates a function that finds the owner of a body: Hasura, by its secret, or the client's address. */
function createOwnerFinder(deps: GatewayDeps): (request: IncomingMessage) => BodyOwner {
  return (request) => {
    const secret = request.headers[GATEWAY_SECRET_HEADER];
    const fromHasura = typeof secret === 'string' && isOneOf(deps.config.internalSecrets, secret);
    const address = deps.readClientAddress(request, fromHasura);
    return { fromHasura, subject: address === null ? null : addressLimitSubject(address) };
  };
}

function setCommonHeaders(response: ServerResponse, requestId: string): void {
  response.setHeader(REQUEST_ID_HEADER, requestId);
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('referrer-policy', 'no-referrer');
  response.setHeader('x-frame-options', 'DENY');
  // Nearly every answer, and the target of many a redirect, holds a token or depends on one. The JWKS sets its own value.
  response.setHeader('cache-control', 'no-store');
}

/**
 * Closes a connection whose client address is not known. Node asks the system for the address at the first read, and caches
 * it. After the client has reset the connection, the system does not know the address. Requests that the client sent before
 * would then have no rate limit of their own.
 */
function requireAddress(socket: Socket): void {
  if (socket.remoteAddress === undefined) socket.destroy();
}

function warnOfDrops({ log }: GatewayDeps): () => void {
  let warnedAt = Number.NEGATIVE_INFINITY;
  return () => {
    const now = performance.now();
    if (now - warnedAt < DROP_WARNING_MS) return;
    warnedAt = now;
    log.warn('There are too many connections, and new ones are dropped.');
  };
}

const listen = (server: Server, port: number, host: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, backlog: BACKLOG }, () => resolve());
  });

function drain(server: Server, connections: Connections, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => server.closeAllConnections(), timeoutMs);
    // A connection is idle only after its last answer was sent.
    const sweep = setInterval(() => {
      server.closeIdleConnections();
      connections.endDiscarding();
    }, 50);
    server.close(() => {
      clearTimeout(deadline);
      clearInterval(sweep);
      resolve();
    });
  });
}
