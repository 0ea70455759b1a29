import type { KeyConfig } from './config.ts';

/**
 * How late a verifier may be when its cache ends. Hasura checks the age of its key set once a minute. If a fetch fails, it
 * tries again a minute later. The rest is for the network, a key's commit and a busy machine.
 */
const VERIFIER_LATENESS_SECONDS = 60 + 60 + 30;

/**
 * Returns the seconds for which a new key is published but does not sign, since a verifier may lack it. An HTTP cache in front
 * of the gateway may keep a key set for max-age. Hasura does not read `Age`, so it keeps that set for another max-age.
 */
export const publicationLeadSeconds = ({ jwksMaxAgeSeconds }: Pick<KeyConfig, 'jwksMaxAgeSeconds'>): number =>
  2 * jwksMaxAgeSeconds + VERIFIER_LATENESS_SECONDS;

/** Returns the seconds in which housekeeping runs twice, so that one run may fail. A round is up to a quarter late. */
const twoRoundsSeconds = ({ housekeepingSeconds }: Pick<KeyConfig, 'housekeepingSeconds'>): number =>
  2.5 * housekeepingSeconds;

/**
 * Returns how many seconds before its end the last key needs a successor. A key must always exist that outlives its
 * publication plus the longest token. The result is at most half of a key's lifetime, so that short-lived keys are not
 * replaced in every round.
 */
export const renewalSeconds = (keys: KeyConfig): number =>
  Math.min(
    2 * publicationLeadSeconds(keys) + keys.longestTokenSeconds + twoRoundsSeconds(keys),
    keys.ttlSeconds / 2,
  );

/**
 * Returns the shortest lifetime of a key. A successor must be made and published within half of it. The extra half of a lead
 * is for an outage of the database.
 */
export const shortestKeySeconds = (
  keys: Pick<KeyConfig, 'jwksMaxAgeSeconds' | 'housekeepingSeconds'>,
): number => 2 * (1.5 * publicationLeadSeconds(keys) + twoRoundsSeconds(keys));
