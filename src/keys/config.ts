/** What is configured about signing keys, as the environment has it. */
export type KeyConfig = Readonly<{
  algorithm: 'ES256' | 'RS256' | 'EdDSA';
  /** How long a generated key lives. */
  ttlSeconds: number;
  /** How long a verifier may cache the JWKS. */
  jwksMaxAgeSeconds: number;
}>;

/**
 * How late a verifier may be when its cache ends. Hasura looks once a minute whether its set has grown too old, and a minute
 * later again when it could not fetch it; the rest is for answers under way, a key's commit and a busy machine.
 */
const VERIFIER_LATENESS_SECONDS = 60 + 60 + 30;

/**
 * Seconds for which a new key is only published: until then some verifier may lack it. Its answer may come from an HTTP
 * cache in front of the gateway, which has kept it for max-age, and Hasura, which does not read `Age`, keeps it as long again.
 */
export const publicationLeadSeconds = ({ jwksMaxAgeSeconds }: Pick<KeyConfig, 'jwksMaxAgeSeconds'>): number =>
  2 * jwksMaxAgeSeconds + VERIFIER_LATENESS_SECONDS;

/** The shortest life of a key that leaves its successor, which is made in the middle of it, time to be published. */
export const shortestKeySeconds = (keys: Pick<KeyConfig, 'jwksMaxAgeSeconds'>): number =>
  3 * publicationLeadSeconds(keys);
