import { decodeJwt } from 'jose';
import { describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { newPerson, signUp as signUpByGraphQL, startGateway, type TestGateway } from '../support/gateway.ts';
import { verifiedPerson } from './people.ts';
import { bearer, expectError, NAMED, send, type WireAnswer } from './wire.ts';

// POST /signup by an address.

const ENV = { LIMIT_SIGNUP_PER_ADDRESS: '1000/60', LIMIT_MAIL_SPACING_SECONDS: '1' };
const gateway = forFile(() => startGateway({ env: ENV }));
const automatic = forFile(() => startGateway({ env: { ...ENV, AUTOCONFIRM: 'email' } }));

type User = { id: string; email: string; user_metadata: Record<string, unknown> };

const signUp = (body: object, { at = gateway, headers = {} as Record<string, string>, query = '' } = {}) =>
  send(at, 'POST', `/signup${query}`, { body, headers });
const newBody = (more: object = {}) => ({ email: newPerson().email, password: 'Correct-horse-1', ...more });
const userOf = ({ status, body }: WireAnswer): User => {
  expect(status).toBe(200);
  return body as User;
};
/** Lets the spacing of mails pass. */
const passSpacing = (at: TestGateway = gateway) => at.sql`delete from portcullis_private.rate_limits`;
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

describe('a sign-up', () => {
  test('answers the person who has to confirm, and no session', async () => {
    const body = newBody();
    const user = userOf(await signUp(body));
    const { id } = user;
    const { email } = body;
    const facts = { email, email_verified: false, phone_verified: false, sub: id };
    expect(user).toEqual({
      ...{ id, aud: 'authenticated', role: 'authenticated', email, phone: '', confirmation_sent_at: time },
      ...{ app_metadata: { provider: 'email', providers: ['email'] }, user_metadata: facts },
      identities: [
        {
          ...{ identity_id: expect.any(String), id, user_id: id, identity_data: facts, provider: 'email' },
          ...{ last_sign_in_at: time, created_at: time, updated_at: time, email },
        },
      ],
      ...{ created_at: time, updated_at: time, is_anonymous: false },
    });
    expect(Object.keys(user)).toEqual([
      ...['id', 'aud', 'role', 'email', 'phone', 'confirmation_sent_at', 'app_metadata', 'user_metadata'],
      ...['identities', 'created_at', 'updated_at', 'is_anonymous'],
    ]);
    const sessions = await gateway.sql`select from portcullis.sessions where user_id = ${id}`;
    expect(sessions).toHaveLength(0);
    const [stored] = await gateway.sql`
      select email_verified_at, (select count(*)::int from portcullis_private.passwords where user_id = ${id}) as passwords
      from portcullis.users where id = ${id}`;
    expect(stored).toEqual({ email_verified_at: null, passwords: 1 });
  });

  test('keeps the data of the client as user_metadata, with sorted keys, and the canonical address', async () => {
    const { email } = newPerson();
    const data = { name: 'Ann', z: { b: 1, a: [{ d: 1, c: 2 }] } };
    const user = userOf(await signUp(newBody({ email: ` ${email.toUpperCase()} `, data })));
    expect(user).toMatchObject({ email, user_metadata: data });
    expect(JSON.stringify(user.user_metadata)).toContain('"z":{"a":[{"c":2,"d":1}],"b":1}');
    expect(Object.keys(user.user_metadata)).toEqual(Object.keys(user.user_metadata).sort());
  });

  test('cannot set app_metadata, the role, the id or the facts of the account', async () => {
    const own = { app_metadata: { admin: true }, role: 'service_role', sub: 'me', email_verified: true };
    const user = userOf(await signUp(newBody({ ...own, data: own, id: '…', aud: 'other' })));
    const { id } = user;
    expect(user).toMatchObject({ aud: 'authenticated', role: 'authenticated' });
    expect(user).toMatchObject({ app_metadata: { provider: 'email', providers: ['email'] } });
    expect(user.user_metadata).toMatchObject({ role: 'service_role', sub: id, email_verified: false });
  });
});

describe('a repeat', () => {
  test('of an unconfirmed address shows the same person, and changes nothing', async () => {
    const body = newBody({ data: { v: 1 } });
    const first = userOf(await signUp(body));
    await passSpacing();
    const second = userOf(await signUp({ ...body, password: 'Another-horse-2', data: { v: 2 } }));
    expect(second).toEqual({ ...first, confirmation_sent_at: time });
    await gateway.sql`update portcullis.users set email_verified_at = now() where id = ${first.id}`;
    const login = (password: string) =>
      send(gateway, 'POST', '/token?grant_type=password', { body: { email: body.email, password } });
    expect(await login('Another-horse-2')).toMatchObject({ status: 400 });
    expect(await login(body.password)).toMatchObject({ status: 200 });
  });

  test('shows a stranger nothing of what the owner has added', async () => {
    const { user } = await signUpByGraphQL(gateway, newPerson());
    await gateway.sql`insert into portcullis.phones (user_id, number) values (${user.id}, '+15005550099')`;
    await gateway.sql`insert into portcullis_private.account_details (user_id, app_metadata, banned_until)
      values (${user.id}, '{"plan":"secret"}', now())`;
    const shown = userOf(await signUp(newBody({ email: user.email })));
    expect(Object.keys(shown)).toEqual(Object.keys(userOf(await signUp(newBody()))));
    expect(JSON.stringify(shown)).not.toMatch(/secret|15005550099/);
  });

  test('of a confirmed or a disabled one looks like a new sign-up, after the same work', async () => {
    const work = async (email: string) => {
      const counts = async () => {
        const [row] = await gateway.sql`select
          (select count(*)::int from portcullis_private.flow_states) as flows,
          (select count(*)::int from portcullis.security_events) as events,
          (select count(*)::int from portcullis_jobs._private_jobs) as jobs`;
        const rows = row as Record<string, number>;
        return { ...rows, hashes: gateway.deps.hashGate.finished } as Record<string, number>;
      };
      const before = await counts();
      const answer = await signUp(newBody({ email, data: { x: 1 } }));
      const after = await counts();
      const done = ['flows', 'events', 'hashes'].map((name) => (after[name] ?? 0) - (before[name] ?? 0));
      const { id } = userOf(answer);
      const text = JSON.stringify(answer.body)
        .replaceAll(id, '«id»')
        .replaceAll(email, '«email»')
        .replaceAll(/"\d{4}-\d\d-\d\dT[^"]*"/g, '"«time»"')
        .replaceAll(/"identity_id":"[^"]*"/g, '"identity_id":"«id»"');
      const names = [...answer.headers.keys()];
      return { status: answer.status, text, names, done, isReal: (await idsOf(email)).includes(id) };
    };
    const idsOf = async (email: string) =>
      (await gateway.sql`select id from portcullis.users where email = ${email}`).map(
        ({ id }) => id as string,
      );
    const [confirmed, disabled] = [await verifiedPerson(gateway), await signUpByGraphQL(gateway)];
    await gateway.sql`update portcullis.users set disabled_at = now() where id = ${disabled.user.id}`;
    const fresh = await work(newPerson().email);
    expect(fresh).toMatchObject({ isReal: true, done: [1, 2, 2] });
    expect(await work(confirmed.user.email)).toEqual({ ...fresh, isReal: false });
    expect(await work(disabled.user.email)).toEqual({ ...fresh, isReal: false });
  });

  test('within the spacing of mails is refused, for every address alike: over_email_send_rate_limit', async () => {
    const spaced = await startGateway({ replicaOf: gateway, env: { LIMIT_MAIL_SPACING_SECONDS: '60' } });
    const confirmed = await verifiedPerson(gateway);
    for (const email of [newPerson().email, confirmed.user.email]) {
      userOf(await signUp(newBody({ email }), { at: spaced }));
      const refused = await signUp(newBody({ email }), { at: spaced });
      const message = expect.stringMatching(
        /^For security purposes, you can only request this after \d+ seconds\.$/,
      );
      expectError(refused, 429, 'over_email_send_rate_limit', message);
      expect(refused.headers.has('retry-after')).toBe(true);
    }
    await spaced.close();
  });

  test('by five at once makes one account, and answers no error of the server', async () => {
    const free = await startGateway({ replicaOf: gateway, env: { RATE_LIMITS: 'off' } });
    const body = newBody();
    const answers = await Promise.all(Array.from({ length: 5 }, () => signUp(body, { at: free })));
    const users = answers.map(userOf);
    expect(new Set(users.map(({ id }) => id)).size).toBe(1);
    expect(await gateway.sql`select from portcullis.users where email = ${body.email}`).toHaveLength(1);
    await free.close();
  });
});

describe('where AUTOCONFIRM covers addresses', () => {
  test('a sign-up opens a session, and the address does not count as verified', async () => {
    const body = newBody();
    const answer = await signUp(body, { at: automatic });
    const session = answer.body as { access_token: string; user: User };
    expect(answer).toMatchObject({
      status: 200,
      body: {
        token_type: 'bearer',
        user: { email: body.email, email_confirmed_at: time, last_sign_in_at: time },
      },
    });
    expect(answer.headers.get('sb-auth-user-id')).toBe(session.user.id);
    expect(decodeJwt(session.access_token)).toMatchObject({
      email_verified: false,
      amr: [{ method: 'password' }],
    });
    const user = await send(automatic, 'GET', '/user', { headers: bearer(session.access_token) });
    expect(user).toMatchObject({ status: 200, body: { id: session.user.id } });
    const [stored] =
      await automatic.sql`select email_verified_at from portcullis.users where id = ${session.user.id}`;
    expect(stored).toEqual({ email_verified_at: null });
  });

  test('a taken address is refused: user_already_exists', async () => {
    const body = newBody();
    await signUp(body, { at: automatic });
    const message = 'User already registered';
    expectError(await signUp(body, { at: automatic }), 422, 'user_already_exists', message);
    const named = await signUp(body, { at: automatic, headers: NAMED });
    expect(named.body).toEqual({ code: 'user_already_exists', message });
  });

  test('of five at once one gets the account', async () => {
    const body = newBody();
    const answers = await Promise.all(Array.from({ length: 5 }, () => signUp(body, { at: automatic })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 422, 422, 422, 422]);
  });
});

describe('a sign-up that is not valid', () => {
  const challenge = 'a'.repeat(43);
  test.each([
    [{ password: undefined }, 'Signup requires a valid password'],
    [{ password: '' }, 'Signup requires a valid password'],
    [{ password: null }, 'Signup requires a valid password'],
    [{ phone: '15005551000' }, 'Only an email address or phone number should be provided on signup.'],
    [{ email: 'nope' }, 'Unable to validate email address: invalid format'],
    [{ code_challenge: challenge }, 'PKCE flow requires code_challenge_method and code_challenge'],
    [{ code_challenge_method: 's256' }, 'PKCE flow requires code_challenge_method and code_challenge'],
    [
      { code_challenge: 'short', code_challenge_method: 's256' },
      'code challenge has to be between 43 and 128 characters',
    ],
    [
      { code_challenge: 'a'.repeat(129), code_challenge_method: 's256' },
      'code challenge has to be between 43 and 128 characters',
    ],
    [
      { code_challenge: `${challenge}!`, code_challenge_method: 's256' },
      'code challenge can only contain alphanumeric characters, hyphens, periods, underscores and tildes',
    ],
    [{ code_challenge: challenge, code_challenge_method: 'md5' }, expect.any(String)],
  ])('answers validation_failed: %j', async (more, message) => {
    expectError(await signUp(newBody(more)), 400, 'validation_failed', message);
  });

  test('half of a surrogate pair is refused in every text', async () => {
    for (const name of ['email', 'phone', 'password', 'channel', 'code_challenge', 'code_challenge_method']) {
      const text = JSON.stringify(newBody()).replace('{', `{"${name}":"\\ud800",`);
      const body = name === 'email' || name === 'password' ? `{"${name}":"\\ud800"}` : text;
      const refused = await send(gateway, 'POST', '/signup', { body });
      expect([refused.status, refused.headers.get('x-sb-error-code')]).toEqual([400, 'validation_failed']);
    }
  });

  test('a weak password is refused with all reasons: weak_password', async () => {
    const env = { PASSWORD_MIN_LENGTH: '10', PASSWORD_REQUIRED_CHARACTERS: 'abc:ABC' };
    const strict = await startGateway({ replicaOf: gateway, env });
    const refused = await signUp(newBody({ password: 'a' }), { at: strict });
    const msg =
      'Password should be at least 10 characters. Password should contain at least one character of each: abc, ABC.';
    const weak_password = { reasons: ['length', 'characters'] };
    expect(refused).toMatchObject({ status: 422 });
    expect(refused.body).toEqual({ code: 422, error_code: 'weak_password', msg, weak_password });
    expect(refused.headers.get('x-sb-error-code')).toBe('weak_password');
    const named = await signUp(newBody({ password: 'a' }), { at: strict, headers: NAMED });
    expect(named.body).toEqual({ code: 'weak_password', message: msg, weak_password });
    expect(named.headers.has('x-sb-error-code')).toBe(false);
    await strict.close();
  });

  test('null counts as absent for PKCE', async () => {
    userOf(await signUp(newBody({ code_challenge: null, code_challenge_method: null, data: null })));
  });

  test('where sign-up is off or by invitation answers signup_disabled', async () => {
    for (const SIGNUP of ['off', 'invited']) {
      const closed = await startGateway({ replicaOf: gateway, env: { SIGNUP } });
      const message = 'Signups not allowed for this instance';
      expectError(await signUp(newBody(), { at: closed }), 422, 'signup_disabled', message);
      expect((await send(closed, 'GET', '/settings')).body).toMatchObject({ disable_signup: true });
      await closed.close();
    }
  });
});
