import { createLocalJWKSet, type JWK } from 'jose';
import { JWKS_PATH } from './keys.ts';

/** A JWKS of a gateway, and when it was requested: the set holds all keys published before. */
type JwkSet = { keys: JWK[]; maxAgeMs: number; askedAt: number };
export type Source = () => Promise<JwkSet>;
export type Clock = () => number;

export const fetchFrom = (url: () => string, now: Clock): Source => {
  return async () => {
    const askedAt = now();
    const response = await fetch(url() + JWKS_PATH);
    if (!response.ok) throw new Error(`The JWKS address answers ${response.status}.`);
    const { keys } = (await response.json()) as { keys: JWK[] };
    const [, seconds] = /^public, max-age=(\d+)$/.exec(response.headers.get('cache-control') ?? '') ?? [];
    return { keys, maxAgeMs: Number(seconds) * 1000, askedAt };
  };
};

/** An HTTP cache in front of the gateways. It tells the age of its answers in `Age`, which Hasura does not read. */
export function throughCache(source: Source, now: Clock): Source {
  let kept: JwkSet | undefined;
  let keptUntil = 0;
  return async () => {
    if (kept !== undefined && now() < keptUntil) return kept;
    kept = await source();
    keptUntil = now() + kept.maxAgeMs;
    return kept;
  };
}

export type CachingVerifier = {
  /** The check that runs in the background at intervals. */
  look(): Promise<void>;
  held(): { find: ReturnType<typeof createLocalJWKSet>; ids: string[]; askedAt: number };
};

/**
 * Keeps the JWKS as Hasura does: for `max-age`, without a fetch for an unknown key. Only the check at intervals finds a set that
 * is too old. After a failed fetch the verifier keeps its set until the next check.
 */
export async function openVerifier(
  source: Source,
  { now, failsEvery = Number.POSITIVE_INFINITY }: { now: Clock; failsEvery?: number },
): Promise<CachingVerifier> {
  const fetchSet = async () => {
    const { keys, maxAgeMs, askedAt } = await source();
    const ids = keys.map(({ kid }) => kid ?? '');
    return { find: createLocalJWKSet({ keys }), ids, askedAt, staleAt: now() + maxAgeMs };
  };
  let set = await fetchSet();
  let tries = 1;
  return {
    held: () => set,
    async look() {
      if (now() < set.staleAt) return;
      tries += 1;
      if (tries % failsEvery !== 0) set = await fetchSet().catch(() => set);
    },
  };
}
