import { expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { newPerson, PUBLIC_URL, signUp, startGateway } from '../support/gateway.ts';
import { type Auth, codeOf, FINISH, LOGIN, protect } from './authenticator.ts';

const gateway = forFile(() => startGateway({ env: { REFRESH_COOKIE: 'strict' } }));

/** Runs a sign-in of a browser, on a page of the gateway, that keeps the refresh token in the cookie. */
async function inBrowser(query: string, input: object, cookie = '') {
  const headers = { origin: PUBLIC_URL, ...(cookie !== '' && { cookie }) };
  const page = {
    ...headers,
    'x-hasura-gateway-secret': gateway.secret,
    'x-hasura-role': 'anonymous',
    'x-forwarded-origin': PUBLIC_URL,
  };
  const variables = { input: { ...input, cookie: true } };
  const answer = await gateway.post('/graphql', { query, variables }, page);
  const { data } = answer.body as { data: Record<string, Auth> };
  const [auth] = Object.values(data ?? {});
  if (auth === undefined) throw new Error(JSON.stringify(answer.body));
  const set = answer.headers.getSetCookie();
  const device = set.find((line) => line.startsWith('__Host-portcullis-device='))?.split(';')[0] ?? null;
  return { auth, device };
}

test('the mark of a browser comes with the second factor, and does not stand for it', async () => {
  const person = newPerson();
  const { secret } = await protect(gateway, await signUp(gateway, person));
  const credentials = { email: person.email, password: person.password };
  const first = await inBrowser(LOGIN, credentials);
  expect([first.auth.secondFactorRequired, first.device]).toEqual([true, null]);
  const { accessToken } = first.auth;
  const second = await inBrowser(FINISH, { accessToken, code: codeOf(secret) });
  expect(second.auth).toMatchObject({ secondFactorRequired: false, refreshToken: null });
  expect(second.device).not.toBeNull();
  const again = await inBrowser(LOGIN, credentials, second.device ?? '');
  expect(again.auth.secondFactorRequired).toBe(true);
});
