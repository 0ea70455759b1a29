import type { IncomingHttpHeaders } from 'node:http';
import { refusal } from './failure.ts';
import type { HasuraSession } from './filters.ts';
import type { JwtVerifier } from './jwt.ts';

export type SessionSettings = {
  adminSecret: string;
  unauthorizedRole: string | null;
  /** Null without HASURA_GRAPHQL_JWT_SECRET. */
  jwt: JwtVerifier | null;
  /** Asks the webhook of HASURA_GRAPHQL_AUTH_HOOK, which then decides alone. */
  byHook: ((headers: IncomingHttpHeaders) => Promise<HasuraSession>) | null;
};

const ADMIN_SECRET = 'x-hasura-admin-secret';

function sessionHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      name.startsWith('x-hasura-') && name !== ADMIN_SECRET ? [[name, String(value)]] : [],
    ),
  );
}

/**
 * The session of a request (hasura/README.md, "Session variables"). With the admin secret, the `x-hasura-*` headers give the
 * role and the variables. With a token, its claims do. Else the session has the unauthorized role and the `x-hasura-*` headers.
 * An invalid secret or token fails every request. With the admin secret the token is not checked.
 */
export async function readSession(
  { adminSecret, unauthorizedRole, jwt, byHook }: SessionSettings,
  headers: IncomingHttpHeaders,
): Promise<HasuraSession> {
  const secret = headers[ADMIN_SECRET];
  const variables = sessionHeaders(headers);
  if (secret !== undefined) {
    if (secret === adminSecret)
      return { ...variables, 'x-hasura-role': variables['x-hasura-role'] || 'admin' };
    throw refusal('access-denied', 'invalid x-hasura-admin-secret/x-hasura-access-key', '$', 401);
  }
  if (byHook !== null) return byHook(headers);
  const { authorization } = headers;
  if (jwt === null && unauthorizedRole === null)
    throw refusal(
      'access-denied',
      'x-hasura-admin-secret/x-hasura-access-key required, but not found',
      '$',
      401,
    );
  if (authorization === undefined || jwt === null) {
    if (unauthorizedRole !== null) return { ...variables, 'x-hasura-role': unauthorizedRole };
    throw refusal('invalid-headers', "Missing 'Authorization' or 'Cookie' header in JWT authentication mode");
  }
  const [scheme, token, ...rest] = authorization.split(/\s+/).filter((word) => word !== '');
  if (scheme !== 'Bearer' || token === undefined || rest.length > 0)
    throw refusal('invalid-headers', 'Malformed Authorization header');
  return jwt.sessionOf(token, variables['x-hasura-role']);
}
