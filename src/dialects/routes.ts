import type { IncomingMessage } from 'node:http';
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

/** How a dialect spells an error. */
export type ErrorBody = (error: AuthError, requestId: string) => { status: number; body: object };

/** The portal's spelling, which also answers paths that no dialect knows. */
export const portalErrorBody: ErrorBody = (error) => ({
  status: error.status,
  body: { code: error.code, detail: error.message, attribute: error.attribute },
});

/** An error as a response, logged if it is not the caller's. The id under which it was logged is in `x-request-id`. */
export function errorResponse(
  c: RouteContext,
  deps: GatewayDeps,
  thrown: unknown,
  spell: ErrorBody,
): Response {
  const error = toAuthError(thrown);
  const requestId = String(c.env.outgoing.getHeader(REQUEST_ID_HEADER));
  if (error.status >= 500 && error.cause !== undefined)
    deps.log.error({ requestId, route: routePath(c, -1), err: error.cause }, 'A request failed.');
  const { status, body } = spell(error, requestId);
  if (error.retryAfterSeconds !== null) c.header('retry-after', String(error.retryAfterSeconds));
  for (const [name, value] of Object.entries(error.headers)) c.header(name, value);
  if (error.code === 'payload_too_large') c.header('connection', 'close');
  return c.json(body, status as 400);
}

/** Routes whose errors are spelled in one dialect. */
export function createRoutes(deps: GatewayDeps, spell: ErrorBody): Routes {
  const routes: Routes = new Hono();
  routes.onError((error, c) => errorResponse(c, deps, error, spell));
  return routes;
}

type Handler = (c: RouteContext, request: IncomingMessage) => Promise<Response> | Response;
type Guard = (request: IncomingMessage, c: RouteContext) => void;

type Refusals = {
  /** What it throws comes before all else: a guarded path does not tell strangers which methods it has. */
  before?: Guard | undefined;
  /** Whether HEAD is refused as well, which otherwise does what GET does: for a GET that changes something. */
  refuseHead?: boolean | undefined;
};

/** Serves one method of a path and refuses the others by name. */
export function serve(
  routes: Routes,
  method: 'GET' | 'POST',
  path: string,
  handler: Handler,
  { before, refuseHead = false }: Refusals = {},
): void {
  routes.all(path, async (c) => {
    throwRefusal(c.env.incoming);
    before?.(c.env.incoming, c);
    const isHead = method === 'GET' && c.req.method === 'HEAD' && !refuseHead;
    if (c.req.method === method || isHead) return handler(c, c.env.incoming);
    c.header('allow', method);
    throw new AuthError('method_not_allowed', {
      message: `HTTP method '${c.req.method.slice(0, 16)}' is not allowed for this endpoint.`,
    });
  });
}
