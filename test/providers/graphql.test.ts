import { expect, test } from 'vitest';
import { codeOf } from '../accounts/accounts.ts';
import { forFile } from '../support/for-file.ts';
import { bearer, type SignedInAnswer, signUp } from '../support/gateway.ts';
import { createBrowser } from '../support/providers/browser.ts';
import { openProviderStage, pkce, SITE } from '../support/providers/stage.ts';

// The same flows in GraphQL, with the GoTrue dialect switched off.

const stage = forFile(() => openProviderStage({ DIALECTS: 'portal,teams' }));

const SIGN_IN = 'mutation ($input: SignInWithProviderInput!) { signInWithProvider(input: $input) { url } }';
const LINK = 'mutation ($input: LinkProviderInput!) { linkProvider(input: $input) { url } }';
const UNLINK = 'mutation ($id: ID!) { unlinkIdentity(id: $id) { ok } }';
const IDENTITIES = '{ identities { id provider email createdAt lastSignInAt } }';
const EXCHANGE = /* GraphQL */ `
  mutation ($input: ExchangeCodeInput!) {
    exchangeCode(input: $input) { accessToken user { id email emailVerified } }
  }
`;

type Linked = { identities: { id: string; provider: string; email: string }[] };

/** Follows the browser of a person, and exchanges the code with which it comes back. */
async function finish(url: string, { as, codeVerifier }: { as: string; codeVerifier: string }) {
  const back = await createBrowser().follow(`${url}&login_hint=${as}`, SITE);
  const input = { code: back.searchParams.get('code') ?? '', codeVerifier };
  return { back, input };
}

async function signIn(as: string): Promise<SignedInAnswer> {
  const { verifier: codeVerifier, challenge: codeChallenge } = pkce();
  const input = { provider: 'local', codeChallenge, redirectTo: `${SITE}/in` };
  const { signInWithProvider } = await stage.gateway.graphql<{ signInWithProvider: { url: string } }>(
    SIGN_IN,
    { input },
  );
  const { back, input: code } = await finish(signInWithProvider.url, { as, codeVerifier });
  expect(back.pathname).toBe('/in');
  return (await stage.gateway.graphql<{ exchangeCode: SignedInAnswer }>(EXCHANGE, { input: code }))
    .exchangeCode;
}

const identitiesOf = async ({ accessToken }: Pick<SignedInAnswer, 'accessToken'>) =>
  (await stage.gateway.graphql<Linked>(IDENTITIES, {}, bearer(accessToken))).identities;

test('a person signs in by a provider, and sees the identity', async () => {
  const { email } = stage.person('ann');
  const session = await signIn('ann');
  expect(session.user).toMatchObject({ email, emailVerified: true });
  expect(await identitiesOf(session)).toEqual([
    {
      ...{ id: expect.any(String), provider: 'local', email },
      ...{ createdAt: expect.any(String), lastSignInAt: expect.any(String) },
    },
  ]);
});

test('a signed-in person links a provider by the exchange of the code, and unlinks it again', async () => {
  stage.person('ann');
  const session = await signUp(stage.gateway);
  const headers = bearer(session.accessToken);
  const { verifier: codeVerifier, challenge: codeChallenge } = pkce();
  const input = { provider: 'local', codeChallenge };
  const { linkProvider } = await stage.gateway.graphql<{ linkProvider: { url: string } }>(
    LINK,
    { input },
    headers,
  );
  const { input: code } = await finish(linkProvider.url, { as: 'ann', codeVerifier });
  expect(await identitiesOf(session)).toEqual([]);
  await stage.gateway.graphql(EXCHANGE, { input: code });
  const [linked] = await identitiesOf(session);
  expect((await signIn('ann')).user.id).toBe(session.user.id);
  await stage.gateway.graphql(UNLINK, { id: linked?.id }, headers);
  expect(await identitiesOf(session)).toEqual([]);
});

test('linking in an old session needs the password or a code', async () => {
  const { challenge: codeChallenge } = pkce();
  const input = { provider: 'local', codeChallenge };
  stage.person('ann');
  const session = await signIn('ann');
  const headers = bearer(session.accessToken);
  await stage.gateway.sql`update portcullis.sessions set created_at = now() - interval '1 day',
    methods = '[{"method":"oauth","timestamp":1}]'::jsonb where user_id = ${session.user.id}`;
  expect(await codeOf(stage.gateway.failure(LINK, { input }, headers))).toBe('reauthentication_needed');
  const wrong = { ...input, code: '000000' };
  expect(await codeOf(stage.gateway.failure(LINK, { input: wrong }, headers))).toBe(
    'reauthentication_not_valid code',
  );
});

test('the only identity of an account that a provider began cannot be unlinked', async () => {
  stage.person('ann');
  const session = await signIn('ann');
  const [identity] = await identitiesOf(session);
  const headers = bearer(session.accessToken);
  expect(await codeOf(stage.gateway.failure(UNLINK, { id: identity?.id }, headers))).toBe('last_identity id');
});

test.each([
  [{ provider: 'nowhere', codeChallenge: pkce().challenge }, 'unknown_provider provider'],
  [{ provider: 'local', codeChallenge: '' }, 'required codeChallenge'],
  [{ provider: 'local', codeChallenge: 'short' }, 'invalid codeChallenge'],
])('signInWithProvider refuses %j', async (input, code) => {
  expect(await codeOf(stage.gateway.failure(SIGN_IN, { input }))).toBe(code);
});

test('linking needs a signed-in person', async () => {
  const input = { provider: 'local', codeChallenge: pkce().challenge };
  expect(await codeOf(stage.gateway.failure(LINK, { input }))).toBe('unauthenticated');
  expect(await codeOf(stage.gateway.failure(IDENTITIES))).toBe('unauthenticated');
});

test('authConfig names the providers', async () => {
  expect(await stage.gateway.graphql('{ authConfig { providers } }')).toEqual({
    authConfig: { providers: ['local'] },
  });
});
