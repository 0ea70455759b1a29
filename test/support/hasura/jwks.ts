import type { JWK } from 'jose';

/** Time between two checks of the poller. */
const POLL_MS = 60_000;

type Jwks = {
  /** The keys that the engine holds now. */
  current(): Promise<readonly JWK[]>;
};

/** `lifeMs` is the lifetime of the set: infinite without a max-age. */
async function fetchJwks(url: string): Promise<{ keys: readonly JWK[]; lifeMs: number }> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`Non-2xx response on fetching JWK from: "${url}" (${response.status})`);
  const { keys } = (await response.json()) as { keys: JWK[] };
  const maxAge = /\bmax-age=(\d+)/.exec(response.headers.get('cache-control') ?? '')?.[1];
  return { keys, lifeMs: maxAge === undefined ? Number.POSITIVE_INFINITY : Number(maxAge) * 1000 };
}

/**
 * The engine's cache of the JWKS (hasura/README.md, "JWT claims"). A poller checks every 60 seconds, or at the interval of a test,
 * and fetches the set if it is older than its lifetime. After a failed fetch the set stays until the next check.
 *
 * The stand-in runs all due checks, by the clock that was passed in, when a request needs the keys. A check then fetches the
 * set that the gateway publishes at that moment.
 * @throws if the set cannot be fetched at the start
 */
export async function openJwks(url: string, now: () => number, pollMs = POLL_MS): Promise<Jwks> {
  let held = await fetchJwks(url);
  let nextCheck = now() + pollMs;
  let expiresAt = now() + held.lifeMs;
  let checking: Promise<void> = Promise.resolve();

  async function check(): Promise<void> {
    let isDue = false;
    for (; nextCheck <= now(); nextCheck += pollMs)
      if (nextCheck >= expiresAt) {
        isDue = true;
        expiresAt = nextCheck + held.lifeMs;
      }
    if (!isDue) return;
    const fetched = await fetchJwks(url).catch(() => null);
    expiresAt = fetched === null ? nextCheck : expiresAt - held.lifeMs + fetched.lifeMs;
    held = fetched ?? held;
  }

  return {
    async current() {
      checking = checking.then(check);
      await checking;
      return held.keys;
    },
  };
}
