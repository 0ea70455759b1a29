import { compactVerify, createLocalJWKSet } from 'jose';
import { expect, test } from 'vitest';
import { logIn, newPerson, signUp, startGateway, type TestGateway } from '../support/gateway.ts';
import { generateKey, keyOf, readJwks } from './keys.ts';

/** Keeps the JWKS as Hasura does: for as long as `max-age` says, and an unknown key is no reason to ask again. */
function cachingVerifier(gateway: TestGateway) {
  let keys: ReturnType<typeof createLocalJWKSet>;
  let secondsLeft = 0;
  return {
    async pass(seconds: number) {
      secondsLeft -= seconds;
      if (secondsLeft > 0) return;
      const jwks = await readJwks(gateway);
      secondsLeft = Number(/max-age=(\d+)/.exec(jwks.cacheControl ?? '')?.[1]);
      keys = createLocalJWKSet({ keys: jwks.keys });
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

test('a verifier with Hasura’s cache accepts every token while keys come and go', async () => {
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
  // Two that ask at different moments.
  const verifiers = [cachingVerifier(gateway), cachingVerifier(gateway)];
  await verifiers[0]?.pass(0);

  let live: { token: string; secondsLeft: number }[] = [];
  const signingKeys = new Set<string>();
  const refused: unknown[] = [];
  for (let now = 0; now < 2 * keySeconds; now += step) {
    await passForKeys(gateway, step);
    // Housekeeping has its rounds, and now and then somebody makes a key by hand.
    const cron = await gateway.post('/hasura/cron/prune', {}, { 'x-hasura-gateway-secret': gateway.secret });
    expect(cron.status).toBe(200);
    if (now % (40 * step) === 0) await generateKey(gateway);
    for (const verifier of verifiers) await verifier.pass(step);

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
