import { expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { bearer, ME, newPerson, signUp } from '../support/gateway.ts';
import { fragmentOf, openProviderStage, partsOf, pkce, SITE } from '../support/providers/stage.ts';

const stage = forFile(() => openProviderStage());

test('a person signs in with PKCE, and is the same person in GraphQL', async () => {
  const { sub, email } = stage.person('ann');
  const session = await stage.signIn('ann');
  expect(session).toMatchObject({ token_type: 'bearer', provider_token: expect.any(String) });
  expect(session.provider_refresh_token).toEqual(expect.any(String));
  expect(session.user).toMatchObject({
    email,
    email_confirmed_at: expect.any(String),
    app_metadata: { provider: 'local', providers: ['local'] },
    user_metadata: { email, full_name: 'ann Other', iss: stage.oidc.url },
    identities: [
      {
        id: sub,
        provider: 'local',
        email,
        identity_data: {
          email,
          email_verified: true,
          full_name: 'ann Other',
          iss: stage.oidc.url,
          name: 'ann Other',
          phone_verified: false,
          provider_id: sub,
          sub,
        },
      },
    ],
  });
  const { me } = await stage.gateway.graphql<{ me: object }>(ME, {}, bearer(session.access_token));
  expect(me).toMatchObject({ id: session.user.id, email, name: 'ann Other', emailVerified: true });
});

test('without PKCE the session comes back in the fragment, never in the query', async () => {
  stage.person('ann');
  const back = await stage.visit(`/authorize?provider=local&redirect_to=${SITE}/deep?q=1`);
  expect(back.href.split('#')[0]).toBe(`${SITE}/deep?q=1`);
  expect(fragmentOf(back)).toEqual({
    access_token: expect.any(String),
    expires_at: expect.any(String),
    expires_in: expect.any(String),
    provider_refresh_token: expect.any(String),
    provider_token: expect.any(String),
    refresh_token: expect.any(String),
    sb: '',
    token_type: 'bearer',
  });
});

test('the second sign-in is the same account', async () => {
  stage.person('ann');
  const [first, second] = [await stage.signIn('ann'), await stage.signIn('ann')];
  expect(second.user.id).toBe(first.user.id);
});

test('two first sign-ins at once make one account', async () => {
  for (let round = 0; round < 3; round += 1) {
    stage.person('ann');
    const sessions = await Promise.all(Array.from({ length: 6 }, () => stage.signIn('ann')));
    expect(new Set(sessions.map(({ user }) => user.id)).size).toBe(1);
  }
});

test('another address at the provider does not lead to another account', async () => {
  const { sub } = stage.person('ann');
  const first = await stage.signIn('ann');
  const other = stage.person('bob');
  await stage.signIn('bob');
  stage.person('ann');
  stage.oidc.people.set('ann', { sub, email: other.email, email_verified: true });
  const again = await stage.signIn('ann');
  expect(again.user.id).toBe(first.user.id);
  expect(again.user.email).toBe(first.user.email);
});

test('a code is exchanged once, of many exchanges at once, and a wrong verifier does not use it up', async () => {
  stage.person('ann');
  const { verifier, query } = pkce();
  const back = await stage.visit(`/authorize?provider=local&${query}`);
  const code = back.searchParams.get('code') ?? '';
  expect(await stage.exchange(code, pkce().verifier)).toMatchObject({ status: 400 });
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => stage.exchange(code, verifier)));
  expect(outcomes.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(outcomes.filter(({ status }) => status === 404)).toHaveLength(19);
});

test("a provider's tokens are encrypted until the client takes them, and then gone", async () => {
  stage.person('ann');
  const { verifier, query } = pkce();
  const back = await stage.visit(`/authorize?provider=local&${query}`);
  const kept = await stage.gateway.sql<{ outcome: string }[]>`
    select outcome from portcullis_private.provider_attempts
    where outcome is not null order by created_at desc limit 1`;
  expect(kept).toHaveLength(1);
  expect(kept[0]?.outcome.split('.')).toHaveLength(5);
  const { body } = await stage.exchange(back.searchParams.get('code') ?? '', verifier);
  const { provider_token: token } = body as { provider_token: string };
  expect(kept[0]?.outcome).not.toContain(token);
  expect(stage.gateway.logged()).not.toContain(token);
  expect(
    await stage.gateway.sql`
      select from portcullis_private.provider_attempts where outcome = ${kept[0]?.outcome ?? ''}`,
  ).toHaveLength(0);
});

test('the session says how it was opened', async () => {
  stage.person('ann');
  const { access_token: token } = await stage.signIn('ann');
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<
    string,
    unknown
  >;
  expect(claims.amr).toEqual([{ method: 'oauth', provider: 'local', timestamp: expect.any(Number) }]);
});

test('a disabled account is not let in', async () => {
  stage.person('ann');
  const { user } = await stage.signIn('ann');
  await stage.gateway.sql`update portcullis.users set disabled_at = now() where id = ${user.id}`;
  const back = await stage.visit('/authorize?provider=local');
  expect(partsOf(back).query).toMatchObject({ error: 'access_denied', error_code: 'user_banned' });
});

test('an address that the provider has not verified does not sign in, and gets a mail, with an account and without', async () => {
  const { email } = await signUp(stage.gateway, newPerson()).then(({ user }) => user);
  await stage.gateway.sql`update portcullis.users set email_verified_at = now() where email = ${email}`;
  const backs: URL[] = [];
  for (const claims of [{ email }, {}]) {
    stage.person('eve', { ...claims, email_verified: false });
    backs.push(await stage.visit('/authorize?provider=local', { as: 'eve' }));
  }
  expect(backs[0]?.href).toBe(backs[1]?.href);
  expect(partsOf(backs[0] as URL)).toEqual({
    query: {
      error: 'access_denied',
      error_code: 'provider_email_needs_verification',
      error_description:
        'Unverified email with local. A confirmation email has been sent to your local email',
    },
    fragment: expect.objectContaining({ sb: '' }),
  });
  expect(
    await stage.gateway
      .sql`select from portcullis.identities i join portcullis.users u on u.id = i.user_id where u.email = ${email}`,
  ).toHaveLength(0);
});

test('a person without an address at the provider is told so', async () => {
  stage.oidc.people.set('ann', { sub: 'no-address' });
  const back = await stage.visit('/authorize?provider=local');
  expect(partsOf(back).query).toMatchObject({ error: 'server_error' });
});
