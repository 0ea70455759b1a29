import { randomBytes } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { newNumber, PASSWORD, receiveCode, signUpByPhone, wrongCode } from '../sms/phone-people.ts';
import { openPhoneStage } from '../sms/phone-stage.ts';
import { forFile } from '../support/for-file.ts';
import { startGateway } from '../support/gateway.ts';
import { verifiedPerson } from './people.ts';
import { bearer, expectError, send, type WireAnswer } from './wire.ts';

// /otp, /resend, /verify and /token with a phone number.

const stage = forFile(() => openPhoneStage({ SMS_TEST_CODES: '+15005550021=246810' }));

const passLimits = () => stage.gateway.sql`delete from portcullis_private.rate_limits`;
beforeEach(passLimits);

const post = (path: string, body: unknown, at = stage.gateway): Promise<WireAnswer> =>
  send(at, 'POST', path, { body });
const verify = (phone: string, token: string, type = 'sms') => post('/verify', { phone, token, type });

const EXPIRED = 'Token has expired or is invalid';

test('a code by /otp makes the user of an unknown number, and signs in once', async () => {
  const number = newNumber();
  const asked = { phone: number.slice(1), data: { lang: 'de' }, channel: 'sms', gotrue_meta_security: {} };
  expect(await post('/otp', asked)).toMatchObject({ status: 200, body: {} });
  const code = await receiveCode(stage.twilio, number);
  expectError(await verify(number, wrongCode(code)), 403, 'otp_expired', EXPIRED);
  const { status, body } = await verify(number, code);
  expect(status).toBe(200);
  const { access_token: token, user } = body as { access_token: string; user: Record<string, unknown> };
  expect(user).toMatchObject({
    email: '',
    phone: number.slice(1),
    phone_confirmed_at: expect.any(String),
    confirmation_sent_at: expect.any(String),
    app_metadata: { provider: 'phone', providers: ['phone'] },
    user_metadata: { lang: 'de', email_verified: false, sub: user.id },
    identities: [{ provider: 'phone', user_id: user.id }],
    is_anonymous: false,
  });
  expect(await send(stage.gateway, 'GET', '/user', { headers: bearer(token) })).toMatchObject({
    status: 200,
  });
  expectError(await verify(number, code), 403, 'otp_expired', EXPIRED);
});

test('known numbers, unknown numbers and those that had a message get the same answers', async () => {
  const known = newNumber();
  await post('/otp', { phone: known });
  await verify(known, await receiveCode(stage.twilio, known));
  await passLimits();
  for (const phone of [known, newNumber()]) {
    expect((await post('/otp', { phone })).body).toEqual({});
    const message = expect.stringMatching(
      /^For security purposes, you can only request this after \d+ seconds\.$/,
    );
    const again = await post('/otp', { phone });
    expectError(again, 429, 'over_sms_send_rate_limit', message);
    expect(Number(again.headers.get('retry-after'))).toBeGreaterThan(50);
  }
});

test('create_user false tells an unknown number, and makes no user', async () => {
  const phone = newNumber();
  const answer = await post('/otp', { phone, create_user: false });
  expectError(answer, 422, 'otp_disabled', 'Signups not allowed for otp');
  expect(await stage.gateway.sql`select from portcullis.phones where number = ${phone}`).toHaveLength(0);
});

test.each([
  [{ phone: '0abc' }, 'Invalid phone number format (E.164 required)'],
  [{ phone: '15005550022', channel: 'pigeon' }, expect.stringMatching(/^Invalid channel, supported values/)],
  [
    { phone: '15005550022', email: 'ada@example.com' },
    'Only an email address or phone number should be provided',
  ],
  [{ phone: '15005550022', data: { a: 'x'.repeat(20_000) } }, expect.stringMatching(/^data: /)],
])('/otp refuses %o', async (body, message) => {
  expectError(await post('/otp', body), 400, 'validation_failed', message);
});

test('a code of one type does not serve another', async () => {
  const number = newNumber();
  await post('/otp', { phone: number });
  const code = await receiveCode(stage.twilio, number);
  for (const type of ['phone_change', 'email', 'signup', 'pigeon'])
    expectError(await verify(number, code, type), 403, 'otp_expired', EXPIRED);
  expect((await verify(number, code)).status).toBe(200);
});

test.each([
  ['a NUL', { note: '\0' }],
  ['a NUL in a name', { '\0': 1 }],
  ['too many levels', { note: JSON.parse(`${'['.repeat(40)}${']'.repeat(40)}`) }],
  ['too much', { note: randomBytes(16_384).toString('hex') }],
])('data with %s is refused, and no user is made', async (_what, data) => {
  const phone = newNumber();
  const answer = await post('/signup', { phone, password: PASSWORD, data });
  expect(answer).toMatchObject({ status: 400, body: { error_code: 'validation_failed' } });
  expect(await stage.gateway.sql`select 1 from portcullis.phones where number = ${phone}`).toHaveLength(0);
});

test('a person signs in with number and password once the number is verified', async () => {
  const number = newNumber();
  await signUpByPhone(stage.gateway, number);
  const logIn = (password: string) => post('/token?grant_type=password', { phone: number, password });
  expectError(await logIn(PASSWORD), 400, 'phone_not_confirmed', 'Phone not confirmed');
  expectError(await logIn('wrong'), 400, 'invalid_credentials', 'Invalid login credentials');
  await verify(number, await receiveCode(stage.twilio, number));
  expect(await logIn(PASSWORD)).toMatchObject({ status: 200, body: { user: { phone: number.slice(1) } } });
});

test('/resend sends a pending code again, and nothing to a number without one', async () => {
  const number = newNumber();
  await signUpByPhone(stage.gateway, number);
  await receiveCode(stage.twilio, number);
  // The first code has expired: that is when people ask again.
  await stage.gateway
    .sql`update portcullis_private.one_time_codes set expires_at = now() where target = ${number}`;
  await passLimits();
  expect(await post('/resend', { type: 'sms', phone: number })).toMatchObject({ status: 200, body: {} });
  const code = await receiveCode(stage.twilio, number, 2);
  expect((await verify(number, code)).status).toBe(200);
  await passLimits();
  const unknown = newNumber();
  for (const phone of [number, unknown])
    for (const type of ['sms', 'phone_change'])
      expect(await post('/resend', { type, phone })).toMatchObject({ status: 200, body: {} });
  const jobs = () => stage.gateway.sql`select from portcullis_jobs.jobs where task_identifier = 'sms'`;
  await expect.poll(jobs).toHaveLength(0);
  expect(stage.twilio.asked.filter(({ fields }) => fields.To === number)).toHaveLength(2);
  expect(stage.twilio.asked.filter(({ fields }) => fields.To === unknown)).toHaveLength(0);
  // The code of the sign-up kept the password, and so does the one that was sent again.
  const logIn = { phone: number, password: PASSWORD };
  expect((await post('/token?grant_type=password', logIn)).status).toBe(200);
});

test('/resend sends the code of a changed number again, by the former number or the new one', async () => {
  const { accessToken } = await verifiedPerson(stage.gateway);
  const number = newNumber();
  const change = { body: { phone: number }, headers: bearer(accessToken) };
  expect((await send(stage.gateway, 'PUT', '/user', change)).status).toBe(200);
  await receiveCode(stage.twilio, number);
  await passLimits();
  await post('/resend', { type: 'phone_change', phone: number });
  const code = await receiveCode(stage.twilio, number, 2);
  expect(await verify(number, code, 'phone_change')).toMatchObject({
    status: 200,
    body: { user: { phone: number.slice(1) } },
  });
  const next = newNumber();
  await passLimits();
  await send(stage.gateway, 'PUT', '/user', { body: { phone: next }, headers: bearer(accessToken) });
  await receiveCode(stage.twilio, next);
  await passLimits();
  await post('/resend', { type: 'phone_change', phone: number });
  expect((await verify(next, await receiveCode(stage.twilio, next, 2), 'phone_change')).status).toBe(200);
});

test('a number for tests signs in with its fixed code at once', async () => {
  await post('/otp', { phone: '15005550021' });
  expect((await verify('+15005550021', '246810')).status).toBe(200);
});

test('a disabled person learns of it by a right code only', async () => {
  const number = newNumber();
  await post('/otp', { phone: number });
  const code = await receiveCode(stage.twilio, number);
  await stage.gateway.sql`update portcullis.users set disabled_at = now() where id in (
    select user_id from portcullis.phones where number = ${number})`;
  expectError(await verify(number, wrongCode(code)), 403, 'otp_expired', EXPIRED);
  expectError(await verify(number, code), 403, 'user_banned', 'User is banned');
});

test('without SMS_PROVIDER no code is sent to a number', async () => {
  const off = await startGateway({ env: { SMTP_URL: 'off' } });
  try {
    const unsupported = ['phone_provider_disabled', 'Unsupported phone provider'] as const;
    expectError(await post('/otp', { phone: newNumber() }, off), 400, ...unsupported);
    const { accessToken } = await verifiedPerson(off);
    const change = { body: { phone: newNumber() }, headers: bearer(accessToken) };
    expectError(await send(off, 'PUT', '/user', change), 400, ...unsupported);
    const person = { phone: newNumber(), password: PASSWORD };
    const disabled = 'phone_provider_disabled';
    expectError(await post('/signup', person, off), 400, disabled, 'Phone signups are disabled');
    const logins = 'Phone logins are disabled';
    expectError(await post('/resend', { type: 'sms', phone: newNumber() }, off), 400, disabled, logins);
    expectError(await post('/token?grant_type=password', person, off), 422, disabled, logins);
  } finally {
    await off.close();
  }
});

test('AUTOCONFIRM=phone takes numbers with a password without SMS_PROVIDER, and sends no code', async () => {
  const auto = await startGateway({ env: { SMTP_URL: 'off', AUTOCONFIRM: 'phone' } });
  try {
    const person = { phone: newNumber().slice(1), password: PASSWORD };
    const shown = { phone: person.phone, phone_confirmed_at: expect.any(String) };
    expect(await post('/signup', person, auto)).toMatchObject({ status: 200, body: { user: shown } });
    const login = await post('/token?grant_type=password', person, auto);
    expect(login).toMatchObject({ status: 200, body: { user: shown } });
    const [phone, { accessToken }] = [newNumber().slice(1), await verifiedPerson(auto)];
    const change = { body: { phone }, headers: bearer(accessToken) };
    expect(await send(auto, 'PUT', '/user', change)).toMatchObject({ status: 200, body: { phone } });
    const unsupported = ['phone_provider_disabled', 'Unsupported phone provider'] as const;
    expectError(await post('/otp', { phone: newNumber() }, auto), 400, ...unsupported);
    expectError(await post('/otp', { phone: person.phone }, auto), 400, ...unsupported);
    for (const type of ['sms', 'phone_change'])
      for (const number of [person.phone, newNumber()])
        expect(await post('/resend', { type, phone: number }, auto)).toMatchObject({ status: 200, body: {} });
    expect(await send(auto, 'GET', '/settings')).toMatchObject({
      body: { external: { phone: true }, phone_autoconfirm: true, sms_provider: '' },
    });
    expect(await auto.sql`select from portcullis_private.one_time_codes`).toHaveLength(0);
  } finally {
    await auto.close();
  }
});
