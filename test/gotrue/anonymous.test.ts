import { decodeJwt } from 'jose';
import { describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { bearer, ME, newPerson, PUBLIC_URL, startGateway } from '../support/gateway.ts';
import { verifiedPerson } from './people.ts';
import { expectError, send } from './wire.ts';

// Signing in without an address: POST /signup without one, and signInAnonymously.

const gateway = forFile(() =>
  startGateway({ env: { ANONYMOUS_SIGN_IN: 'on', LIMIT_ANONYMOUS_PER_ADDRESS: '9/3600' } }),
);
const roomy = forFile(() =>
  startGateway({ replicaOf: gateway, env: { LIMIT_ANONYMOUS_PER_ADDRESS: '1000/3600' } }),
);
const SIGN_IN = 'mutation { signInAnonymously { accessToken refreshToken user { id email name } } }';

type Session = { access_token: string; refresh_token: string; user: { id: string } };
const signUp = async (body: unknown = {}, at = roomy) => {
  const answer = await send(at, 'POST', '/signup', { body });
  expect(answer.status).toBe(200);
  return { ...answer, body: answer.body as Session };
};

describe('POST /signup without an address', () => {
  test('opens the session of an anonymous person, with their data', async () => {
    const { body, headers } = await signUp({ data: { theme: 'dark' } });
    const time = expect.any(String);
    expect(body.user).toEqual({
      ...{ id: body.user.id, aud: 'authenticated', role: 'authenticated', email: '', phone: '' },
      ...{ last_sign_in_at: time, app_metadata: {}, user_metadata: { theme: 'dark' }, identities: [] },
      ...{ created_at: time, updated_at: time, is_anonymous: true },
    });
    expect(headers.get('sb-auth-user-id')).toBe(body.user.id);
    expect(decodeJwt(body.access_token)).toMatchObject({
      is_anonymous: true,
      amr: [{ method: 'anonymous', timestamp: expect.any(Number) }],
      user_metadata: { theme: 'dark' },
    });
    const user = await send(gateway, 'GET', '/user', { headers: bearer(body.access_token) });
    expect(user.body).toEqual(body.user);
  });

  test('makes another account each time, whose refresh token works', async () => {
    const [one, two] = [await signUp(), await signUp()];
    expect(one.body.user.id).not.toBe(two.body.user.id);
    const { refresh_token } = one.body;
    const refreshed = await send(gateway, 'POST', '/token?grant_type=refresh_token', {
      body: { refresh_token },
    });
    expect(refreshed).toMatchObject({
      status: 200,
      body: { user: { id: one.body.user.id, is_anonymous: true } },
    });
  });

  test('is refused where it is off, and where sign-up is', async () => {
    const off = await startGateway({ replicaOf: gateway, env: { ANONYMOUS_SIGN_IN: 'off' } });
    const refused = await send(off, 'POST', '/signup', { body: {} });
    expectError(refused, 422, 'anonymous_provider_disabled', 'Anonymous sign-ins are disabled');
    expect((await send(off, 'GET', '/settings')).body).toMatchObject({
      external: { anonymous_users: false },
    });
    const [error] = (await off.failure(SIGN_IN)) as [{ extensions: { code: string } }];
    expect(error.extensions.code).toBe('feature_disabled');
    await off.close();
    const closed = await startGateway({ replicaOf: gateway, env: { SIGNUP: 'off' } });
    const message = 'Signups not allowed for this instance';
    expectError(await send(closed, 'POST', '/signup', { body: {} }), 422, 'signup_disabled', message);
    await closed.close();
  });

  test('takes metadata of at most 16 KB, 32 levels and no NUL, and nothing else of the account', async () => {
    const refused = async (data: unknown) => {
      const { status, headers } = await send(roomy, 'POST', '/signup', { body: { data } });
      return [status, headers.get('x-sb-error-code')];
    };
    let deep: unknown = {};
    for (let i = 0; i < 40; i += 1) deep = { deep };
    const wrong = [{ x: 'x'.repeat(16_384) }, { deep }, { x: 'a\u0000b' }, { 'a\u0000': 1 }, { x: '\ud800' }];
    for (const data of wrong) expect(await refused(data)).toEqual([400, 'validation_failed']);
    const text = `{"data":{"x":${'['.repeat(200_000)}${']'.repeat(200_000)}}}`;
    expect((await send(roomy, 'POST', '/signup', { body: text })).status).toBe(400);
    const { user } = (await signUp({ id: 'x', role: 'service_role', app_metadata: { a: 1 }, aud: 'x' })).body;
    expect(user).toMatchObject({ role: 'authenticated', app_metadata: {}, aud: 'authenticated' });
  });
});

describe('signInAnonymously', () => {
  test('opens a session of the same kind, which the GoTrue dialect serves', async () => {
    const { signInAnonymously: session } = await roomy.graphql<{
      signInAnonymously: { accessToken: string; user: { id: string } };
    }>(SIGN_IN);
    expect(session.user).toEqual({ id: expect.any(String), email: null, name: null });
    const { body } = await send(gateway, 'GET', '/user', { headers: bearer(session.accessToken) });
    expect(body).toMatchObject({ id: session.user.id, is_anonymous: true });
    expect(await gateway.graphql(ME, {}, bearer(session.accessToken))).toMatchObject({
      me: { id: session.user.id, emailVerified: false, memberships: [] },
    });
  });

  test('and the endpoint share a limit per address: over_request_rate_limit', async () => {
    await gateway.sql`delete from portcullis_private.rate_limits`;
    for (let i = 0; i < 8; i += 1) await signUp({}, gateway);
    await gateway.graphql(SIGN_IN);
    const refused = await send(gateway, 'POST', '/signup', { body: {} });
    expectError(refused, 429, 'over_request_rate_limit', 'Request rate limit reached');
    expect(refused.headers.has('retry-after')).toBe(true);
    const [error] = (await gateway.failure(SIGN_IN)) as [{ extensions: { code: string } }];
    expect(error.extensions.code).toBe('rate_limited');
  });
});

describe('an anonymous person', () => {
  /** The token in the mail to an address. Either gateway may have delivered it. */
  async function mailedToken(email: string): Promise<string> {
    const link = new RegExp(`${PUBLIC_URL}/mail/change-email/([\\w.~-]+)`);
    const find = () => {
      const mails = [gateway, roomy].flatMap(({ deps }) => deps.mailInbox?.list() ?? []);
      const texts = mails.filter((mail) => JSON.stringify(mail).includes(email)).map(({ text }) => text);
      return texts.map((text) => link.exec(text)?.[1]).find((found) => found !== undefined);
    };
    await expect.poll(find).toBeDefined();
    return find() ?? '';
  }

  const REQUEST = 'mutation ($email: String!) { changeEmail(input: { newEmail: $email }) { ok } }';
  const CONFIRM = 'mutation ($token: String!) { confirmEmailChange(input: { token: $token }) { ok } }';

  test('becomes permanent by confirming an address, also long after the sign-in, and keeps the id', async () => {
    const { user, access_token } = (await signUp()).body;
    await gateway.sql`update portcullis.sessions set created_at = now() - interval '1 day',
      methods = '[{"method":"anonymous","timestamp":1}]' where user_id = ${user.id}`;
    const { email } = newPerson();
    await roomy.graphql(REQUEST, { email }, bearer(access_token));
    const token = await mailedToken(email);
    await roomy.graphql(CONFIRM, { token }, bearer(access_token));
    const shown = await send(gateway, 'GET', '/user', { headers: bearer(access_token) });
    expect(shown).toMatchObject({ status: 200, body: { id: user.id, email, is_anonymous: false } });
    expect(shown.body).toMatchObject({ app_metadata: { provider: 'email', providers: ['email'] } });
  });

  test('does not get an address that another person has', async () => {
    const { access_token, user } = (await signUp()).body;
    const { user: other } = await verifiedPerson(roomy);
    await roomy.graphql(REQUEST, { email: other.email }, bearer(access_token));
    const shown = await send(gateway, 'GET', '/user', { headers: bearer(access_token) });
    expect(shown.body).toMatchObject({ id: user.id, email: '', is_anonymous: true });
  });
});
