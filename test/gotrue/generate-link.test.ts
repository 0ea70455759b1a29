import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newPerson } from '../support/gateway.ts';
import { administrate, JWT_SECRET } from './administrators.ts';
import { type Codes, SITE, startCodes } from './codes.ts';
import { bearer, expectError, TIME, type WireAnswer } from './wire.ts';

// Links and codes that a server gets, to send them itself.

let codes: Codes;
beforeAll(async () => {
  codes = await startCodes({ GOTRUE_JWT_SECRET: JWT_SECRET, LIMIT_MAIL_SPACING_SECONDS: '60' });
});
afterAll(() => codes.close());

const PASSWORD = 'Correct-horse-1';
const newEmail = (): string => newPerson().email;
const ask = (body: object, query = ''): Promise<WireAnswer> =>
  administrate(codes.gateway, 'POST', `/admin/generate_link${query}`, body);

type Link = Record<string, unknown> & {
  id: string;
  action_link: string;
  email_otp: string;
  hashed_token: string;
};
async function generate(body: object, query = ''): Promise<Link> {
  const { status, body: link } = await ask(body, query);
  expect({ status, link }).toMatchObject({ status: 200 });
  return link as Link;
}
async function create(email: string, more: object = { email_confirm: true }): Promise<string> {
  const { body } = await administrate(codes.gateway, 'POST', '/admin/users', { email, ...more });
  return (body as { id: string }).id;
}
const open = (link: Link): Promise<Response> => codes.open(new URL(link.action_link));
const place = (answer: Response): string => answer.headers.get('location') ?? '';
const signIn = (email: string, password: string) =>
  codes.post('/token?grant_type=password', { email, password });
const user = async (id: string) => (await administrate(codes.gateway, 'GET', `/admin/users/${id}`)).body;

describe('signup', () => {
  test('creates a user with the password, mails nothing, and the link signs in', async () => {
    const email = newEmail();
    const link = await generate({ type: 'signup', email, password: PASSWORD, data: { a: 1 } });
    expect(link).toMatchObject({
      ...{ email, confirmation_sent_at: TIME, user_metadata: { a: 1 }, verification_type: 'signup' },
      ...{ email_otp: expect.stringMatching(/^\d{6}$/), redirect_to: SITE },
      hashed_token: expect.stringMatching(/^[0-9a-f]{56}$/),
    });
    expect(link).not.toHaveProperty('email_confirmed_at');
    expect(link.action_link).toBe(
      `https://auth.example.com/verify?token=${link.hashed_token}&type=signup&redirect_to=${SITE}`,
    );
    expect(await codes.countMails(email)).toBe(0);
    expect(place(await open(link))).toMatch(/#access_token=.*&type=signup$/);
    expect((await signIn(email, PASSWORD)).status).toBe(200);
  });

  test('has a code and a token in place of the link, and each works once', async () => {
    const [first, second] = [newEmail(), newEmail()];
    const byCode = await generate({ type: 'signup', email: first, password: PASSWORD });
    const verify = { type: 'signup', email: first, token: byCode.email_otp };
    expect((await codes.post('/verify', verify)).status).toBe(200);
    expectError(await codes.post('/verify', verify), 403, 'otp_expired', expect.any(String));
    const byHash = await generate({ type: 'signup', email: second, password: PASSWORD });
    const hash = { type: 'email', token_hash: byHash.hashed_token };
    const answers = await Promise.all(Array.from({ length: 5 }, () => codes.post('/verify', hash)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 403, 403, 403, 403]);
  });

  test('replaces the password and the sessions of a stranger who signed up with the address', async () => {
    const email = newEmail();
    const signup = 'mutation ($input: SignupInput!) { signup(input: $input) { accessToken } }';
    const { signup: eve } = await codes.gateway.graphql<{ signup: { accessToken: string } }>(signup, {
      input: { email, password: 'planted horse', name: 'Eve' },
    });
    const link = await generate({ type: 'signup', email, password: PASSWORD });
    const me = await codes.gateway.failure('{ me { id } }', {}, bearer(eve.accessToken));
    expect(me).toMatchObject([{ extensions: { code: 'unauthenticated' } }]);
    expect(place(await open(link))).toMatch(/#access_token=/);
    expect((await signIn(email, 'planted horse')).status).toBe(400);
    expect((await signIn(email, PASSWORD)).status).toBe(200);
  });

  test('without a password, with a weak one, or for a confirmed address is refused', async () => {
    const email = newEmail();
    expectError(
      await ask({ type: 'signup', email }),
      400,
      'validation_failed',
      'Signup requires a valid password',
    );
    const weak = await ask({ type: 'signup', email, password: '1' });
    expect(weak).toMatchObject({ status: 422, body: { error_code: 'weak_password' } });
    expect(await codes.gateway.sql`select from portcullis.users where email = ${email}`).toEqual([]);
    await create(email);
    for (const type of ['signup', 'invite'])
      expectError(await ask({ type, email, password: PASSWORD }), 422, 'email_exists', expect.any(String));
  });
});

describe('magiclink and recovery', () => {
  test('sign in a known user, without a spacing, and the last one counts', async () => {
    const email = newEmail();
    const id = await create(email);
    for (const type of ['magiclink', 'recovery']) {
      const former = await generate({ type, email });
      const link = await generate({ type, email });
      expect(link).toMatchObject({ id, verification_type: type, recovery_sent_at: TIME });
      expect(place(await open(former))).toContain('error_code=otp_expired');
      expect(place(await open(link))).toMatch(new RegExp(`#access_token=.*&type=${type}$`));
    }
    expect(await codes.countMails(email)).toBe(0);
  });

  test('a magiclink for an unknown address becomes a signup', async () => {
    const email = newEmail();
    const link = await generate({ type: 'magiclink', email });
    expect(link).toMatchObject({ email, verification_type: 'signup', confirmation_sent_at: TIME });
    expect(link.action_link).toContain('&type=signup&');
    expect(place(await open(link))).toMatch(/&type=signup$/);
  });

  test('a recovery of an unknown address is refused: user_not_found', async () => {
    const email = newEmail();
    expectError(
      await ask({ type: 'recovery', email }),
      404,
      'user_not_found',
      'User with this email not found',
    );
    expect(await codes.gateway.sql`select from portcullis.users where email = ${email}`).toEqual([]);
  });
});

test('an invite creates a user who gets in by the link', async () => {
  const email = newEmail();
  const link = await generate({ type: 'invite', email, data: { team: 'blue' } });
  expect(link).toMatchObject({ email, invited_at: TIME, user_metadata: { team: 'blue' } });
  expect(place(await open(link))).toMatch(/&type=invite$/);
});

describe('email_change', () => {
  const change = (type: 'current' | 'new', email: string, next: string) =>
    generate({ type: `email_change_${type}`, email, new_email: next });

  test.each([['current', 'new'] as const, ['new', 'current'] as const])(
    'takes both links, the %s one first',
    async (first, second) => {
      const [email, next] = [newEmail(), newEmail()];
      const id = await create(email);
      const links = {
        [first]: await change(first, email, next),
        [second]: await change(second, email, next),
      };
      expect(links[first]).toMatchObject({
        ...{ email, new_email: next, email_change_sent_at: TIME },
        verification_type: `email_change_${first}`,
      });
      expect(links[first]?.action_link).toContain(`token=${links[first]?.hashed_token}&type=email_change&`);
      expect(place(await open(links[first] as Link))).toContain('#message=Confirmation+link+accepted.');
      expect(await user(id)).toMatchObject({ email });
      expect(place(await open(links[second] as Link))).toMatch(/&type=email_change$/);
      expect(await user(id)).toMatchObject({ email: next });
      expect(await user(id)).not.toHaveProperty('new_email');
    },
  );

  test('a half that was confirmed for one address does not count for another', async () => {
    const [email, next, other] = [newEmail(), newEmail(), newEmail()];
    const id = await create(email);
    await open(await change('current', email, next));
    const link = await change('new', email, other);
    expect(place(await open(link))).toContain('#message=Confirmation+link+accepted.');
    expect(await user(id)).toMatchObject({ email });
  });

  test('without a new address, to a taken one, or of an unknown user is refused', async () => {
    const [email, other] = [newEmail(), newEmail()];
    await create(email);
    await create(other);
    const type = 'email_change_new';
    expectError(await ask({ type, email }), 400, 'validation_failed', 'An email address is required');
    expectError(await ask({ type, email, new_email: other }), 422, 'email_exists', expect.any(String));
    const unknown = { type: 'email_change_current', email: newEmail(), new_email: newEmail() };
    expectError(await ask(unknown), 404, 'user_not_found', 'User with this email not found');
  });
});

test('a link of a banned user signs in once the ban has ended, and not before', async () => {
  const email = newEmail();
  const id = await create(email);
  const link = await generate({ type: 'magiclink', email });
  await administrate(codes.gateway, 'PUT', `/admin/users/${id}`, { ban_duration: '1h' });
  expect(place(await open(link))).toContain('error_code=user_banned');
  await codes.gateway.sql`update portcullis_private.account_details
    set banned_until = now() - interval '1 second' where user_id = ${id}`;
  expect(place(await open(link))).toMatch(/#access_token=/);
  expect(await user(id)).not.toHaveProperty('banned_until');
});

test('the link leads to the first allowed target of body and query', async () => {
  const email = newEmail();
  await create(email);
  const target = `${SITE}/in`;
  const inBody = await generate({ type: 'magiclink', email, redirect_to: target });
  expect(inBody).toMatchObject({ redirect_to: target });
  expect(place(await open(inBody))).toContain(`${target}#access_token=`);
  const query = `?redirect_to=${encodeURIComponent(target)}`;
  const inQuery = await generate({ type: 'magiclink', email, redirect_to: 'https://evil.example' }, query);
  expect(inQuery).toMatchObject({ redirect_to: target });
  const refused = await generate({ type: 'magiclink', email, redirect_to: 'https://evil.example' });
  expect(refused).toMatchObject({ redirect_to: SITE });
});

test('an unknown type is refused: validation_failed', async () => {
  for (const type of ['sms', 'email', 'constructor', ''])
    expect(await ask({ type, email: newEmail() })).toMatchObject({
      status: 400,
      body: { error_code: 'validation_failed' },
    });
});

test('neither code nor token is in the database, the log or the security events in clear', async () => {
  const email = newEmail();
  const id = await create(email);
  const { email_otp, hashed_token } = await generate({ type: 'recovery', email });
  const [row] = await codes.gateway
    .sql`select row_to_json(c)::text as row from portcullis_private.one_time_codes c
    where user_id = ${id}`;
  const events = await codes.gateway.sql`select details from portcullis.security_events
    where user_id = ${id} and action = 'code_requested'`;
  expect(events).toEqual([
    { details: { by: 'shared secret (service_role)', purpose: 'recovery', link: true } },
  ]);
  for (const text of [String(row?.row), codes.gateway.logged()]) {
    expect(text).not.toContain(hashed_token);
    expect(text).not.toContain(`"${email_otp}"`);
  }
});

test('where the present address need not confirm, it gets no link, and the new one is enough', async () => {
  const lax = await startCodes({ GOTRUE_JWT_SECRET: JWT_SECRET, SECURE_EMAIL_CHANGE: 'off' });
  try {
    const [email, next] = [newEmail(), newEmail()];
    const admin = (path: string, body: object) => administrate(lax.gateway, 'POST', path, body);
    await admin('/admin/users', { email, email_confirm: true });
    const current = { type: 'email_change_current', email, new_email: next };
    expectError(
      await admin('/admin/generate_link', current),
      400,
      'validation_failed',
      'Enable secure email change to generate link for current email',
    );
    const { body } = await admin('/admin/generate_link', { ...current, type: 'email_change_new' });
    const answer = await lax.open(new URL((body as Link).action_link));
    expect(place(answer)).toMatch(/&type=email_change$/);
  } finally {
    await lax.close();
  }
});
