import { describe, expect, test } from 'vitest';
import { operate, UPDATE_USER } from '../operators/operator.ts';
import { logInFirst, protect } from '../second-factors/authenticator.ts';
import { forFile } from '../support/for-file.ts';
import { bearer, isSignedIn, logIn, newPerson, type SignedInAnswer, signUp } from '../support/gateway.ts';
import { createBrowser } from '../support/providers/browser.ts';
import { openProviderStage, pkce, SITE } from '../support/providers/stage.ts';

const stage = forFile(() =>
  openProviderStage({ MANUAL_LINKING: 'on', ANONYMOUS_SIGN_IN: 'on', SECOND_FACTOR: 'advisory' }),
);

const sql = () => stage.gateway.sql;
const verify = (email: string) =>
  sql()`update portcullis.users set email_verified_at = now() where email = ${email}`;

/** Takes a session of the account as GoTrue's clients have it. */
const call = (method: string, path: string, token: string) =>
  fetch(`${stage.gateway.url}${path}`, { method, headers: bearer(token), redirect: 'manual' });

const userOf = async (token: string) =>
  (await (await call('GET', '/user', token)).json()) as {
    id: string;
    identities: { identity_id: string; provider: string; id: string }[];
    email: string;
    app_metadata: object;
    user_metadata: Record<string, unknown>;
  };

describe('a verified address at the provider', () => {
  test('joins the account that has verified it, which keeps its password and sessions', async () => {
    const { email } = stage.person('ann');
    const person = newPerson({ email });
    const session = await signUp(stage.gateway, person);
    await verify(email);
    const joined = await stage.signIn('ann');
    expect(joined.user).toMatchObject({
      id: session.user.id,
      app_metadata: { provider: 'email', providers: ['email', 'local'] },
      identities: [{ provider: 'email' }, { provider: 'local' }],
    });
    expect(await isSignedIn(stage.gateway, session)).toBe(true);
    expect((await logIn(stage.gateway, person)).user.id).toBe(session.user.id);
  });

  test('takes an account that has not verified it from the stranger who made it', async () => {
    const { email } = stage.person('ann');
    const planter = newPerson({ email, password: 'attacker horse', name: 'Mallory' });
    const planted = await signUp(stage.gateway, planter);
    const { id } = planted.user;
    await sql()`insert into portcullis_private.account_details (user_id, user_metadata) values (${id}, '{"planted":true}')`;
    await sql()`insert into portcullis.phones (user_id, number, verified_at) values (${id}, '+15005550199', now())`;
    await sql()`insert into portcullis.identities (id, user_id, provider, subject) values (gen_random_uuid(), ${id}, 'github', ${id})`;
    const [team] = await sql()`select team_id from portcullis.memberships where user_id = ${id}`;

    const owner = await stage.signIn('ann');
    expect(owner.user).toMatchObject({
      id,
      email,
      app_metadata: { provider: 'local', providers: ['local'] },
    });
    expect(owner.user.user_metadata).not.toHaveProperty('planted');
    expect(owner.user.phone).toBe('');
    expect(owner.user.identities).toHaveLength(1);
    await expect(logIn(stage.gateway, planter)).rejects.toThrow(/Invalid email or password/);
    expect(await isSignedIn(stage.gateway, planted)).toBe(false);
    expect(
      await sql()`select from portcullis.memberships where user_id = ${id} and team_id = ${team?.team_id}`,
    ).toEqual([]);
    expect(await sql()`select from portcullis_private.passwords where user_id = ${id}`).toEqual([]);
    expect(await sql()`select from portcullis_private.one_time_tokens where user_id = ${id}`).toEqual([]);
    expect(
      await sql()`select details from portcullis.security_events where user_id = ${id} and action = 'account_reclaimed'`,
    ).toHaveLength(1);
  });

  test('gives a team of the stranger to another of its members', async () => {
    const { email } = stage.person('ann');
    const planted = await signUp(stage.gateway, newPerson({ email }));
    const other = await signUp(stage.gateway);
    const [team] = await sql()`select team_id from portcullis.memberships where user_id = ${planted.user.id}`;
    await sql()`insert into portcullis.memberships (team_id, user_id, role) values (${team?.team_id}, ${other.user.id}, 'MEMBER')`;
    await stage.signIn('ann');
    expect(
      await sql()`select user_id, role from portcullis.memberships where team_id = ${team?.team_id}`,
    ).toEqual([{ user_id: other.user.id, role: 'OWNER' }]);
  });

  test('cannot be signed up with a password later, by someone else', async () => {
    const { email } = stage.person('ann');
    const owner = await stage.signIn('ann');
    const failure = await signUp(stage.gateway, newPerson({ email })).catch((error: Error) => error.message);
    expect(failure).toMatch(/already registered/);
    expect((await stage.signIn('ann')).user.id).toBe(owner.user.id);
  });
});

test('an unverified address at the provider never joins an account, in either order', async () => {
  const { email } = stage.person('eve', { email_verified: false });
  const refused = await stage.visit('/authorize?provider=local', { as: 'eve' });
  expect(refused.searchParams.get('error_code')).toBe('provider_email_needs_verification');
  expect(await sql()`select from portcullis.identities where email = ${email}`).toEqual([]);
  await verify(email);
  const again = await stage.visit('/authorize?provider=local', { as: 'eve' });
  expect(again.href).toBe(refused.href);
  expect(await sql()`select from portcullis.identities where email = ${email}`).toEqual([]);
});

describe('a signed-in person', () => {
  /** A person with a verified address and a password. */
  async function member() {
    const person = newPerson();
    const session = await signUp(stage.gateway, person);
    await verify(session.user.email);
    return { ...person, ...session };
  }

  const linkingUrl = async ({ accessToken }: Pick<SignedInAnswer, 'accessToken'>, query: string) => {
    const answer = await call(
      'GET',
      `/user/identities/authorize?provider=local&skip_http_redirect=true&${query}`,
      accessToken,
    );
    expect(answer.status).toBe(200);
    return ((await answer.json()) as { url: string }).url;
  };

  /** Links the account of a person at the provider. */
  async function link(session: Pick<SignedInAnswer, 'accessToken'>, as: string) {
    const { verifier, query } = pkce();
    const url = await linkingUrl(session, `${query}&login_hint=${as}`);
    const back = await createBrowser().follow(url, SITE);
    return { back, exchanged: await stage.exchange(back.searchParams.get('code') ?? '', verifier) };
  }

  test('links an account at the provider with another address, and signs in by it', async () => {
    const session = await member();
    stage.person('ann');
    const { exchanged } = await link(session, 'ann');
    expect(exchanged.status).toBe(200);
    const { id, identities } = await userOf(session.accessToken);
    expect(id).toBe(session.user.id);
    expect(identities.map(({ provider }) => provider)).toEqual(['email', 'local']);
    expect((await stage.signIn('ann')).user).toMatchObject({ id, email: session.user.email });
  });

  test('links nothing for a stranger who follows the link', async () => {
    const session = await member();
    stage.person('victim');
    const url = await linkingUrl(session, `${pkce().query}&login_hint=victim`);
    const back = await createBrowser().follow(url, SITE);
    expect(await stage.exchange(back.searchParams.get('code') ?? '', pkce().verifier)).toMatchObject({
      status: 400,
    });
    expect((await userOf(session.accessToken)).identities.map(({ provider }) => provider)).toEqual(['email']);
  });

  test('without PKCE does not get the address of a stranger who follows the link', async () => {
    const { body } = await stage.gateway.post('/signup', {});
    const { access_token: accessToken } = body as { access_token: string };
    const { email } = stage.person('victim');
    const url = await linkingUrl({ accessToken }, 'login_hint=victim');
    expect((await createBrowser().follow(url, SITE)).hash).toContain('access_token');
    expect(await userOf(accessToken)).toMatchObject({ email: '', identities: [{ provider: 'local' }] });
    expect(await sql()`select from portcullis.users where email = ${email}`).toEqual([]);
  });

  test('with PKCE gets the address that the provider has verified, if the account has none', async () => {
    const { body } = await stage.gateway.post('/signup', {});
    const { access_token: accessToken } = body as { access_token: string };
    const { email } = stage.person('ann');
    expect((await link({ accessToken }, 'ann')).exchanged.status).toBe(200);
    expect(await userOf(accessToken)).toMatchObject({ email, is_anonymous: false });
  });

  test.each([true, false])('with a second factor links by an ID token: it was shown: %s', async (shown) => {
    const session = await member();
    const device = await protect(stage.gateway, session);
    const { accessToken } = shown ? device : await logInFirst(stage.gateway, session);
    const time = Math.floor(Date.now() / 1000);
    const sub = `linked-${session.user.id}`;
    const id_token = await stage.oidc.makeIdToken({
      ...{ iss: stage.oidc.url, sub, aud: stage.oidc.clientId, iat: time, exp: time + 60 },
    });
    const answer = await stage.gateway.post(
      '/token?grant_type=id_token',
      { provider: 'local', id_token, link_identity: true },
      bearer(accessToken),
    );
    expect(answer).toMatchObject(
      shown ? { status: 200 } : { status: 401, body: { error_code: 'insufficient_aal' } },
    );
  });

  test('without PKCE links on the device that asked for the link only', async () => {
    const session = await member();
    stage.person('ann');
    const url = await linkingUrl(session, 'login_hint=ann');
    const stranger = { headers: { 'user-agent': 'another browser' } };
    expect((await createBrowser().visit(url, stranger)).status).toBe(403);
    for (const agent of ['node', '']) {
      const spelled = new URL(url);
      spelled.searchParams.set('ticket', `${spelled.searchParams.get('ticket')} 127.0.0.1 ${agent}`);
      expect((await createBrowser().visit(spelled.href, stranger)).status).toBe(403);
    }
    const back = await createBrowser().follow(url, SITE);
    expect(back.hash).toContain('access_token');
    const { identities } = await userOf(session.accessToken);
    expect(identities.map(({ provider }) => provider)).toEqual(['email', 'local']);
  });

  test('uses a link once', async () => {
    stage.person('ann');
    const url = await linkingUrl(await member(), `${pkce().query}&login_hint=ann`);
    expect((await createBrowser().visit(url)).status).toBe(302);
    expect((await createBrowser().visit(url)).status).toBe(403);
  });

  test('links nothing after the session has ended', async () => {
    const session = await member();
    stage.person('ann');
    const { verifier, query } = pkce();
    const back = await createBrowser().follow(await linkingUrl(session, `${query}&login_hint=ann`), SITE);
    await sql()`update portcullis.sessions set revoked_at = now() where user_id = ${session.user.id}`;
    const { status } = await stage.exchange(back.searchParams.get('code') ?? '', verifier);
    expect(status).toBe(403);
    expect(await sql()`select from portcullis.identities where user_id = ${session.user.id}`).toEqual([]);
  });

  test('cannot link an account that another person has, or has linked before', async () => {
    stage.person('ann');
    const first = await stage.signIn('ann');
    const session = await member();
    for (const taker of [session, { accessToken: first.access_token }]) {
      const { exchanged } = await link(taker, 'ann');
      expect(exchanged).toMatchObject({ status: 422, body: { error_code: 'identity_already_exists' } });
    }
    expect((await stage.signIn('ann')).user.id).toBe(first.user.id);
  });

  test('links an account once, in many attempts at once', async () => {
    stage.person('ann');
    const people = await Promise.all([1, 2, 3].map(member));
    const outcomes = await Promise.all(people.map((each) => link(each, 'ann')));
    expect(outcomes.filter(({ exchanged }) => exchanged.status === 200)).toHaveLength(1);
  });

  test('unlinks an identity, but not the last way of signing in', async () => {
    const session = await member();
    stage.person('ann');
    await link(session, 'ann');
    const { identities } = await userOf(session.accessToken);
    const [own, linked] = [identities[0]?.identity_id, identities[1]?.identity_id];
    const ofAddress = await call('DELETE', `/user/identities/${own}`, session.accessToken);
    expect(ofAddress.status).toBe(422);
    expect((await call('DELETE', `/user/identities/${linked}`, session.accessToken)).status).toBe(200);
    const last = await call('DELETE', `/user/identities/${own}`, session.accessToken);
    expect(await last.json()).toMatchObject({ error_code: 'single_identity_not_deletable' });
    expect((await stage.signIn('ann')).user.id).not.toBe(session.user.id);
  });

  test('does not unlink the address of the account, in whichever case its id is spelled', async () => {
    const session = await member();
    stage.person('ann');
    await link(session, 'ann');
    const own = (await userOf(session.accessToken)).identities[0]?.identity_id ?? '';
    for (const id of [own, own.toUpperCase()]) {
      const refused = await call('DELETE', `/user/identities/${id}`, session.accessToken);
      expect(await refused.json()).toMatchObject({ error_code: 'email_conflict_identity_not_deletable' });
    }
  });

  test('keeps the only identity of an account that a provider began', async () => {
    stage.person('ann');
    const { access_token: token } = await stage.signIn('ann');
    const { identities } = await userOf(token);
    const refused = await call('DELETE', `/user/identities/${identities[0]?.identity_id}`, token);
    expect(await refused.json()).toMatchObject({ error_code: 'single_identity_not_deletable' });
  });

  test("cannot unlink another person's identity", async () => {
    stage.person('bob');
    const bob = await stage.signIn('bob');
    const session = await member();
    stage.person('ann');
    await link(session, 'ann');
    const [theirs] = (await userOf(bob.access_token)).identities;
    const refused = await call('DELETE', `/user/identities/${theirs?.identity_id}`, session.accessToken);
    expect(await refused.json()).toMatchObject({ error_code: 'identity_not_found' });
    expect((await stage.signIn('bob')).user.id).toBe(bob.user.id);
  });

  test('without a proven address loses a linked identity to the owner of the mailbox', async () => {
    const owner = stage.person('owner');
    const planted = await signUp(stage.gateway, newPerson({ email: owner.email }));
    stage.person('planter');
    const [{ id: sessionId } = { id: '' }] = await sql()<{ id: string }[]>`
      select id from portcullis.sessions where user_id = ${planted.user.id}`;
    await sql()`insert into portcullis.identities (id, user_id, provider, issuer, subject)
      select gen_random_uuid(), ${planted.user.id}, 'local', ${stage.oidc.url}, ${stage.oidc.people.get('planter')?.sub ?? ''}`;
    expect(sessionId).not.toBe('');
    const before = await stage.visit('/authorize?provider=local', { as: 'planter' });
    expect(before.hash).toContain('access_token');
    expect((await stage.signIn('owner')).user.id).toBe(planted.user.id);
    expect((await stage.signIn('planter')).user.id).not.toBe(planted.user.id);
  });
});

test('an account whose address an operator changes is not proven by its identities any more', async () => {
  stage.person('ann');
  const { user } = await stage.signIn('ann');
  const { email } = newPerson();
  await operate(stage.gateway, UPDATE_USER, { userId: user.id, email, emailVerified: true });
  expect((await stage.signIn('ann')).user.id).toBe(user.id);
  const live = await sql()`
    select proven_at from portcullis.sessions where user_id = ${user.id} and revoked_at is null`;
  expect(live).toEqual([{ proven_at: null }]);
});
