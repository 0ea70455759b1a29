import { compactVerify, createLocalJWKSet, type JWK } from 'jose';
import { expect, test } from 'vitest';
import { logIn, newPerson, signUp, startGateway, type TestGateway } from '../support/gateway.ts';
import { generateKey, keyOf, readJwks } from './keys.ts';

type JwkSet = { keys: JWK[]; maxAge: number };
type Source = () => Promise<JwkSet>;

const fetchFrom = (gateway: TestGateway): Source => {
  return async () => {
    const { keys, cacheControl } = await readJwks(gateway);
    return { keys, maxAge: Number(/max-age=(\d+)/.exec(cacheControl ?? '')?.[1]) };
  };
};

/** An HTTP cache in front of a gateway. How old its answers are they say in `Age`, which Hasura does not read. */
const throughCache = (source: Source, now: () => number): Source => {
  let kept: JwkSet | undefined;
  let keptUntil = 0;
  return async () => {
    if (kept !== undefined && now() < keptUntil) return kept;
    kept = await source();
    keptUntil = now() + kept.maxAge;
    return kept;
  };
};

/**
 * Keeps the JWKS as Hasura does: for as long as `max-age` says, and an unknown key is no reason to ask again. It looks only
 * now and then whether its set has grown too old, and leaves it at that until the next look when a fetch failed.
 */
function cachingVerifier(source: Source, { now, failsEvery }: { now: () => number; failsEvery: number }) {
  let keys: ReturnType<typeof createLocalJWKSet>;
  let staleAt = 0;
  let fetches = 0;
  return {
    async look() {
      if (now() < staleAt) return;
      fetches += 1;
      if (fetches % failsEvery === 0) return;
      const set = await source();
      staleAt = now() + set.maxAge;
      keys = createLocalJWKSet({ keys: set.keys });
    },
    accepts: (token: string) =>
      compactVerify(token, keys).then(
        () => true,
        () => false,
      ),
  };
}

/** Time passes for the keys: all that was, was so much earlier. */
const passForKeys = ({ sql }: TestGateway, seconds: number) => sql`
  update portcullis.jwks set created_at = created_at - make_interval(secs => ${seconds}),
    expires_at = expires_at - make_interval(secs => ${seconds})`;

test('verifiers with Hasura’s cache, some of them late, accept every token while keys come and go', async () => {
  const [keySeconds, tokenSeconds, step] = [4000, 300, 55];
  const gateway = await startGateway({
    env: {
      JWK_TTL: String(keySeconds),
      ACCESS_TOKEN_TTL: String(tokenSeconds),
      PORTAL_TOKEN_TTL: String(tokenSeconds),
      LIMIT_LOGIN_PER_ADDRESS: '10000/60',
    },
  });
  const person = newPerson();
  await signUp(gateway, person);
  let now = 0;
  const clock = { now: () => now };
  const direct = fetchFrom(gateway);
  // Each asks at moments of its own.
  const verifiers = [];
  for (const failsEvery of [Number.POSITIVE_INFINITY, 2])
    for (const source of [direct, throughCache(direct, clock.now)])
      for (let phase = 0; phase < 3; phase++) {
        const verifier = cachingVerifier(source, { ...clock, failsEvery });
        await verifier.look();
        verifiers.push(verifier);
        now += 100;
      }

  let live: { token: string; secondsLeft: number }[] = [];
  const signingKeys = new Set<string>();
  const refused: unknown[] = [];
  for (let round = 0; round * step < 3 * keySeconds; round++) {
    await passForKeys(gateway, step);
    now += step;
    // Housekeeping has its rounds, and now and then somebody makes a key by hand.
    const cron = await gateway.post('/hasura/cron/prune', {}, { 'x-hasura-gateway-secret': gateway.secret });
    expect(cron.status).toBe(200);
    if (round % 11 === 0) await generateKey(gateway);
    for (const verifier of verifiers) await verifier.look();

    const { accessToken, expiresAt } = await logIn(gateway, person);
    signingKeys.add(keyOf(accessToken));
    live = live.map(({ token, secondsLeft }) => ({ token, secondsLeft: secondsLeft - step }));
    live.push({ token: accessToken, secondsLeft: Math.round((Date.parse(expiresAt) - Date.now()) / 1000) });
    live = live.filter(({ secondsLeft }) => secondsLeft > 0);
    for (const { token, secondsLeft } of live)
      for (const verifier of verifiers)
        if (!(await verifier.accepts(token))) refused.push({ now, key: keyOf(token), secondsLeft });
  }
  expect(refused).toEqual([]);
  expect(signingKeys.size).toBeGreaterThan(4);
  await gateway.close();
}, 120_000);
