import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { identifyCaller, type RequestCaller } from '../request/caller.ts';
import type { GatewayDeps } from '../request/deps.ts';
import type { CorsRule } from './cors.ts';
import type { Dialect } from './dialect.ts';
import type { Endpoint, Incoming } from './endpoint.ts';
import { readBodyInput, readQueryInput, unwrapSchema, validate } from './input.ts';
import { createRoutes, type Guard, type Handler, type Routes, serve } from './routes.ts';
import { requireBounds } from './schemas.ts';

/** A dialect that is served. */
export type MountedDialect = Readonly<{
  dialect: Dialect;
  endpoints: readonly Endpoint[];
  /** The paths of its endpoints, at every place where they are served. */
  paths: readonly string[];
  /** Those of them that are vital. */
  vitalPaths: readonly string[];
  /** Below these it answers unknown paths. */
  prefixes: readonly string[];
  guard: Guard | undefined;
  cors: CorsRule | null;
  routes: Routes;
}>;

/** Makes the routes of a dialect. */
export function mountDialect(deps: GatewayDeps, dialect: Dialect): MountedDialect {
  const { aliases = [], prefix, bodies } = dialect;
  const endpoints = dialect.endpoints(deps);
  for (const endpoint of endpoints) checkEndpoint(endpoint, aliases);
  const guard = dialect.guard?.(deps);
  const routes = createRoutes(deps, dialect.spellError);
  const paths: string[] = [];
  const vitalPaths: string[] = [];
  for (const base of ['', ...aliases])
    for (const [path, ofPath] of groupByPath(endpoints.filter((each) => base !== '' || !each.aliasesOnly))) {
      const handlers = Object.fromEntries(
        ofPath.map((endpoint) => [endpoint.method, createHandler(deps, endpoint, bodies)]),
      );
      const refuseHead = ofPath.some(({ method, changesState }) => method === 'GET' && changesState);
      serve(routes, base + path, handlers, { before: guard, refuseHead });
      paths.push(base + path);
      if (isVitalPath(path, ofPath)) vitalPaths.push(base + path);
    }
  const prefixes = [...(prefix === undefined ? [] : [prefix]), ...aliases];
  const cors = dialect.cors?.(deps.config) ?? null;
  return { dialect, endpoints, paths, vitalPaths, prefixes, guard, cors, routes };
}

/** @throws Error if an endpoint is served nowhere, or its body has no bounds or is a form without named fields */
function checkEndpoint(endpoint: Endpoint, aliases: readonly string[]): void {
  const { method, path, body, bodyFormat, aliasesOnly } = endpoint;
  try {
    if (aliasesOnly && aliases.length === 0) throw new Error('The dialect has no alias to serve it below.');
    if (body !== undefined) requireBounds(body);
    if (bodyFormat === 'form' && (body === undefined || !(unwrapSchema(body) instanceof z.ZodObject)))
      throw new Error('A form needs an object schema.');
  } catch (cause) {
    throw new Error(`${method} ${path}: ${(cause as Error).message}`, { cause });
  }
}

/**
 * Whether the endpoints of a path are vital. The server tells vital requests by their path alone.
 * @throws Error if only some of them are, or the path has a parameter
 */
function isVitalPath(path: string, endpoints: readonly Endpoint[]): boolean {
  if (!endpoints.some(({ isVital }) => isVital)) return false;
  if (path.includes(':') || !endpoints.every(({ isVital }) => isVital))
    throw new Error(`${path}: A vital path has no parameter, and all its methods are vital.`);
  return true;
}

function groupByPath(endpoints: readonly Endpoint[]): Map<string, Endpoint[]> {
  const groups = new Map<string, Endpoint[]>();
  for (const endpoint of endpoints) {
    const { method, path } = endpoint;
    const ofPath = groups.get(path) ?? [];
    if (ofPath.some((other) => other.method === method)) throw new Error(`${method} ${path} is there twice.`);
    groups.set(path, [...ofPath, endpoint]);
  }
  return groups;
}

function createHandler(deps: GatewayDeps, endpoint: Endpoint, bodies: Dialect['bodies']): Handler {
  const { params, query, body, bodyFormat = 'json' } = endpoint;
  return async (c, request) => {
    const incoming = receive(deps, request);
    const input = {
      by: await endpoint.authenticate?.(incoming),
      params: params === undefined ? {} : validate(params, c.req.param(), { nullIsMissing: false }),
      query: query === undefined ? {} : readQueryInput(query, request),
      body: body === undefined ? undefined : await readBodyInput(body, request, { ...bodies, bodyFormat }),
    };
    // Not spread: that would identify the caller.
    return endpoint.handle(Object.assign(incoming, input), c);
  };
}

function receive(deps: GatewayDeps, request: IncomingMessage): Incoming {
  let caller: RequestCaller | undefined;
  return {
    request,
    get caller() {
      caller ??= identifyCaller(deps, request);
      return caller;
    },
  };
}
