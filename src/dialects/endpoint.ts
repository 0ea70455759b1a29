import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import type { AuthError, ErrorCode } from '../errors.ts';
import type { RequestCaller } from '../request/caller.ts';
import type { Method, RouteContext } from './routes.ts';

/** A request that has passed the guard and has a method of its path. */
export type Incoming = {
  readonly request: IncomingMessage;
  /**
   * The caller. It is identified when it is first read: an endpoint for everybody does not refuse a wrong secret.
   * @throws AuthError `permission_denied`, `rate_limited`, `invalid_request`
   */
  readonly caller: RequestCaller;
};

/** What a handler receives: the request, and what its schemas made of it. */
type Call<By, Params, Query, Body> = Incoming & {
  /** What `authenticate` returned. */
  readonly by: By;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
};

/** How a caller proves who they are, as OpenAPI says it. */
export type Security = Readonly<{ name: string; scheme: object }>;

/** What `/openapi.json` says about an endpoint, besides its path and its schemas. */
export type Documentation = Readonly<{
  operationId: string;
  summary: string;
  description?: string;
  security?: Security;
  answers: Readonly<Record<number, { description: string; schema?: z.ZodType }>>;
  /** What may go wrong beyond what every endpoint shares. An error that only the dialect has stands for itself. */
  errors?: readonly (ErrorCode | AuthError)[];
}>;

type NoFields = z.ZodObject<Record<never, never>>;

/**
 * One operation of a dialect. What validates a request also describes it.
 *
 * The order of the checks: the dialect's guard, the method, `authenticate`, `params`, `query`, `body`. A check that fails is
 * the answer, and what comes after it is not read.
 */
export type Endpoint<
  By = unknown,
  Params extends z.ZodObject = z.ZodObject,
  Query extends z.ZodObject = z.ZodObject,
  Body extends z.ZodType = z.ZodType,
> = {
  method: Method;
  /** With Hono's parameters: `/api/verify-email/:token`. */
  path: string;
  /** A GET that changes something, so that HEAD is refused. */
  changesState?: boolean;
  /** Served below the aliases of the dialect only, because the path itself belongs to another dialect. */
  aliasesOnly?: boolean;
  /**
   * Programs call it all the time and need its answer: it is never refused because the gateway is full, and logged at debug level
   * only. Its path has no parameters.
   */
  isVital?: boolean;
  /** Refuses callers before the input is read. What it returns is the handler's `by`. */
  authenticate?(incoming: Incoming): Promise<By> | By;
  /** The parameters of the path, decoded. */
  params?: Params;
  /** The parameters of the query, decoded. An array gets all values of its name, any other type the first. */
  query?: Query;
  /**
   * The attributes of a JSON body. A schema that accepts `undefined` makes the body optional. Unknown attributes are ignored.
   * Every array needs a `max`, and the values of a record are unknown: Zod lists the faults of all elements. The gateway does not
   * start otherwise.
   */
  body?: Body;
  /**
   * How the body is sent; JSON by default. A form has named texts: an array gets all values of its name, any other type the first.
   *
   * A page of any site can send a form without a preflight, and the browser sends cookies with it. So a form must not count for
   * its cookies: what it does needs a proof within the form, for example the `state` of a flow that this browser began. The gateway
   * does not refuse forms of other sites, since providers let the browser post to a callback.
   */
  bodyFormat?: 'json' | 'form';
  /** Null: `/openapi.json` does not list the endpoint. */
  docs: Documentation | null;
  handle(
    call: Call<By, z.output<Params>, z.output<Query>, z.output<Body>>,
    c: RouteContext,
  ): Promise<Response> | Response;
};

/** Keeps the types of the input for the handler. */
export const endpoint = <
  By = undefined,
  Params extends z.ZodObject = NoFields,
  Query extends z.ZodObject = NoFields,
  Body extends z.ZodType = z.ZodUndefined,
>(
  definition: Endpoint<By, Params, Query, Body>,
): Endpoint => definition;
