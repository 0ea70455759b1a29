import { decodeJwt } from 'jose';
import { expect, test } from 'vitest';
import { codeOf } from '../accounts/accounts.ts';
import { forFile } from '../support/for-file.ts';
import { bearer, ME, type SignedInAnswer, signUp, startGateway } from '../support/gateway.ts';

// How long a session lasts: unused (REFRESH_TOKEN_TTL), and at most (SESSION_TTL).

const gateway = forFile(() =>
  startGateway({ env: { REFRESH_TOKEN_TTL: '600', SESSION_TTL: '3000', REFRESH_REUSE_INTERVAL: '0' } }),
);

const REFRESH = 'mutation ($input: RefreshInput) { refresh(input: $input) { accessToken refreshToken } }';
const refresh = async (refreshToken: string) =>
  (await gateway.graphql<{ refresh: SignedInAnswer }>(REFRESH, { input: { refreshToken } })).refresh;
const refused = (refreshToken: string) => codeOf(gateway.failure(REFRESH, { input: { refreshToken } }));

/** Lets a person's session and its tokens grow older by some seconds. */
async function pass(seconds: number, { user }: SignedInAnswer): Promise<void> {
  const past = gateway.sql`make_interval(secs => ${seconds})`;
  await gateway.sql`update portcullis.sessions set expires_at = expires_at - ${past} where user_id = ${user.id}`;
  await gateway.sql`
    update portcullis_private.refresh_tokens t set expires_at = t.expires_at - ${past}, rotated_at = t.rotated_at - ${past}
    from portcullis.sessions s where s.id = t.session_id and s.user_id = ${user.id}`;
}

test('a session that is not refreshed for REFRESH_TOKEN_TTL cannot be refreshed any more', async () => {
  const signedIn = await signUp(gateway);
  await pass(590, signedIn);
  const second = await refresh(signedIn.refreshToken);
  await pass(590, signedIn);
  const third = await refresh(second.refreshToken);
  await pass(601, signedIn);
  expect(await refused(third.refreshToken)).toBe('invalid_refresh_token');
});

test('a session ends after SESSION_TTL although it is refreshed all the time, with its access tokens', async () => {
  const signedIn = await signUp(gateway);
  let current: SignedInAnswer = signedIn;
  for (const seconds of [590, 590, 590, 590, 590]) {
    await pass(seconds, signedIn);
    current = await refresh(current.refreshToken);
    await gateway.graphql(ME, {}, bearer(current.accessToken));
  }
  await pass(51, signedIn);
  expect(await refused(current.refreshToken)).toBe('invalid_refresh_token');
  expect(await codeOf(gateway.failure(ME, {}, bearer(current.accessToken)))).toBe('unauthenticated');
});

test('an access token ends with its session, also where ACCESS_TOKEN_TTL is longer', async () => {
  const signedIn = await signUp(gateway);
  await pass(2990, signedIn);
  await gateway.sql`update portcullis_private.refresh_tokens t set expires_at = s.expires_at
    from portcullis.sessions s where s.id = t.session_id and s.user_id = ${signedIn.user.id}`;
  const { accessToken } = await refresh(signedIn.refreshToken);
  const { exp = 0, iat = 0 } = decodeJwt(accessToken);
  expect(exp - iat).toBeLessThanOrEqual(10);
});
