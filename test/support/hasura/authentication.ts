import type { IncomingHttpHeaders } from 'node:http';
import { isObject, refusal } from './failure.ts';
import type { HasuraSession } from './filters.ts';
import { createJwtVerifier, type JwtVerifier } from './jwt.ts';
import type { EngineEnvironment } from './remote-schema.ts';
import type { SessionSettings } from './session.ts';

type Options = { adminSecret: string; now?: () => number; jwksPollMs?: number };

/**
 * How the engine learns who sends a request: by tokens, by a webhook, or by neither (hasura/README.md, "Session variables").
 * @throws if the JWKS cannot be fetched, since then the engine exits
 */
export async function openAuthentication(
  env: EngineEnvironment,
  { adminSecret, now = Date.now, jwksPollMs }: Options,
): Promise<SessionSettings> {
  const { HASURA_GRAPHQL_JWT_SECRET: secret, HASURA_GRAPHQL_AUTH_HOOK: hook } = env;
  const unauthorizedRole = env.HASURA_GRAPHQL_UNAUTHORIZED_ROLE ?? null;
  const byHook = hook === undefined ? null : createHook(hook);
  const jwt: JwtVerifier | null =
    secret === undefined || byHook !== null
      ? null
      : await createJwtVerifier(JSON.parse(secret), now, jwksPollMs);
  return { adminSecret, unauthorizedRole, jwt, byHook };
}

/** Asks the webhook with the client's headers: 200 with the session, 401 to refuse. */
const createHook =
  (hook: string) =>
  async ({
    host: _,
    connection: __,
    'content-length': ___,
    ...headers
  }: IncomingHttpHeaders): Promise<HasuraSession> => {
    const given = Object.entries(headers).map(([name, value]): [string, string] => [
      name,
      [value].flat().join(', '),
    ]);
    const answer = await fetch(hook, { headers: given });
    if (answer.status === 401)
      throw refusal('access-denied', 'Authentication hook unauthorized this request');
    const body: unknown = answer.status === 200 ? await answer.json() : null;
    if (!isObject(body)) throw refusal('unexpected', 'Invalid response from authorization hook', '$', 500);
    const variables = Object.entries(body).map(([name, value]) => [name.toLowerCase(), String(value)]);
    return Object.fromEntries(variables) as HasuraSession;
  };
