import { type CryptoKey, compactVerify, importJWK, importSPKI, type JWTPayload } from 'jose';
import { isObject, refusal } from './failure.ts';
import type { HasuraSession } from './filters.ts';
import { openJwks } from './jwks.ts';

/** HASURA_GRAPHQL_JWT_SECRET: the address of a key set, or one key (hasura/README.md, "Environment variables"). */
type JwtSecret = {
  jwk_url?: string;
  type?: string;
  key?: string;
  issuer?: string;
  audience?: string | string[];
  allowed_skew?: number;
};
type Keys = () => Promise<readonly (CryptoKey | Uint8Array)[]>;

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
  const keys = await openKeys(secret, now, jwksPollMs);
  return {
    async sessionOf(token, requestedRole) {
      const payload = await verifySignature(await keys(), token);
      requireClaims(secret, payload, now() / 1000);
      return readSession(payload, requestedRole);
    },
  };
}

async function openKeys(
  { jwk_url: url, type = '', key = '' }: JwtSecret,
  now: () => number,
  pollMs?: number,
): Promise<Keys> {
  if (url !== undefined) {
    const jwks = await openJwks(url, now, pollMs);
    return async () => Promise.all((await jwks.current()).map((jwk) => importJWK(jwk, jwk.alg)));
  }
  const known = type.startsWith('HS') ? new TextEncoder().encode(key) : await importSPKI(key, type);
  return async () => [known];
}

const unverified = (reason: string) => refusal('invalid-jwt', `Could not verify JWT: ${reason}`);

/** Tries every key of the set and ignores `kid`. */
async function verifySignature(keys: Awaited<ReturnType<Keys>>, token: string): Promise<JWTPayload> {
  for (const key of keys) {
    const verified = await compactVerify(token, key).catch(() => null);
    if (verified !== null) return JSON.parse(Buffer.from(verified.payload).toString()) as JWTPayload;
  }
  throw unverified('JWSError JWSInvalidSignature');
}

/** Checks in the engine's order. A token without time, issuer or audience passes. */
function requireClaims(
  { issuer, audience, allowed_skew: skew = 0 }: JwtSecret,
  { exp, iat, nbf, iss, aud }: JWTPayload,
  now: number,
): void {
  if (exp !== undefined && now >= exp + skew) throw unverified('JWTExpired');
  if (iat !== undefined && iat > now + skew) throw unverified('JWTIssuedAtFuture');
  if (nbf !== undefined && now < nbf - skew) throw unverified('JWTNotYetValid');
  if (issuer !== undefined && iss !== undefined && iss !== issuer) throw unverified('JWTNotInIssuer');
  const audiences = [audience ?? []].flat();
  const isMeant =
    audiences.length === 0 || aud === undefined || [aud].flat().some((name) => audiences.includes(name));
  if (!isMeant) throw unverified('JWTNotInAudience');
}

const invalid = (message: string) => refusal('jwt-invalid-claims', message);

function readSession(payload: JWTPayload, requestedRole: string | undefined): HasuraSession {
  const namespace = payload[CLAIMS];
  if (!isObject(namespace)) throw refusal('jwt-missing-role-claims', `claims key: '${CLAIMS}' not found`);
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
