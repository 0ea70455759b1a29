import { createLocalJWKSet, type JWK } from 'jose';
import { JWKS_PATH } from './keys.ts';

/** An answer of a gateway, and when it was asked for: what was published earlier is in it. */
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

/** An HTTP cache in front of the gateways. How old its answers are it says in `Age`, which Hasura does not read. */
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
  /** What goes on in the background now and then. */
  look(): Promise<void>;
  held(): { find: ReturnType<typeof createLocalJWKSet>; ids: string[]; askedAt: number };
};

/**
 * Keeps the JWKS as Hasura does: for as long as `max-age` says, and an unknown key is no reason to ask again. It looks only
 * now and then whether its set has grown too old, and leaves it at that until the next look when a fetch failed.
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
