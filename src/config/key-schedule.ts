import type { KeyConfig } from './config.ts';

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

/** In this time the gateway looks twice, though a round comes up to a quarter late: one of them may fail. */
const twoRoundsSeconds = ({ housekeepingSeconds }: Pick<KeyConfig, 'housekeepingSeconds'>): number =>
  2.5 * housekeepingSeconds;

/**
 * How long before its end the last key needs a successor: so long that there is always one that outlives its own publication
 * plus the longest token. Half of a key's life at most, so that keys which live for an hour are not replaced at every round.
 */
export const renewalSeconds = (keys: KeyConfig): number =>
  Math.min(
    2 * publicationLeadSeconds(keys) + keys.longestTokenSeconds + twoRoundsSeconds(keys),
    keys.ttlSeconds / 2,
  );

/**
 * The shortest life of a key: in half of it a successor is made and published, whichever round makes it. Half a lead more is
 * for a database that is away.
 */
export const shortestKeySeconds = (
  keys: Pick<KeyConfig, 'jwksMaxAgeSeconds' | 'housekeepingSeconds'>,
): number => 2 * (1.5 * publicationLeadSeconds(keys) + twoRoundsSeconds(keys));
