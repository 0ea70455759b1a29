import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { confirmPhoneChange } from '../../src/flows/account/confirm-phone-change.ts';
import type { Caller } from '../../src/flows/shared/caller.ts';
import { signInWithMailedCode } from '../../src/flows/sign-in/sign-in-with-code.ts';
import { startSmtp, type TestSmtp } from '../mail/smtp.ts';
import { newNumber } from '../sms/phone-people.ts';
import { isSignedIn, logIn, newPerson, startGateway, type TestGateway } from '../support/gateway.ts';
import { type Member, verifiedPerson } from './people.ts';
import { bearer, expectError, send, type WireAnswer } from './wire.ts';

// PUT /user: what a signed-in person changes.

const CODES = { '+15005550011': '111111', '+15005550012': '222222' };

let smtp: TestSmtp;
let gateway: TestGateway;
const closing: (() => Promise<unknown>)[] = [];

const env = () => ({
  SMTP_URL: smtp.url,
  SMS_PROVIDER: 'test',
  SMS_TEST_CODES: Object.entries(CODES)
    .map((entry) => entry.join('='))
    .join(),
  LIMIT_SIGNUP_PER_ADDRESS: '1000/60',
  LIMIT_SMS_PER_ADDRESS: '1000/60',
});

beforeAll(async () => {
  smtp = await startSmtp();
  gateway = await startGateway({ env: env() });
});
afterAll(async () => {
  for (const close of closing) await close();
  await gateway.close();
  await smtp.stop();
});

let ada: Member;
beforeEach(async () => {
  ada = await verifiedPerson(gateway);
  await gateway.sql`delete from portcullis_private.rate_limits`;
});

const by: Caller = { device: { address: '203.0.113.7', userAgent: 'test' } };

type Body = Record<string, unknown>;

const update = (body: unknown, { accessToken }: Pick<Member, 'accessToken'> = ada, at = gateway) =>
  send(at, 'PUT', '/user', { body, headers: bearer(accessToken) });

async function updated(
  body: unknown,
  member: Pick<Member, 'accessToken'> = ada,
  at = gateway,
): Promise<Body> {
  const answer = await update(body, member, at);
  expect(answer).toMatchObject({ status: 200 });
  return answer.body as Body;
}

const CODE = /\b\d{6}\b/;

/** Waits for a mail with a code to an address, and returns the code of the last one. */
async function codeTo(address: string): Promise<string> {
  const find = () => smtp.mails.findLast(({ to, text }) => to.includes(address) && CODE.test(text));
  await expect.poll(() => find() !== undefined).toBe(true);
  return CODE.exec(find()?.text ?? '')?.[0] ?? '';
}

const confirmEmail = (email: string, code: string, at = gateway) =>
  signInWithMailedCode(at.deps, by, {
    ...{ email, code, form: 'gotrue' },
    purposes: ['email_change_new', 'email_change_current'],
  });

test('nothing in the body changes nothing', async () => {
  const before = (await send(gateway, 'GET', '/user', { headers: bearer(ada.accessToken) })).body as Body;
  expect(await updated({})).toEqual(before);
  const ignored = {
    role: 'service_role',
    aud: 'x',
    id: ada.user.id,
    is_anonymous: true,
    email_confirm: true,
  };
  expect(await updated(ignored)).toEqual(before);
  expect(await updated({ email: ada.person.email.toUpperCase(), phone: '', data: null })).toEqual(before);
});

test('data is merged, and null deletes a key', async () => {
  await updated({ data: { keep: 1, drop: 2, nest: { a: 1 } } });
  const { user_metadata: metadata } = await updated({ data: { drop: null, add: true, nest: { b: 2 } } });
  expect(metadata).toEqual({ add: true, email_verified: true, keep: 1, nest: { b: 2 } });
});

test('data is bounded, also what it becomes with the stored data', async () => {
  const half = 'x'.repeat(9000);
  await updated({ data: { a: half } });
  for (const data of [{ b: half }, { b: 'x'.repeat(20_000) }, { b: 'nul \u0000' }]) {
    const answer = await update({ data });
    expect(answer).toMatchObject({ status: 400, body: { error_code: 'validation_failed' } });
    expect((answer.body as Body).msg).toMatch(/^data: /);
  }
  let deep: unknown = 1;
  for (let i = 0; i < 3000; i += 1) deep = [deep];
  expect(await update({ data: { deep } })).toMatchObject({ status: 400 });
  expect((await updated({})).user_metadata).toEqual({ a: half, email_verified: true });
});

test.each([['text'], [[1]], [5]])('data of a wrong type is refused: %j', async (data) => {
  expect(await update({ data })).toMatchObject({ status: 400, body: { error_code: 'bad_json' } });
});

test('app_metadata is for administrators', async () => {
  const answer = await update({ app_metadata: { admin: true } });
  expectError(answer, 403, 'not_admin', 'Updating app_metadata requires admin privileges');
});

test('without a token there is an error', async () => {
  const answer = await send(gateway, 'PUT', '/user', { body: {} });
  expectError(answer, 401, 'no_authorization', 'This endpoint requires a valid Bearer token');
});

test('a new password serves, the old one does not; other sessions end, this one stays', async () => {
  const other = await logIn(gateway, ada.person);
  await updated({ password: 'Fresh-horse-2' });
  expect(await isSignedIn(gateway, ada)).toBe(true);
  expect(await isSignedIn(gateway, other)).toBe(false);
  await expect(logIn(gateway, ada.person)).rejects.toThrow('Invalid email or password');
  expect((await logIn(gateway, { ...ada.person, password: 'Fresh-horse-2' })).user.id).toBe(ada.user.id);
});

test('the same password and a weak one are refused', async () => {
  const same = await update({ password: ada.person.password });
  expectError(same, 422, 'same_password', 'New password should be different from the old password.');
  for (const password of ['', '123'])
    expect(await update({ password })).toMatchObject({
      status: 422,
      body: { error_code: 'weak_password', weak_password: { reasons: ['length'] } },
    });
});

test('all changes are made or none', async () => {
  const bob = await verifiedPerson(gateway);
  const taken = { data: { a: 1 }, password: 'Fresh-horse-2', email: bob.person.email };
  const message = 'A user with this email address has already been registered';
  expectError(await update(taken), 422, 'email_exists', message);
  expect((await updated({})).user_metadata).toEqual({ email_verified: true });
  expect((await logIn(gateway, ada.person)).user.id).toBe(ada.user.id);
});

test('another address is pending until both addresses confirm, in either order', async () => {
  for (const first of ['new', 'current'] as const) {
    const member = await verifiedPerson(gateway);
    const { email } = newPerson();
    const pending = await updated({ email }, member);
    expect(pending).toMatchObject({ email: member.person.email, new_email: email });
    expect(pending.email_change_sent_at).toEqual(expect.any(String));
    const both = [
      { at: email, code: await codeTo(email) },
      { at: member.person.email, code: await codeTo(member.person.email) },
    ];
    const [one, two] = first === 'new' ? both : both.reverse();
    if (one === undefined || two === undefined) return expect.fail('Two codes were expected.');
    expect(await confirmEmail(one.at, one.code)).toBe('half');
    expect((await updated({}, member)).email).toBe(member.person.email);
    const signedIn = await confirmEmail(two.at, two.code);
    expect(signedIn).toMatchObject({ user: { id: member.user.id, email } });
    const { new_email: newEmail, ...after } = await updated({}, member);
    expect([newEmail, after.email]).toEqual([undefined, email]);
  }
});

test('a later request for another address replaces the earlier one', async () => {
  const [first, second] = [newPerson().email, newPerson().email];
  await updated({ email: first });
  const code = await codeTo(first);
  await gateway.sql`delete from portcullis_private.rate_limits`;
  expect(await updated({ email: second })).toMatchObject({ new_email: second });
  await expect(confirmEmail(first, code)).rejects.toMatchObject({ code: 'invalid_code' });
});

test('a second request for an address within a minute has to wait', async () => {
  const { email } = newPerson();
  await updated({ email });
  const message = expect.stringMatching(
    /^For security purposes, you can only request this after \d+ seconds\.$/,
  );
  expectError(await update({ email }), 429, 'over_email_send_rate_limit', message);
});

test.each(['nope', `${'x'.repeat(250)}@example.com`])('the address %s is refused', async (email) => {
  expect(await update({ email })).toMatchObject({ status: 400, body: { error_code: 'validation_failed' } });
});

test('PKCE needs both of its attributes', async () => {
  const answer = await update({ email: newPerson().email, code_challenge: 'x'.repeat(43) });
  const message = 'PKCE flow requires code_challenge_method and code_challenge';
  expectError(answer, 400, 'validation_failed', message);
});

test('a phone number is pending until its code is given', async () => {
  const pending = await updated({ phone: '+1 500 555 0011' });
  expect(pending).toMatchObject({ phone: '', new_phone: '15005550011' });
  const signedIn = await confirmPhoneChange(gateway.deps, by, { phone: '15005550011', code: '111111' });
  expect(signedIn.user.id).toBe(ada.user.id);
  const after = await updated({});
  expect(after).toMatchObject({ phone: '15005550011', phone_confirmed_at: expect.any(String) });
  expect(after.new_phone).toBeUndefined();
  expect(await isSignedIn(gateway, ada)).toBe(true);
  const again = confirmPhoneChange(gateway.deps, by, { phone: '15005550011', code: '111111' });
  await expect(again).rejects.toMatchObject({ code: 'invalid_code' });
  const bob = await verifiedPerson(gateway);
  const message = 'A user with this phone number has already been registered';
  expectError(await update({ phone: '15005550011' }, bob), 422, 'phone_exists', message);
});

test('of two persons who ask for one number, the first who confirms gets it', async () => {
  const bob = await verifiedPerson(gateway);
  await updated({ phone: '15005550012' });
  await gateway.sql`delete from portcullis_private.rate_limits`;
  await updated({ phone: '15005550012' }, bob);
  const attempts = [1, 2].map(() =>
    confirmPhoneChange(gateway.deps, by, { phone: '15005550012', code: '222222' }),
  );
  const done = await Promise.allSettled(attempts);
  expect(done.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThanOrEqual(1);
  const [count] =
    await gateway.sql`select count(*)::int as n from portcullis.phones where number = '+15005550012'`;
  expect(count).toEqual({ n: 1 });
});

test('a bad number, an unknown channel and a number that had a message are refused', async () => {
  expectError(
    await update({ phone: '0abc' }),
    400,
    'validation_failed',
    'Invalid phone number format (E.164 required)',
  );
  expect(await update({ phone: newNumber(), channel: 'pigeon' })).toMatchObject({
    status: 400,
    body: { msg: expect.stringMatching(/^Invalid channel/) },
  });
  const phone = newNumber();
  await updated({ phone });
  const message = expect.stringMatching(/^For security purposes/);
  expectError(await update({ phone }), 429, 'over_sms_send_rate_limit', message);
});

async function gatewayWith(more: Record<string, string>): Promise<TestGateway> {
  const other = await startGateway({ env: { ...env(), ...more } });
  closing.push(other.close);
  return other;
}

const CURRENT = 'Current password required when setting new password.';

test('REQUIRE_CURRENT_PASSWORD asks for the current password, except in a session by code', async () => {
  const strict = await gatewayWith({ REQUIRE_CURRENT_PASSWORD: 'on' });
  const member = await verifiedPerson(strict);
  const password = 'Fresh-horse-22';
  expectError(await update({ password }, member, strict), 400, 'current_password_required', CURRENT);
  const wrong = { password, current_password: 'wrong' };
  expectError(await update(wrong, member, strict), 400, 'current_password_invalid', CURRENT);
  await updated({ password, current_password: member.person.password }, member, strict);
  await strict.sql`update portcullis.sessions set opened_by = 'mailed_token' where user_id = ${member.user.id}`;
  await updated({ password: 'Fresher-horse-3' }, member, strict);
});

const reauthenticate = (member: Pick<Member, 'accessToken'>, at: TestGateway): Promise<WireAnswer> =>
  send(at, 'GET', '/reauthenticate', { headers: bearer(member.accessToken) });

test('REQUIRE_REAUTHENTICATION asks for a code in a session of yesterday, which works once', async () => {
  const strict = await gatewayWith({ REQUIRE_REAUTHENTICATION: 'on' });
  const member = await verifiedPerson(strict);
  await updated({ password: 'Fresh-horse-22' }, member, strict);
  await strict.sql`update portcullis.sessions set created_at = now() - interval '25 hours' where user_id = ${member.user.id}`;
  const password = 'Fresher-horse-3';
  const needed = 'Password update requires reauthentication';
  expectError(await update({ password }, member, strict), 400, 'reauthentication_needed', needed);
  const invalid = 'Nonce has expired or is invalid';
  const wrong = { password, nonce: '123456' };
  expectError(await update(wrong, member, strict), 422, 'reauthentication_not_valid', invalid);
  expect(await reauthenticate(member, strict)).toMatchObject({ status: 200, body: {} });
  const nonce = await codeTo(member.person.email);
  const both = await Promise.all([1, 2].map(() => update({ password, nonce }, member, strict)));
  expect(both.map(({ status }) => status).sort()).toEqual([200, 422]);
  expectError(
    await update({ password: 'Other-horse-4', nonce }, member, strict),
    422,
    'reauthentication_not_valid',
    invalid,
  );
});

test('/reauthenticate sends one code a minute, by HEAD none', async () => {
  const head = await send(gateway, 'HEAD', '/reauthenticate', { headers: bearer(ada.accessToken) });
  expect(head.status).toBe(405);
  expect((await reauthenticate(ada, gateway)).status).toBe(200);
  expect(await updated({})).toMatchObject({ reauthentication_sent_at: expect.any(String) });
  const message = expect.stringMatching(/^For security purposes/);
  expectError(await reauthenticate(ada, gateway), 429, 'over_email_send_rate_limit', message);
});

test('/reauthenticate uses the number of a person without an address, and needs one of both', async () => {
  await gateway.sql`delete from portcullis.phones where number = '+15005550012'`;
  await updated({ phone: '15005550012' });
  await confirmPhoneChange(gateway.deps, by, { phone: '15005550012', code: '222222' });
  await gateway.sql`update portcullis.users set email = null, email_verified_at = null where id = ${ada.user.id}`;
  expect(await reauthenticate(ada, gateway)).toMatchObject({ status: 200, body: {} });
  const [code] = await gateway.sql`
    select target from portcullis_private.one_time_codes where user_id = ${ada.user.id} and purpose = 'reauthentication'`;
  expect(code).toEqual({ target: '+15005550012' });
  await gateway.sql`delete from portcullis.phones where user_id = ${ada.user.id}`;
  const message = 'Reauthentication requires the user to have an email or a phone number';
  expectError(await reauthenticate(ada, gateway), 400, 'validation_failed', message);
});

test('an anonymous person becomes permanent by an address or a number, and gets no password alone', async () => {
  const make = async () => {
    const member = await verifiedPerson(gateway);
    await gateway.sql`update portcullis.users set email = null, email_verified_at = null where id = ${member.user.id}`;
    await gateway.sql`insert into portcullis_private.account_details (user_id, is_anonymous) values (${member.user.id}, true)`;
    await gateway.sql`delete from portcullis_private.passwords where user_id = ${member.user.id}`;
    return member;
  };
  const [one, two] = [await make(), await make()];
  expectError(
    await update({ password: 'Fresh-horse-2' }, one),
    422,
    'validation_failed',
    'Updating password of an anonymous user without an email or phone is not allowed',
  );
  const { email } = newPerson();
  expect(await updated({ email }, one)).toMatchObject({ email: '', new_email: email, is_anonymous: true });
  await confirmEmail(email, await codeTo(email));
  await gateway.sql`delete from portcullis.phones where number = '+15005550011'`;
  await updated({ phone: '15005550011' }, two);
  const signedIn = await confirmPhoneChange(gateway.deps, by, { phone: '15005550011', code: '111111' });
  expect(signedIn.user.id).toBe(two.user.id);
  expect(await updated({}, two)).toMatchObject({
    phone: '15005550011',
    is_anonymous: false,
    app_metadata: { provider: 'phone', providers: ['phone'] },
  });
});

test('AUTOCONFIRM gives a number at once, one confirmation of two is enough for an address', async () => {
  const auto = await gatewayWith({ AUTOCONFIRM: 'email,phone' });
  const member = await verifiedPerson(auto);
  const phone = newNumber().slice(1);
  expect(await updated({ phone }, member, auto)).toMatchObject({
    phone,
    phone_confirmed_at: expect.any(String),
  });
  const [row] = await auto.sql`select verified_at from portcullis.phones where user_id = ${member.user.id}`;
  expect(row).toEqual({ verified_at: null });
  const { email } = newPerson();
  expect(await updated({ email }, member, auto)).toMatchObject({ new_email: email });
  const signedIn = await confirmEmail(email, await codeTo(email), auto);
  expect(signedIn).toMatchObject({ user: { email } });
});

test('an address that only the former one confirmed does not count as verified', async () => {
  const auto = await gatewayWith({ AUTOCONFIRM: 'email' });
  const member = await verifiedPerson(auto);
  const { email } = newPerson();
  await updated({ email }, member, auto);
  const code = await codeTo(member.person.email);
  await confirmEmail(member.person.email, code, auto);
  const [row] =
    await auto.sql`select email, email_verified_at from portcullis.users where id = ${member.user.id}`;
  expect(row).toEqual({ email, email_verified_at: null });
});

test('without SECURE_EMAIL_CHANGE the new address alone confirms', async () => {
  const plain = await gatewayWith({ SECURE_EMAIL_CHANGE: 'off' });
  const member = await verifiedPerson(plain);
  const { email } = newPerson();
  await updated({ email }, member, plain);
  const signedIn = await confirmEmail(email, await codeTo(email), plain);
  expect(signedIn).toMatchObject({ user: { email } });
});
