import { z } from 'zod';
import { DAY, seconds, text } from '../parsers.ts';
import { variable } from '../variable.ts';

/** How long tokens, sessions and signing keys live. */
export const tokenVariables = {
  JWT_ALGORITHM: variable({
    parser: z.enum(['ES256', 'RS256', 'EdDSA']),
    default: 'ES256',
    description: '`alg` of newly generated keys: ES256, RS256 or EdDSA.',
  }),
  JWT_AUDIENCE: variable({ parser: text(), default: 'hasura', description: '`aud` of tokens.' }),
  ACCESS_TOKEN_TTL: variable({
    parser: seconds(1, DAY),
    default: '900',
    description: 'Seconds an access token lives.',
  }),
  PORTAL_TOKEN_TTL: variable({
    parser: seconds(1, 30 * DAY),
    default: String(DAY),
    description: 'Seconds a token of the portal endpoints lives, which have no refresh.',
  }),
  REFRESH_TOKEN_TTL: variable({
    parser: seconds(60, 365 * DAY),
    default: String(30 * DAY),
    description: 'Seconds a refresh token lives unused.',
  }),
  REFRESH_REUSE_INTERVAL: variable({
    parser: seconds(0, 3600),
    default: '30',
    description:
      'Seconds for which a repeated use of a refresh token yields the same successor: several tabs, a lost answer. Later it ends the session.',
  }),
  SESSION_TTL: variable({
    parser: seconds(60, 3650 * DAY),
    default: String(90 * DAY),
    description: 'Seconds after which a session ends, whatever happens.',
  }),
  REFRESH_COOKIE: variable({
    parser: z.enum(['off', 'strict', 'lax', 'none']),
    default: 'off',
    description:
      'Lets browsers keep the refresh token in an httpOnly cookie of this SameSite: strict, lax, or none for pages of another site. The pages must be of PUBLIC_URL or CORS_ORIGINS.',
  }),
  JWK_TTL: variable({
    parser: seconds(60, 3650 * DAY),
    default: String(365 * DAY),
    description:
      'Seconds a generated signing key lives. At least 3 × (2 × JWKS_MAX_AGE + 150) + 5 × HOUSEKEEPING_SECONDS: then its successor is published in time.',
  }),
  JWKS_MAX_AGE: variable({
    parser: seconds(1, DAY),
    default: '300',
    description:
      'Seconds a verifier may cache the JWKS. A new key waits twice this long and 150 s before it signs. Before changing it read “Signing keys”.',
  }),
};
