import { compactVerify } from 'jose';
import { expect, test } from 'vitest';
import { logIn, newPerson, signUp, startGateway } from '../support/gateway.ts';
import { generateKey, keepHouse, keyOf, passForKeys } from './keys.ts';
import {
  type CachingVerifier,
  type Clock,
  fetchFrom,
  openVerifier,
  type Source,
  throughCache,
} from './verifiers.ts';

/** With and without an HTTP cache, and some that miss every other fetch; each fetches at its own times. */
async function openVerifiers(direct: Source, now: Clock, moveOn: () => void): Promise<CachingVerifier[]> {
  const verifiers: CachingVerifier[] = [];
  for (const failsEvery of [Number.POSITIVE_INFINITY, 2])
    for (const source of [direct, throughCache(direct, now)])
      for (let phase = 0; phase < 3; phase++) {
        verifiers.push(await openVerifier(source, { now, failsEvery }));
        moveOn();
      }
  return verifiers;
}

test('caching verifiers, some of them late, accept every token while keys are made and expire', async () => {
  const [keySeconds, tokenSeconds, step] = [4000, 300, 55];
  const gateway = await startGateway({
    env: {
      JWK_TTL: String(keySeconds),
      HOUSEKEEPING_SECONDS: String(step),
      ACCESS_TOKEN_TTL: String(tokenSeconds),
      PORTAL_TOKEN_TTL: String(tokenSeconds),
      LIMIT_LOGIN_PER_ADDRESS: '10000/60',
    },
  });
  const person = newPerson();
  await signUp(gateway, person);
  let now = 0;
  // The database's clock also runs.
  const clock = () => now + performance.now();
  const direct = fetchFrom(() => gateway.url, clock);
  const verifiers = await openVerifiers(direct, clock, () => {
    now += 100_000;
  });

  let live: { token: string; secondsLeft: number }[] = [];
  const signingKeys = new Set<string>();
  const refused: unknown[] = [];
  for (let round = 0; round * step < 2 * keySeconds; round++) {
    await passForKeys(gateway, step);
    now += step * 1000;
    // Housekeeping runs, and sometimes an operator makes a key by hand.
    await keepHouse(gateway);
    if (round % 11 === 0) await generateKey(gateway);
    for (const verifier of verifiers) await verifier.look();

    const { accessToken, expiresAt } = await logIn(gateway, person);
    signingKeys.add(keyOf(accessToken));
    live = live.map(({ token, secondsLeft }) => ({ token, secondsLeft: secondsLeft - step }));
    live.push({ token: accessToken, secondsLeft: Math.round((Date.parse(expiresAt) - Date.now()) / 1000) });
    live = live.filter(({ secondsLeft }) => secondsLeft > 0);
    for (const { token, secondsLeft } of live)
      for (const verifier of verifiers)
        await compactVerify(token, verifier.held().find).catch((error: Error) =>
          refused.push({ now, key: keyOf(token), secondsLeft, reason: error.message }),
        );
  }
  expect(refused).toEqual([]);
  expect(signingKeys.size).toBeGreaterThan(4);
  await gateway.close();
}, 480_000);

test('caching verifiers accept every token while JWKS_MAX_AGE is lowered as src/commands/README.md says', async () => {
  const [oldMaxAge, step] = [3000, 50];
  const wait = 2 * oldMaxAge + 150;
  const before = await startGateway({
    env: { JWKS_MAX_AGE: String(oldMaxAge), LIMIT_LOGIN_PER_ADDRESS: '10000/60' },
  });
  const person = newPerson();
  await signUp(before, person);
  let gateway = before;
  let now = 0;
  // The database's clock also runs.
  const clock = () => now + performance.now();
  const direct = fetchFrom(() => gateway.url, clock);
  const verifiers = await openVerifiers(direct, clock, () => {
    now += 700_000;
  });
  const refused: unknown[] = [];
  const signingKeys: string[] = [];
  const goOn = async (seconds: number) => {
    for (let passed = 0; passed < seconds; passed += step) {
      await passForKeys(gateway, step);
      now += step * 1000;
      for (const verifier of verifiers) await verifier.look();
      const { accessToken } = await logIn(gateway, person);
      if (signingKeys.at(-1) !== keyOf(accessToken)) signingKeys.push(keyOf(accessToken));
      for (const verifier of verifiers)
        await compactVerify(accessToken, verifier.held().find).catch((error: Error) =>
          refused.push({ now, key: keyOf(accessToken), reason: error.message }),
        );
    }
  };

  await goOn(wait);
  const second = await generateKey(before);
  await goOn(wait);
  gateway = await startGateway({ replicaOf: before, env: { JWKS_MAX_AGE: '300' } });
  await goOn(wait);
  const third = await generateKey(gateway);
  await goOn(2 * 300 + 150 + step);
  expect(refused).toEqual([]);
  expect(signingKeys.slice(-2)).toEqual([second, third]);
  await gateway.close();
  await before.close();
}, 480_000);
