import type { IncomingHttpHeaders } from 'node:http';
import { refusal } from './failure.ts';
import type { HasuraSession } from './filters.ts';
import type { JwtVerifier } from './jwt.ts';

export type SessionSettings = { adminSecret: string; unauthorizedRole: string; jwt: JwtVerifier };

function sessionHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      name.startsWith('x-hasura-') && name !== 'x-hasura-admin-secret' ? [[name, String(value)]] : [],
    ),
  );
}

/**
 * Who is asking (hasura/README.md, "Session variables"): whoever has the admin secret, in whatever role and with
 * whatever variables; the bearer of a token; else the unauthorized role, with every `x-hasura-*` header of the request.
 * A token that is not good fails the request, whatever it asks for.
 */
export async function readSession(
  { adminSecret, unauthorizedRole, jwt }: SessionSettings,
  headers: IncomingHttpHeaders,
): Promise<HasuraSession> {
  const secret = headers['x-hasura-admin-secret'];
  const variables = sessionHeaders(headers);
  if (secret !== undefined) {
    if (secret === adminSecret) return { 'x-hasura-role': 'admin', ...variables };
    throw refusal('access-denied', 'invalid x-hasura-admin-secret/x-hasura-access-key', '$', 401);
  }
  const { authorization } = headers;
  if (authorization === undefined) return { ...variables, 'x-hasura-role': unauthorizedRole };
  const [scheme, token, ...rest] = authorization.split(' ');
  if (scheme?.toLowerCase() !== 'bearer' || token === undefined || rest.length > 0)
    throw refusal('invalid-headers', 'Malformed Authorization header');
  return jwt.sessionOf(token, variables['x-hasura-role']);
}
