import { compactVerify } from 'jose';
import { expect, test } from 'vitest';
import { logIn, newPerson, signUp, startGateway } from '../support/gateway.ts';
import { generateKey, keepHouse, keyOf, passForKeys } from './keys.ts';
import { fetchFrom, openVerifier, throughCache } from './verifiers.ts';

test('verifiers with Hasura’s cache, some of them late, accept every token while keys come and go', async () => {
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
  const clock = () => now;
  const direct = fetchFrom(() => gateway.url, clock);
  // Each asks at moments of its own.
  const verifiers = [];
  for (const failsEvery of [Number.POSITIVE_INFINITY, 2])
    for (const source of [direct, throughCache(direct, clock)])
      for (let phase = 0; phase < 3; phase++) {
        verifiers.push(await openVerifier(source, { now: clock, failsEvery }));
        now += 100_000;
      }

  let live: { token: string; secondsLeft: number }[] = [];
  const signingKeys = new Set<string>();
  const refused: unknown[] = [];
  for (let round = 0; round * step < 2 * keySeconds; round++) {
    await passForKeys(gateway, step);
    now += step * 1000;
    // Housekeeping has its rounds, and now and then somebody makes a key by hand.
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
}, 120_000);
