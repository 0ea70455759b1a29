import { compactVerify, importJWK, type JWK, type JWTPayload } from 'jose';
import { isObject, refusal } from './failure.ts';
import type { HasuraSession } from './filters.ts';
import { openJwks } from './jwks.ts';

/** The fields of HASURA_GRAPHQL_JWT_SECRET that hasura/README.md, "Environment variables", sets. */
type JwtSecret = { jwk_url: string; issuer: string; audience: string; allowed_skew: number };

export type JwtVerifier = {
  /** The session of a token, in the requested role or else the token's default role. */
  sessionOf(token: string, requestedRole: string | undefined): Promise<HasuraSession>;
};

const CLAIMS = 'https://hasura.io/jwt/claims';

/**
 * Verifies tokens as the engine does (hasura/README.md, "JWT claims").
 * @throws if the JWKS cannot be fetched at the start
 */
export async function createJwtVerifier(
  secret: JwtSecret,
  now: () => number,
  jwksPollMs?: number,
): Promise<JwtVerifier> {
  const jwks = await openJwks(secret.jwk_url, now, jwksPollMs);
  return {
    async sessionOf(token, requestedRole) {
      const payload = await verifySignature(await jwks.current(), token);
      requireClaims(secret, payload, now() / 1000);
      return readSession(payload, requestedRole);
    },
  };
}

const unverified = (reason: string) => refusal('invalid-jwt', `Could not verify JWT: ${reason}`);

/** Tries every key of the set and ignores `kid`. */
async function verifySignature(keys: readonly JWK[], token: string): Promise<JWTPayload> {
  for (const key of keys) {
    const verified = await compactVerify(token, await importJWK(key, key.alg)).catch(() => null);
    if (verified !== null) return JSON.parse(Buffer.from(verified.payload).toString()) as JWTPayload;
  }
  throw unverified('JWSError JWSInvalidSignature');
}

/** Checks in the engine's order. A token without time, issuer or audience passes. */
function requireClaims(
  { issuer, audience, allowed_skew: skew }: JwtSecret,
  { exp, iat, nbf, iss, aud }: JWTPayload,
  now: number,
): void {
  if (exp !== undefined && now >= exp + skew) throw unverified('JWTExpired');
  if (iat !== undefined && iat > now + skew) throw unverified('JWTIssuedAtFuture');
  if (nbf !== undefined && now < nbf - skew) throw unverified('JWTNotYetValid');
  if (iss !== undefined && iss !== issuer) throw unverified('JWTNotInIssuer');
  if (aud !== undefined && ![aud].flat().includes(audience)) throw unverified('JWTNotInAudience');
}

const invalid = (message: string) => refusal('jwt-invalid-claims', message);

function readSession(payload: JWTPayload, requestedRole: string | undefined): HasuraSession {
  const namespace = payload[CLAIMS];
  if (!isObject(namespace)) throw invalid(`claims key: '${CLAIMS}' not found`);
  const claims = Object.fromEntries(
    Object.entries(namespace).flatMap(([name, value]): [string, unknown][] =>
      /^x-hasura-/i.test(name) ? [[name.toLowerCase(), value]] : [],
    ),
  );
  const {
    'x-hasura-allowed-roles': allowed,
    'x-hasura-default-role': standard,
    ...variables
  } = claims as Record<string, unknown>;
  if (!Array.isArray(allowed)) throw invalid('x-hasura-allowed-roles is not a list');
  if (typeof standard !== 'string') throw invalid('x-hasura-default-role is not a text');
  const role = requestedRole || standard;
  if (!allowed.includes(role)) throw refusal('access-denied', 'Your requested role is not in allowed roles');
  for (const [name, value] of Object.entries(variables))
    if (typeof value !== 'string') throw invalid(`${name} is not a text`);
  return { ...(variables as Record<string, string>), 'x-hasura-role': role };
}
