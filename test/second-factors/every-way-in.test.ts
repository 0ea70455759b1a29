import { decodeJwt } from 'jose';
import { beforeAll, expect, test } from 'vitest';
import { create } from '../access-tokens/programs.ts';
import { startCodes } from '../gotrue/codes.ts';
import { forFile } from '../support/for-file.ts';
import { bearer, ME, newPerson, signUp, type TestGateway } from '../support/gateway.ts';
import { fragmentOf, openProviderStage, pkce } from '../support/providers/stage.ts';
import { type Auth, logInFirst, type Protected, protect, REFRESH } from './authenticator.ts';

// A person with a second factor: whichever way they sign in without it, the token opens nothing.

const codes = forFile(() => startCodes({ LIMIT_SIGNUP_PER_ADDRESS: '1000/60' }));
const stage = forFile(() => openProviderStage());

const person = newPerson();
let ada: Protected;
let oldToken: string;
beforeAll(async () => {
  const { gateway } = codes;
  const signedIn = await signUp(gateway, person);
  await gateway.sql`update portcullis.users set email_verified_at = now() where id = ${signedIn.user.id}`;
  oldToken = (await create(gateway, signedIn)).token;
  ada = await protect(gateway, signedIn);
});

const credentials = { email: person.email, password: person.password };
const tokenOf = async (path: string, name: string): Promise<string> => {
  const { body } = await codes.gateway.post(path, credentials);
  return (body as Record<string, string>)[name] ?? '';
};

/** How many mails with a code the person has. */
let mails = 0;
async function mailed(path: string, body: object = {}) {
  await codes.post(path, { email: person.email, ...body });
  mails += 1;
  return codes.mailed(person.email, mails);
}
const tokenIn = ({ body }: { body: unknown }): string => (body as { access_token: string }).access_token;

const WAYS: Record<string, () => Promise<string>> = {
  'a login in GraphQL': async () => (await logInFirst(codes.gateway, person)).accessToken,
  'a login in GraphQL that is refreshed': async () => {
    const { refreshToken } = await logInFirst(codes.gateway, person);
    const answer = await codes.gateway.graphql<{ refresh: Auth }>(REFRESH, { input: { refreshToken } });
    return answer.refresh.accessToken;
  },
  'a login at the portal, whose token lasts a day': () => tokenOf('/api/v1/login', 'token'),
  'a login at teams': () => tokenOf('/api/login', 'userToken'),
  'a password at the GoTrue dialect': () => tokenOf('/token?grant_type=password', 'access_token'),
  'a password at the GoTrue dialect that is refreshed': async () =>
    tokenIn(
      await codes.post('/token?grant_type=refresh_token', {
        refresh_token: await tokenOf('/token?grant_type=password', 'refresh_token'),
      }),
    ),
  'a mailed code': async () => {
    const { code } = await mailed('/otp');
    return tokenIn(await codes.post('/verify', { type: 'email', email: person.email, token: code }));
  },
  'a mailed code for a forgotten password': async () => {
    const { code } = await mailed('/recover');
    return tokenIn(await codes.post('/verify', { type: 'recovery', email: person.email, token: code }));
  },
  'a mailed link': async () => {
    const answer = await codes.open((await mailed('/magiclink')).link);
    return fragmentOf(new URL(answer.headers.get('location') ?? '')).access_token ?? '';
  },
  'a mailed link with PKCE': async () => {
    const { verifier, query } = pkce();
    const answer = await codes.open(
      (await mailed('/otp', Object.fromEntries(new URLSearchParams(query)))).link,
    );
    const auth_code = new URL(answer.headers.get('location') ?? '').searchParams.get('code');
    return tokenIn(await codes.post('/token?grant_type=pkce', { auth_code, code_verifier: verifier }));
  },
};

async function expectShut(gateway: TestGateway, token: string, userId: string): Promise<void> {
  expect(decodeJwt(token)).toMatchObject({ sub: userId });
  expect(decodeJwt(token)).not.toHaveProperty(['https://hasura.io/jwt/claims']);
  expect(await gateway.failure(ME, {}, bearer(token))).toMatchObject([
    { extensions: { code: 'second_factor_required' } },
  ]);
  const renewed = await fetch(`${gateway.url}/api/refresh`, { headers: bearer(token) });
  expect([401, 403]).toContain(renewed.status);
}

test.each(Object.entries(WAYS))(
  '%s gives a token without claims that the gateway refuses',
  async (_name, way) => {
    await expectShut(codes.gateway, await way(), ada.user.id);
  },
);

test('a sign-in at a provider gives a token without claims that the gateway refuses', async () => {
  stage.person('ann');
  const { access_token: accessToken, user } = await stage.signIn('ann');
  await protect(stage.gateway, { accessToken, user: user as unknown as Protected['user'] });
  await expectShut(stage.gateway, (await stage.signIn('ann')).access_token, user.id);
});

test('a personal access token from before the second factor is refused', async () => {
  const document =
    'mutation ($input: SignInWithAccessTokenInput!) { signInWithAccessToken(input: $input) { accessToken } }';
  const [error] = (await codes.gateway.failure(document, { input: { token: oldToken } })) as [
    { extensions: { code: string } },
  ];
  expect(['invalid_access_token', 'second_factor_required']).toContain(error.extensions.code);
});
