import { z } from 'zod';
import { DAY, seconds, text } from '../parsers.ts';

/** How long tokens, sessions and signing keys live. */
export const tokenVariables = {
  JWT_ALGORITHM: z.enum(['ES256', 'RS256', 'EdDSA']).default('ES256').meta({
    description: '`alg` of newly generated keys: ES256, RS256 or EdDSA.',
  }),
  JWT_AUDIENCE: text().default('hasura').meta({ description: '`aud` of tokens.' }),
  ACCESS_TOKEN_TTL: seconds(1, DAY).prefault('900').meta({ description: 'Seconds an access token lives.' }),
  PORTAL_TOKEN_TTL: seconds(1, 30 * DAY)
    .prefault(String(DAY))
    .meta({ description: 'Seconds a token of the portal endpoints lives. They have no refresh.' }),
  REFRESH_TOKEN_TTL: seconds(60, 365 * DAY)
    .prefault(String(30 * DAY))
    .meta({ description: 'Seconds a refresh token lives unused.' }),
  REFRESH_REUSE_INTERVAL: seconds(0, 3600).prefault('30').meta({
    description:
      'Seconds for which a repeated use of a refresh token returns the same next token: several tabs, a lost answer. A later one ends the session.',
  }),
  SESSION_TTL: seconds(60, 3650 * DAY)
    .prefault(String(90 * DAY))
    .meta({ description: 'Seconds after which a session ends in any case.' }),
  REFRESH_COOKIE: z.enum(['off', 'strict', 'lax', 'none']).default('off').meta({
    description:
      'Lets browsers keep the refresh token in an httpOnly cookie with this SameSite: strict, lax, or none for pages of another site. The pages must have an origin of PUBLIC_URL or CORS_ORIGINS.',
  }),
  JWK_TTL: seconds(60, 3650 * DAY)
    .prefault(String(365 * DAY))
    .meta({
      description:
        'Seconds a generated signing key lives. At least 3 × (2 × JWKS_MAX_AGE + 150) + 5 × HOUSEKEEPING_SECONDS, so that the next key is published in time.',
    }),
  JWKS_MAX_AGE: seconds(1, DAY).prefault('300').meta({
    description:
      'Seconds a verifier may cache the JWKS. A new key waits twice this long and 150 s before it signs. Before changing it read [Signing keys](../commands/README.md#signing-keys).',
  }),
};
