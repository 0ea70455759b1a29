import type { JWK } from 'jose';

/** How often the poller looks. */
const POLL_MS = 60_000;

type Jwks = {
  /** The keys that the engine has by now. */
  current(): Promise<readonly JWK[]>;
};

/** `lifeMs` is how long the set is good: for ever if its answer says nothing of it. */
async function fetchJwks(url: string): Promise<{ keys: readonly JWK[]; lifeMs: number }> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`Non-2xx response on fetching JWK from: "${url}" (${response.status})`);
  const { keys } = (await response.json()) as { keys: JWK[] };
  const maxAge = /\bmax-age=(\d+)/.exec(response.headers.get('cache-control') ?? '')?.[1];
  return { keys, lifeMs: maxAge === undefined ? Number.POSITIVE_INFINITY : Number(maxAge) * 1000 };
}

/**
 * The engine's cache of the JWKS (hasura/README.md, "JWT claims"): a poller looks every 60 seconds, or as often as a test can wait
 * for, and fetches the set if it has outlived what its answer said. A failed fetch leaves everything as it is until the next look.
 *
 * The looks happen here when somebody asks for the keys, as many as are due by the clock that was passed in: what a look
 * finds is what the gateway publishes by then.
 * @throws where the set cannot be fetched at the start
 */
export async function openJwks(url: string, now: () => number, pollMs = POLL_MS): Promise<Jwks> {
  let held = await fetchJwks(url);
  let nextLook = now() + pollMs;
  let expiresAt = now() + held.lifeMs;
  let looking: Promise<void> = Promise.resolve();

  async function look(): Promise<void> {
    let isDue = false;
    for (; nextLook <= now(); nextLook += pollMs)
      if (nextLook >= expiresAt) {
        isDue = true;
        expiresAt = nextLook + held.lifeMs;
      }
    if (!isDue) return;
    const fetched = await fetchJwks(url).catch(() => null);
    expiresAt = fetched === null ? nextLook : expiresAt - held.lifeMs + fetched.lifeMs;
    held = fetched ?? held;
  }

  return {
    async current() {
      looking = looking.then(look);
      await looking;
      return held.keys;
    },
  };
}
