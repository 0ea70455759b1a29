import { createPublicKey } from 'node:crypto';
import type { JWK } from 'jose';

/** How often the poller looks. */
const POLL_MS = 60_000;

export type Jwks = {
  /** The keys that the engine has by now. */
  current(): Promise<readonly JWK[]>;
};

/** `lifeMs` is null where the answer says nothing of it. */
type Fetched = { keys: readonly JWK[]; lifeMs: number | null };

/** One key that cannot be read spoils the whole set (hasura/README.md, "JWT claims"). It need not have a `kid`, `alg` or `use`. */
function requireReadable(keys: readonly JWK[]): void {
  for (const key of keys) {
    const isOfKnownUse = key.use === undefined || key.use === 'sig' || key.use === 'enc';
    if (!isOfKnownUse || !hasParameters(key))
      throw new Error(`Error parsing JWK from url: the key ${key.kid} cannot be read.`);
  }
}

/** Whether its parameters are those of a key of its `kty`. */
function hasParameters(key: JWK): boolean {
  if (key.kty === 'oct') return typeof key.k === 'string';
  try {
    createPublicKey({ key, format: 'jwk' });
    return true;
  } catch {
    return false;
  }
}

/** For how long the set is good, where its answer says so. */
function lifeOf(headers: Headers, now: number): number | null {
  const directives = (headers.get('cache-control') ?? '').toLowerCase().split(/\s*,\s*/);
  const maxAge = directives
    .map((directive) => /^(?:s-maxage|max-age)=(\d+)$/.exec(directive)?.[1])
    .find(Boolean);
  const maxAgeMs = maxAge === undefined ? null : Number(maxAge) * 1000;
  if (directives.includes('must-revalidate')) return maxAgeMs ?? 0;
  if (directives.includes('no-cache') || directives.includes('no-store')) return 0;
  const expires = Date.parse(headers.get('expires') ?? '');
  return maxAgeMs ?? (Number.isNaN(expires) ? null : expires - now);
}

async function fetchJwks(url: string, now: number): Promise<Fetched> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`Non-2xx response on fetching JWK from: "${url}" (${response.status})`);
  const { keys } = (await response.json()) as { keys: JWK[] };
  requireReadable(keys);
  return { keys, lifeMs: lifeOf(response.headers, now) };
}

/**
 * The engine's cache of the JWKS (hasura/README.md, "JWT claims"). It fetches the set at its start, exits where that fails, and
 * throws what it got away. Then a poller looks at once and every 60 seconds, or as often as a test can wait for: it fetches where
 * it has no keys, or where the set has outlived what its answer said. A failed fetch leaves everything as it is until the next look,
 * and so does an answer without a lifetime, but for the keys: where a lifetime is over already, every look fetches.
 *
 * The looks happen here when somebody asks for the keys, as many as are due by the clock that was passed in: what a look
 * finds is what the gateway publishes by then.
 * @throws where the set cannot be fetched at the start
 */
export async function openJwks(url: string, now: () => number, pollMs = POLL_MS): Promise<Jwks> {
  await fetchJwks(url, now());
  const startedAt = now();
  let keys: readonly JWK[] = [];
  let expiresAt = Number.POSITIVE_INFINITY;
  let lifeMs: number | null = null;
  let looks = -1;
  let looking: Promise<void> = Promise.resolve();

  /** The moment of the last look, up to the given one, at which the engine fetched; null where there was none. */
  function lastFetch(look: number): number | null {
    const at = startedAt + look * pollMs;
    if (keys.length === 0) return at;
    if (at < expiresAt) return null;
    const first = Math.ceil((expiresAt - startedAt) / pollMs);
    const period = Math.max(1, Math.ceil((lifeMs ?? 0) / pollMs));
    return startedAt + (look - ((look - first) % period)) * pollMs;
  }

  async function look(): Promise<void> {
    const due = Math.floor((now() - startedAt) / pollMs);
    if (due <= looks) return;
    looks = due;
    const at = lastFetch(due);
    if (at === null) return;
    const fetched = await fetchJwks(url, now()).catch(() => null);
    if (fetched === null) {
      expiresAt = startedAt + (due + 1) * pollMs;
      return;
    }
    ({ keys, lifeMs } = fetched);
    if (lifeMs !== null) expiresAt = at + lifeMs;
  }

  const current = async () => {
    looking = looking.then(look);
    await looking;
    return keys;
  };
  await current();
  return { current };
}
