import { z } from 'zod';
import { shortestKeySeconds } from '../key-schedule.ts';
import { DAY, seconds, text } from '../parsers.ts';
import { variable } from '../variable.ts';
import type { Environment } from '../variables.ts';
import { publicUrlOf } from './server.ts';

/** The lifetimes of tokens, sessions and signing keys. */
export const tokenVariables = {
  JWT_ALGORITHM: variable({
    parser: z.enum(['ES256', 'RS256', 'EdDSA']),
    default: 'ES256',
    description: '`alg` of new signing keys: ES256, RS256 or EdDSA.',
  }),
  JWT_AUDIENCE: variable({ parser: text(), default: 'hasura', description: '`aud` of tokens.' }),
  ACCESS_TOKEN_TTL: variable({
    parser: seconds(1, DAY),
    default: '900',
    description: 'Seconds that an access token lives.',
  }),
  PORTAL_TOKEN_TTL: variable({
    parser: seconds(1, 30 * DAY),
    default: String(DAY),
    description: 'Seconds that a token of the portal endpoints lives. These endpoints have no refresh.',
  }),
  REFRESH_TOKEN_TTL: variable({
    parser: seconds(60, 365 * DAY),
    default: String(30 * DAY),
    description: 'Seconds that an unused refresh token lives.',
  }),
  REFRESH_REUSE_INTERVAL: variable({
    parser: seconds(0, 3600),
    default: '30',
    description:
      'Seconds in which a client may use a refresh token again and gets the same successor. This covers several tabs and lost answers. A later reuse ends the session.',
  }),
  SESSION_TTL: variable({
    parser: seconds(60, 3650 * DAY),
    default: String(90 * DAY),
    description: 'Seconds after which a session ends, even if it is in use.',
  }),
  REFRESH_COOKIE: variable({
    parser: z.enum(['off', 'strict', 'lax', 'none']),
    default: 'off',
    description:
      'SameSite of an httpOnly cookie that keeps the refresh token in browsers: strict, lax or none. `none` is for pages of another site. The origin of the pages must be that of PUBLIC_URL or in CORS_ORIGINS.',
  }),
  JWK_TTL: variable({
    parser: seconds(60, 3650 * DAY),
    default: String(365 * DAY),
    description:
      'Seconds that a signing key lives. At least 3 × (2 × JWKS_MAX_AGE + 150) + 5 × HOUSEKEEPING_SECONDS, so that its successor is published in time.',
  }),
  JWKS_MAX_AGE: variable({
    parser: seconds(1, DAY),
    default: '300',
    description:
      'Seconds that a verifier may cache the JWKS. A new key signs after twice this time plus 150 seconds. Read [Signing keys](../commands/README.md#signing-keys) before you change it.',
  }),
};

export const tokenConfig = (e: Environment) => ({
  tokens: {
    issuer: publicUrlOf(e),
    audience: e.JWT_AUDIENCE,
    accessTtlSeconds: e.ACCESS_TOKEN_TTL,
    portalTtlSeconds: e.PORTAL_TOKEN_TTL,
  },
  sessions: {
    ttlSeconds: e.SESSION_TTL,
    refreshTtlSeconds: e.REFRESH_TOKEN_TTL,
    /** Seconds after an exchange in which a second use of the token is a repeat. */
    reuseIntervalSeconds: e.REFRESH_REUSE_INTERVAL,
  },
  /** SameSite of the refresh cookie. */
  refreshCookie: e.REFRESH_COOKIE,
  keys: {
    algorithm: e.JWT_ALGORITHM,
    /** Seconds that a generated key lives. */
    ttlSeconds: e.JWK_TTL,
    /** Seconds that a verifier may cache the JWKS. */
    jwksMaxAgeSeconds: e.JWKS_MAX_AGE,
    /** The longest lifetime of a token. */
    longestTokenSeconds: Math.max(e.ACCESS_TOKEN_TTL, e.PORTAL_TOKEN_TTL),
    /** Seconds between two checks whether a key needs a successor. */
    housekeepingSeconds: e.HOUSEKEEPING_SECONDS,
  },
});

/** Requires https for a cookie with SameSite=None: browsers store it from https only. */
export const cookieProblems = ({ REFRESH_COOKIE, PUBLIC_URL }: Environment): string[] =>
  REFRESH_COOKIE === 'none' && !PUBLIC_URL?.startsWith('https:')
    ? ['REFRESH_COOKIE: none needs a PUBLIC_URL with https']
    : [];

/** Reports a key that would end before its successor is published. */
export function keyLifeProblems({ JWK_TTL, JWKS_MAX_AGE, HOUSEKEEPING_SECONDS }: Environment): string[] {
  const needed = shortestKeySeconds({
    jwksMaxAgeSeconds: JWKS_MAX_AGE,
    housekeepingSeconds: HOUSEKEEPING_SECONDS,
  });
  if (JWK_TTL >= needed) return [];
  // If the lifetime is very short, only raising it helps.
  const canLower = JWK_TTL >= shortestKeySeconds({ jwksMaxAgeSeconds: 1, housekeepingSeconds: 1 });
  return [
    `JWK_TTL: a key would end before its successor is published. Raise JWK_TTL to at least ${needed}${
      canLower ? ', or lower JWKS_MAX_AGE or HOUSEKEEPING_SECONDS.' : '.'
    }`,
  ];
}
