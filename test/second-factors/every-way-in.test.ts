import { decodeJwt } from 'jose';
import { beforeAll, expect, test } from 'vitest';
import { create } from '../access-tokens/programs.ts';
import { forFile } from '../support/for-file.ts';
import { bearer, ME, newPerson, signUp, startGateway } from '../support/gateway.ts';
import { type Auth, logInFirst, type Protected, protect, REFRESH } from './authenticator.ts';

// A person with a second factor: whichever way they sign in without it, the token opens nothing.

const gateway = forFile(() => startGateway({ env: { LIMIT_SIGNUP_PER_ADDRESS: '1000/60' } }));

const person = newPerson();
let ada: Protected;
let oldToken: string;
beforeAll(async () => {
  const signedIn = await signUp(gateway, person);
  await gateway.sql`update portcullis.users set email_verified_at = now() where id = ${signedIn.user.id}`;
  oldToken = (await create(gateway, signedIn)).token;
  ada = await protect(gateway, signedIn);
});

const credentials = { email: person.email, password: person.password };
const tokenOf = async (path: string, name: string): Promise<string> => {
  const { body } = await gateway.post(path, credentials);
  return (body as Record<string, string>)[name] ?? '';
};

const WAYS: Record<string, () => Promise<string>> = {
  'a login in GraphQL': async () => (await logInFirst(gateway, person)).accessToken,
  'a login in GraphQL that is refreshed': async () => {
    const { refreshToken } = await logInFirst(gateway, person);
    const answer = await gateway.graphql<{ refresh: Auth }>(REFRESH, { input: { refreshToken } });
    return answer.refresh.accessToken;
  },
  'a login at the portal, whose token lasts a day': () => tokenOf('/api/v1/login', 'token'),
  'a login at teams': () => tokenOf('/api/login', 'userToken'),
  'a password at the GoTrue dialect': () => tokenOf('/token?grant_type=password', 'access_token'),
  'a password at the GoTrue dialect that is refreshed': async () => {
    const { body } = await gateway.post('/token?grant_type=refresh_token', {
      refresh_token: await tokenOf('/token?grant_type=password', 'refresh_token'),
    });
    return (body as { access_token: string }).access_token;
  },
};

test.each(Object.entries(WAYS))(
  '%s gives a token without claims that the gateway refuses',
  async (_name, way) => {
    const token = await way();
    expect(decodeJwt(token)).toMatchObject({ sub: ada.user.id });
    expect(decodeJwt(token)).not.toHaveProperty(['https://hasura.io/jwt/claims']);
    expect(await gateway.failure(ME, {}, bearer(token))).toMatchObject([
      { extensions: { code: 'second_factor_required' } },
    ]);
    const renewed = await fetch(`${gateway.url}/api/refresh`, { headers: bearer(token) });
    expect([401, 403]).toContain(renewed.status);
  },
);

test('a personal access token from before the second factor is refused', async () => {
  const document =
    'mutation ($input: SignInWithAccessTokenInput!) { signInWithAccessToken(input: $input) { accessToken } }';
  const [error] = (await gateway.failure(document, { input: { token: oldToken } })) as [
    { extensions: { code: string } },
  ];
  expect(['invalid_access_token', 'second_factor_required']).toContain(error.extensions.code);
});
