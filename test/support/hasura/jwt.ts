import { createLocalJWKSet, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose';
import { JWTExpired } from 'jose/errors';
import { refusal } from './failure.ts';
import type { HasuraSession } from './filters.ts';

/** The engine's HASURA_GRAPHQL_JWT_SECRET, as far as hasura/README.md, "Environment variables", sets it. */
export type JwtSecret = { jwk_url: string; issuer: string; audience: string; allowed_skew: number };

export type JwtVerifier = {
  /** The session that a token stands for, in the role that the request asks for or the token's default one. */
  sessionOf(token: string, requestedRole: string | undefined): Promise<HasuraSession>;
};

type CachedKeys = { find: ReturnType<typeof createLocalJWKSet>; staleAt: number };

/** One key that cannot be read spoils the whole set (hasura/README.md, "JWT claims"). */
function requireReadable({ keys }: JSONWebKeySet): void {
  for (const { kid, alg, use } of keys)
    if (kid === undefined || alg === undefined || use !== 'sig')
      throw new Error(`A key of the JWKS cannot be read: ${kid}`);
}

/** Without `max-age` the set would never be fetched again. */
const maxAgeMs = (cacheControl: string | null): number => {
  const seconds = /(?:^|[\s,])(?:s-)?max-?age=(\d+)/.exec(cacheControl ?? '')?.[1];
  return seconds === undefined ? Number.POSITIVE_INFINITY : Number(seconds) * 1000;
};

async function fetchKeys(url: string, now: () => number): Promise<CachedKeys> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`The JWKS address answers ${response.status}.`);
  const set = (await response.json()) as JSONWebKeySet;
  requireReadable(set);
  return { find: createLocalJWKSet(set), staleAt: now() + maxAgeMs(response.headers.get('cache-control')) };
}

/**
 * Verifies tokens as the engine does (hasura/README.md, "JWT claims"): the set is fetched at the start, which fails
 * without it, and again when its `max-age` has passed, never because of a key that it lacks.
 */
export async function createJwtVerifier(secret: JwtSecret, now: () => number): Promise<JwtVerifier> {
  let keys = await fetchKeys(secret.jwk_url, now);
  async function currentKeys(): Promise<CachedKeys> {
    // A set that cannot be fetched anew leaves the old one in use.
    if (now() >= keys.staleAt) keys = await fetchKeys(secret.jwk_url, now).catch(() => keys);
    return keys;
  }
  return {
    async sessionOf(token, requestedRole) {
      return readSession(await verify(secret, await currentKeys(), token, now), requestedRole);
    },
  };
}

const unverified = (reason: string) => refusal('invalid-jwt', `Could not verify JWT: ${reason}`);

async function verify(
  { issuer, audience, allowed_skew: clockTolerance }: JwtSecret,
  { find }: CachedKeys,
  token: string,
  now: () => number,
): Promise<JWTPayload> {
  const { payload } = await jwtVerify(token, find, { clockTolerance, currentDate: new Date(now()) }).catch(
    (error: unknown) => {
      throw unverified(error instanceof JWTExpired ? 'JWTExpired' : 'JWSError JWSInvalidSignature');
    },
  );
  // A token that names no issuer or audience passes.
  if (payload.iss !== undefined && payload.iss !== issuer) throw unverified('JWTNotInIssuer');
  if (payload.aud !== undefined && ![payload.aud].flat().includes(audience))
    throw unverified('JWTNotInAudience');
  return payload;
}

function readSession(payload: JWTPayload, requestedRole: string | undefined): HasuraSession {
  const namespace = payload['https://hasura.io/jwt/claims'];
  if (typeof namespace !== 'object' || namespace === null)
    throw refusal('jwt-missing-role-claims', "claims key: 'https://hasura.io/jwt/claims' not found");
  const claims = Object.fromEntries(
    Object.entries(namespace).map(([name, value]) => [name.toLowerCase(), value as unknown]),
  );
  const { 'x-hasura-allowed-roles': allowed, 'x-hasura-default-role': standard, ...others } = claims;
  if (!Array.isArray(allowed) || typeof standard !== 'string')
    throw refusal('jwt-missing-role-claims', 'JWT claim does not contain the roles');
  const role = requestedRole ?? standard;
  if (!allowed.includes(role)) throw refusal('access-denied', 'Your requested role is not in allowed roles');
  const variables = Object.entries(others).filter(([name]) => name.startsWith('x-hasura-'));
  for (const [, value] of variables)
    if (typeof value !== 'string') throw refusal('jwt-invalid-claims', 'invalid x-hasura-* claims');
  return { ...(Object.fromEntries(variables) as Record<string, string>), 'x-hasura-role': role };
}
