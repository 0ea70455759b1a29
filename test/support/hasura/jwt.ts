import { compactVerify, decodeJwt, decodeProtectedHeader, importJWK, type JWK, type JWTPayload } from 'jose';
import { refusal } from './failure.ts';
import type { HasuraSession } from './filters.ts';
import { kindOf } from './json.ts';
import { openJwks } from './jwks.ts';

/** The engine's HASURA_GRAPHQL_JWT_SECRET, as far as hasura/README.md, "Environment variables", sets it. */
export type JwtSecret = { jwk_url: string; issuer: string; audience: string; allowed_skew: number };

export type JwtVerifier = {
  /** The session that a token stands for, in the role that the request asks for or the token's default one. */
  sessionOf(token: string, requestedRole: string | undefined): Promise<HasuraSession>;
};

const CLAIMS = 'https://hasura.io/jwt/claims';
const ALGORITHMS = /^(?:(?:HS|RS|ES|PS)(?:256|384|512)|EdDSA)$/;

/**
 * Verifies tokens as the engine does (hasura/README.md, "JWT claims").
 * @throws where the JWKS cannot be fetched at the start
 */
export async function createJwtVerifier(
  secret: JwtSecret,
  now: () => number,
  jwksPollMs?: number,
): Promise<JwtVerifier> {
  const jwks = await openJwks(secret.jwk_url, now, jwksPollMs);
  return {
    async sessionOf(token, requestedRole) {
      // Of whoever it is: the signature comes later.
      const issuer = claimedIssuer(token);
      if (issuer !== undefined && issuer !== secret.issuer) throw unverified('JWTNotInIssuer');
      const payload = await verifySignature(await jwks.current(), token);
      requireClaims(secret, payload, now() / 1000);
      return readSession(payload, requestedRole);
    },
  };
}

const unverified = (reason: string) => refusal('invalid-jwt', `Could not verify JWT: ${reason}`);

function claimedIssuer(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

/** Any key of the set may have signed: `kid` is not looked at. */
async function verifySignature(keys: readonly JWK[], token: string): Promise<JWTPayload> {
  const parts = token.split('.').length;
  if (parts !== 3)
    throw unverified(`JWSError (CompactDecodeError Invalid number of parts: Expected 3 parts; got ${parts})`);
  const alg = claimedAlgorithm(token);
  if (!ALGORITHMS.test(alg)) throw unverified('JWSError JWSNoSignatures');
  if (keys.length === 0) throw unverified('JWSError NoUsableKeys');
  for (const key of keys) {
    const payload = await payloadBy(key, alg, token);
    if (payload !== null) return payload;
  }
  throw unverified('JWSError JWSInvalidSignature');
}

function claimedAlgorithm(token: string): string {
  try {
    return decodeProtectedHeader(token).alg ?? '';
  } catch (error) {
    // The words after this are those of the engine's JSON library.
    throw unverified(`JWSError (JSONDecodeError "${(error as Error).message}")`);
  }
}

async function payloadBy(key: JWK, alg: string, token: string): Promise<JWTPayload | null> {
  try {
    await compactVerify(token, await importJWK(key, alg));
    return decodeJwt(token);
  } catch {
    return null;
  }
}

/** In the engine's order. A token that names no time, issuer or audience passes. */
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
const mismatch = (what: string, expected: string, value: unknown): string =>
  `parsing ${what} failed, expected ${expected}, but encountered ${kindOf(value)}`;

function requireClaim(claims: Record<string, unknown>, name: string): unknown {
  if (name in claims) return claims[name];
  throw refusal('jwt-missing-role-claims', `JWT claim does not contain ${name}`);
}

function readSession(payload: JWTPayload, requestedRole: string | undefined): HasuraSession {
  const namespace = payload[CLAIMS];
  if (namespace === undefined) throw invalid(`claims key: '${CLAIMS}' not found`);
  if (kindOf(namespace) !== 'Object') throw invalid('expecting a json object when claims_format is json');
  const claims = Object.fromEntries(
    Object.entries(namespace as object).flatMap(([name, value]): [string, unknown][] =>
      /^x-hasura-/i.test(name) ? [[name.toLowerCase(), value]] : [],
    ),
  );
  const allowed = requireClaim(claims, 'x-hasura-allowed-roles');
  if (!Array.isArray(allowed))
    throw invalid(
      `invalid x-hasura-allowed-roles; should be a list of roles: ${mismatch('[]', 'Array', allowed)}`,
    );
  const standard = requireClaim(claims, 'x-hasura-default-role');
  if (typeof standard !== 'string')
    throw invalid(
      `invalid x-hasura-default-role; should be a single role name: ${mismatch('Text', 'String', standard)}`,
    );
  const role = requestedRole || standard;
  if (!allowed.includes(role)) throw refusal('access-denied', 'Your requested role is not in allowed roles');
  const { 'x-hasura-allowed-roles': _, 'x-hasura-default-role': __, ...variables } = claims;
  for (const value of Object.values(variables))
    if (typeof value !== 'string') throw invalid(`x-hasura-* claims: ${mismatch('Text', 'String', value)}`);
  return { ...(variables as Record<string, string>), 'x-hasura-role': role };
}
