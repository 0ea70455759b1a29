import { createHash, timingSafeEqual } from 'node:crypto';
import { type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { ProviderError, providerError } from './provider-error.ts';

const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];

const CLOCK_TOLERANCE_SECONDS = 30;
const MAX_TOKEN_LENGTH = 16_384;

export type ExpectedIdToken = {
  idToken: string;
  /** The issuer, in which `{tenantid}` stands for the claim `tid`. */
  issuer: string;
  /** The clients for which the provider may have made the token. */
  audiences: readonly string[];
  findKey: JWTVerifyGetKey;
  /** Whether the token may name another client in `azp` if it is for the gateway alone. */
  namesApplications: boolean;
  /** The nonce that the token must have. Undefined: none is expected, and the caller looks itself. */
  nonce?: string;
  /** The access token that came with it. */
  accessToken?: string | undefined;
};

export type IdTokenClaims = JWTPayload & { sub: string; iss: string; exp: number };

const invalid = (message: string): ProviderError => new ProviderError('invalid', message);

/** The first half of the hash of an access token, as `at_hash` has it (OpenID Connect Core 3.1.3.6). */
function accessTokenHash(accessToken: string, algorithm: string): Buffer {
  const bits = /(?:256|384|512)$/.exec(algorithm)?.[0] ?? '512'; // Ed25519 hashes with SHA-512
  const digest = createHash(`sha${bits}`).update(accessToken).digest();
  return digest.subarray(0, digest.length / 2);
}

/** Checks that the ID token and the access token belong together, where the ID token says so. */
function checkAccessToken(
  { at_hash: stated }: JWTPayload,
  algorithm: string,
  { accessToken }: ExpectedIdToken,
): void {
  if (accessToken === undefined || stated === undefined) return;
  const expected = accessTokenHash(accessToken, algorithm);
  const given = Buffer.from(typeof stated === 'string' ? stated : '', 'base64url');
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    throw invalid('The ID token belongs to another access token.');
}

/** Checks for whom the token was made. If for several, the one that asked for it must be ours. */
function checkAudience({ aud, azp }: JWTPayload, { audiences, namesApplications }: ExpectedIdToken): void {
  const all = [aud ?? []].flat();
  if (!all.some((each) => audiences.includes(each))) throw invalid('The ID token is for another audience.');
  if (all.length > 1 && azp === undefined) throw invalid('The ID token is for several audiences.');
  if (namesApplications && all.length === 1) return;
  if (azp !== undefined && !audiences.includes(String(azp)))
    throw invalid('Another client asked for the ID token.');
}

/**
 * Verifies an ID token: signature, issuer, audience, expiry, and the nonce and access token that belong to it
 * (OpenID Connect Core 3.1.3.7).
 * @throws ProviderError
 */
export async function verifyIdToken(expected: ExpectedIdToken): Promise<IdTokenClaims> {
  const { idToken, issuer, findKey, nonce } = expected;
  if (idToken.length > MAX_TOKEN_LENGTH) throw invalid('The ID token is too long.');
  const { payload, protectedHeader } = await jwtVerify(idToken, findKey, {
    algorithms: ALGORITHMS,
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    requiredClaims: ['iss', 'sub', 'aud', 'exp', 'iat'],
  }).catch((error: unknown) => Promise.reject(providerError(error, 'The check of an ID token')));
  const { sub = '', iss = '', exp = 0 } = payload;
  const tenant = typeof payload.tid === 'string' && /^[\w-]{1,64}$/.test(payload.tid) ? payload.tid : '';
  if (iss !== issuer.replace('{tenantid}', tenant)) throw invalid('The ID token is of another issuer.');
  checkAudience(payload, expected);
  checkAccessToken(payload, protectedHeader.alg, expected);
  if (nonce !== undefined && payload.nonce !== nonce)
    throw invalid('The nonce of the ID token is another one.');
  return { ...payload, sub, iss, exp };
}
