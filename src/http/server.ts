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
import { isRefused, receiveTarget, refuseLater, WHOLE_SERVER } from '../request/target.ts';
import { createAdmission, type Place } from './admission.ts';
import { createBodyIntake, hasBody } from './body-intake.ts';
import { type Connections, superviseConnections } from './connections.ts';
import { answerPreflight, applyCors } from './cors.ts';
import { createGraphQLEndpoint, GRAPHQL_PATH } from './graphql.ts';
import { logRequest, type RoutedResponse } from './request-log.ts';
import { createRouter } from './router.ts';

export type HttpServer = {
  url: string;
  /** Stops accepting, lets requests in flight finish for a while, then closes what is left. */
  close(): Promise<void>;
};

/** HTTP/1.0 knows no Host: who lacks one is told by receiveTarget, in the dialect's form. */
const LENIENCE = { requireHostHeader: false };

/**
 * Milliseconds, which are looked after every second. Bodies have bounds of their own, which a request's dialect words; this
 * one ends what gets past those.
 */
const TIMEOUTS = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 1000,
};

/** Connections that may wait to be accepted. The kernel takes it down to `net.core.somaxconn`, 4096 by default. */
const BACKLOG = 4096;

/** How often the log says that connections are dropped. */
const DROP_WARNING_MS = 10_000;

/** A crowded gateway is alive, and Hasura needs the keys whatever happens: these are never turned away. */
const ALWAYS_ADMITTED = new Set(['/health', '/ready', '/.well-known/jwks.json', '/api/v1/jwks']);

/** Serves GraphQL, pages and dialects. Resolves once it listens. */
export async function startHttpServer(deps: GatewayDeps, dialects: readonly Dialect[]): Promise<HttpServer> {
  let closing = false;
  const isClosing = () => closing;
  const server = createServer({ ...TIMEOUTS, ...LENIENCE });
  // Every line counts, as many as there are: Node would leave out those beyond the 2,000th, such as what a proxy appended.
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
  // The fields of these lines are fixed and hold no secret: looking for one costs more than writing the line.
  const requestLog = deps.log.child({}, { redact: [] });

  /** The dialect of a request tells, in its own form, that it found no place. */
  function enter(request: IncomingMessage, response: ServerResponse): Place | null {
    try {
      return admit(request, response);
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      refuseLater(request, error);
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
    const place = ALWAYS_ADMITTED.has(path) ? null : enter(request, response);
    if (hasBody(request))
      offerBody(request, async (maxBytes) => {
        // A body that is slow takes no place from others.
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
    logRequest(requestLog, request, response, requestId);
    answer(request, response, requestId).catch((error: unknown) => {
      deps.log.error({ requestId, err: error }, 'A request was not answered.');
      response.destroy();
    });
  };
}

/** Tells whose body it is: Hasura's, by its secret, or of whom the request comes from. */
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
    // A connection is idle only once its last answer is out.
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
