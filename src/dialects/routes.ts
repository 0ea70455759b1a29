import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { routePath } from 'hono/route';
import { AuthError } from '../errors.ts';
import type { GatewayDeps } from '../request/deps.ts';
import { toAuthError } from '../request/public-error.ts';
import { REQUEST_ID_HEADER } from '../request/request-id.ts';
import { throwRefusal } from '../request/target.ts';

export type Routes = Hono<{ Bindings: HttpBindings }>;
export type RouteContext = Context<{ Bindings: HttpBindings }>;

/** What the form of an error may depend on. */
type FailedRequest = Readonly<{
  id: string;
  method: string;
  /** The path, normalised and decoded in part: never reflect it. For `/openapi.json` it is the path of the endpoint. */
  path: string;
  headers: IncomingHttpHeaders;
  /** Escapes that are not UTF-8 are repaired: the error to spell may be about them. */
  query: URLSearchParams;
}>;

/** An error as a client of the dialect reads it. */
type SpelledError = Readonly<{
  status: number;
  /** The dialect's own code, for OpenAPI. */
  code: string;
  /** Null for an answer without a body. */
  body: object | null;
  headers?: Readonly<Record<string, string>>;
}>;

/** How a dialect spells an error: every error, also for a refused admission and for a path that it does not know. */
export type SpellError = (error: AuthError, request: FailedRequest) => SpelledError;

/** An error as a response. An error that is not the caller's is logged under the id in `x-request-id`. */
export function errorResponse(
  c: RouteContext,
  deps: GatewayDeps,
  thrown: unknown,
  spell: SpellError,
): Response {
  const error = toAuthError(thrown);
  const id = String(c.env.outgoing.getHeader(REQUEST_ID_HEADER));
  if (error.isLogged)
    deps.log.error({ requestId: id, route: routePath(c, -1), err: error.cause }, 'A request failed.');
  const { status, body, headers } = spell(error, failedRequest(c, id));
  if (error.retryAfterSeconds !== null) c.header('retry-after', String(error.retryAfterSeconds));
  for (const [name, value] of Object.entries({ ...error.headers, ...headers })) c.header(name, value);
  if (error.code === 'payload_too_large') c.header('connection', 'close');
  return body === null ? c.body(null, status as 400) : c.json(body, status as 400);
}

function failedRequest(c: RouteContext, id: string): FailedRequest {
  const { headers, url = '' } = c.env.incoming;
  const start = url.indexOf('?');
  const query = new URLSearchParams(start === -1 ? '' : url.slice(start));
  return { id, method: c.req.method, path: c.req.path, headers, query };
}

/** Routes whose errors are spelled in one way. */
export function createRoutes(deps: GatewayDeps, spell: SpellError): Routes {
  const routes: Routes = new Hono();
  routes.onError((error, c) => errorResponse(c, deps, error, spell));
  return routes;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
export type Handler = (c: RouteContext, request: IncomingMessage) => Promise<Response> | Response;

/** Throws where a request may not pass. */
export type Guard = (request: IncomingMessage, c: RouteContext) => void;

type Refusals = {
  /** Runs before all else, so that a guarded path does not tell strangers which methods it has. */
  before?: Guard | undefined;
  /** Refuses HEAD, which must change nothing, where GET changes something. Otherwise HEAD does what GET does. */
  refuseHead?: boolean | undefined;
};

/** Serves some methods of a path, and answers 405 for the others. */
export function serve(
  routes: Routes,
  path: string,
  handlers: Readonly<Partial<Record<Method, Handler>>>,
  { before, refuseHead = false }: Refusals = {},
): void {
  const byMethod = new Map<string, Handler>(Object.entries(handlers));
  const head = byMethod.get('GET');
  const allow = [...byMethod.keys()].sort().join(', ');
  if (head !== undefined && !refuseHead) byMethod.set('HEAD', head);
  routes.all(path, async (c) => {
    throwRefusal(c.env.incoming);
    before?.(c.env.incoming, c);
    const handler = byMethod.get(c.req.method);
    if (handler !== undefined) return handler(c, c.env.incoming);
    c.header('allow', allow);
    throw new AuthError('method_not_allowed', {
      message: `HTTP method '${c.req.method.slice(0, 16)}' is not allowed for this endpoint.`,
    });
  });
}
