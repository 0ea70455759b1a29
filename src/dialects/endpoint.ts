import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { AuthError, type ErrorCode } from '../errors.ts';
import { readAttributes } from '../request/body.ts';
import type { GatewayDeps } from '../request/deps.ts';
import { requireInternalSecret } from '../request/hasura-secret.ts';
import { type RouteContext, type Routes, serve } from './routes.ts';

/** How a caller proves who they are; OpenAPI's security schemes have these names. */
export type EndpointSecurity = 'accessToken' | 'refreshOrAccessToken' | 'internalSecret';

/** One operation of an HTTP dialect: what validates it is also what describes it. */
export type Endpoint<Body extends z.ZodObject = z.ZodObject> = {
  method: 'GET' | 'POST';
  /** A GET that changes something, so that HEAD, which must not, is refused. */
  changesState?: boolean;
  /** With Hono's parameters: `/api/verify-email/:token`. */
  path: string;
  operationId: string;
  dialect: 'Portal' | 'Teams' | 'Keys' | 'Operations';
  summary: string;
  description?: string;
  security?: EndpointSecurity;
  /** Texts, in the order in which a missing one is reported. */
  body?: Body;
  parameters?: Readonly<Record<string, { in: 'path' | 'query'; description: string; required?: boolean }>>;
  answers: Readonly<Record<number, { description: string; schema?: z.ZodType }>>;
  /** What may go wrong beyond what every endpoint shares. */
  errors?: readonly ErrorCode[];
  handle(c: RouteContext, request: IncomingMessage, body: z.output<Body>): Promise<Response> | Response;
};

/** Keeps the type of the body for the handler. */
export const endpoint = <Body extends z.ZodObject>(definition: Endpoint<Body>): Endpoint =>
  definition as unknown as Endpoint;

/** Serves an endpoint: guard, then method, then body. */
export function addEndpoint(routes: Routes, deps: GatewayDeps, definition: Endpoint): void {
  const { method, path, body, security, changesState } = definition;
  const before = security === 'internalSecret' ? requireInternalSecret(deps) : undefined;
  serve(
    routes,
    method,
    path,
    async (c, request) => {
      const attributes = body === undefined ? {} : await readAttributes(request);
      return definition.handle(c, request, body === undefined ? {} : validate(body, attributes));
    },
    { before, refuseHead: changesState },
  );
}

/**
 * The attributes of a body. A missing or null text is the empty one, which the flows report as `required` in their order.
 * @throws AuthError `invalid`, naming the attribute
 */
function validate(body: z.ZodObject, attributes: Record<string, unknown>): Record<string, unknown> {
  const given = Object.fromEntries(
    Object.keys(body.shape).map((name) => [
      name,
      (Object.hasOwn(attributes, name) ? attributes[name] : null) ?? '',
    ]),
  );
  const parsed = body.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new AuthError('invalid', { attribute: String(parsed.error.issues[0]?.path[0]) });
}

/** A text that must not be missing, with its description and an example for the documentation. */
export const text = (description: string, example: string) =>
  z.string().meta({ description, examples: [example] });

/** A text that may be missing. */
export const optionalText = (description: string) => z.string().optional().meta({ description });
