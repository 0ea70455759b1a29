import { afterAll, beforeAll, expect, test } from 'vitest';
import { login } from '../../src/flows/sign-in/login.ts';
import { signInWithPhoneCode } from '../../src/flows/sign-in/sign-in-with-phone-code.ts';
import { bearer, send } from '../gotrue/wire.ts';
import { isSignedIn, startGateway, type TestGateway } from '../support/gateway.ts';
import {
  askForCode,
  by,
  newNumber,
  PASSWORD,
  passSpacing,
  receiveCode,
  signUpByPhone,
  wrongCode,
} from './phone-people.ts';
import { startTwilio, type TwilioServer, twilioEnv } from './providers.ts';

let twilio: TwilioServer;
let gateway: TestGateway;
beforeAll(async () => {
  twilio = await startTwilio();
  gateway = await startGateway({
    env: {
      ...twilioEnv(twilio),
      SMS_COUNTRIES: '+49,+1500',
      SMS_TEST_CODES: '+15005550001=246810',
      LIMIT_SMS: '10000/3600',
      LIMIT_SMS_PER_ADDRESS: '10000/3600',
      LIMIT_SIGNUP_PER_ADDRESS: '10000/3600',
      SMTP_URL: 'off',
    },
  });
});
afterAll(async () => {
  await gateway.close();
  await twilio.close();
});

const signIn = (phone: string, code: string) => signInWithPhoneCode(gateway.deps, by, { phone, code });
const logIn = (phone: string, password = PASSWORD) => login(gateway.deps, by, { email: '', phone, password });

const phoneOf = async (userId: string) =>
  (
    await gateway.sql`select number, verified_at is not null as verified from portcullis.phones where user_id = ${userId}`
  )[0];

test('a code by text message signs in, makes the account of an unknown number and verifies the number', async () => {
  const number = newNumber();
  await askForCode(gateway, ` ${number.slice(1)} `);
  const signedIn = await signIn(number, await receiveCode(twilio, number));
  expect(await isSignedIn(gateway, signedIn)).toBe(true);
  expect(await phoneOf(signedIn.user.id)).toEqual({ number, verified: true });
  await passSpacing(gateway);
  await askForCode(gateway, number);
  const again = await signIn(number, await receiveCode(twilio, number, 2));
  expect(again.user.id).toBe(signedIn.user.id);
});

test('a session by a phone code proves no mailbox', async () => {
  const number = newNumber();
  await askForCode(gateway, number);
  const { user } = await signIn(number, await receiveCode(twilio, number));
  const [session] = await gateway.sql`
    select opened_by, proven_at, methods->0->>'method' as method from portcullis.sessions where user_id = ${user.id}`;
  expect(session).toEqual({ opened_by: 'phone_code', proven_at: null, method: 'otp' });
});

test('of fifty sign-ins with one code at once, one succeeds', async () => {
  const number = newNumber();
  await askForCode(gateway, number);
  const code = await receiveCode(twilio, number);
  const tried = await Promise.allSettled(Array.from({ length: 50 }, () => signIn(number, code)));
  expect(tried.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const codes = tried.flatMap((each) => (each.status === 'rejected' ? [each.reason.code] : []));
  expect(new Set(codes)).toEqual(new Set(['invalid_code']));
});

test('five wrong guesses end a code, also at once', async () => {
  const number = newNumber();
  await askForCode(gateway, number);
  const code = await receiveCode(twilio, number);
  await Promise.allSettled(Array.from({ length: 5 }, () => signIn(number, wrongCode(code))));
  await expect(signIn(number, code)).rejects.toMatchObject({ code: 'invalid_code', attribute: 'code' });
});

test('a code of another number, another purpose or a later request does not sign in', async () => {
  const [number, other] = [newNumber(), newNumber()];
  await askForCode(gateway, number);
  await askForCode(gateway, other);
  const code = await receiveCode(twilio, number);
  await expect(signIn(other, code)).rejects.toMatchObject({ code: 'invalid_code' });
  await passSpacing(gateway);
  await askForCode(gateway, number);
  const later = await receiveCode(twilio, number, 2);
  if (later !== code) await expect(signIn(number, code)).rejects.toMatchObject({ code: 'invalid_code' });
  expect((await signIn(number, later)).user.id).toBeTypeOf('string');
});

test('an expired code gets the same answer as a number without a code', async () => {
  const number = newNumber();
  await askForCode(gateway, number);
  const code = await receiveCode(twilio, number);
  await gateway.sql`update portcullis_private.one_time_codes set expires_at = now() - interval '1 second' where target = ${number}`;
  const failure = { code: 'invalid_code', attribute: 'code' };
  await expect(signIn(number, code)).rejects.toMatchObject(failure);
  await expect(signIn(newNumber(), code)).rejects.toMatchObject(failure);
});

test('a number of SMS_TEST_CODES has its code at once and gets no message', async () => {
  const number = '+15005550001';
  await askForCode(gateway, number);
  await expect(signIn(number, '000000')).rejects.toMatchObject({ code: 'invalid_code' });
  expect((await signIn(number, '246810')).user.id).toBeTypeOf('string');
  await expect(signIn(number, '246810')).rejects.toMatchObject({ code: 'invalid_code' });
  expect(twilio.asked.filter(({ fields }) => fields.To === number)).toEqual([]);
});

test.each(['', '+', '0151234567', '+49x', '+4915112345678901'])(
  'the phone number %j is refused',
  async (phone) => {
    const code = phone === '' ? 'required' : 'invalid';
    await expect(askForCode(gateway, phone)).rejects.toMatchObject({ code, attribute: 'phone' });
    await expect(signIn(phone, '123456')).rejects.toMatchObject({ code, attribute: 'phone' });
  },
);

test('a number of another country and an unknown channel are refused', async () => {
  await expect(askForCode(gateway, '+8825112345')).rejects.toMatchObject({
    code: 'invalid',
    attribute: 'phone',
  });
  for (const channel of ['pigeon', 'whatsapp'])
    await expect(askForCode(gateway, newNumber(), { channel })).rejects.toMatchObject({
      code: 'invalid',
      attribute: 'channel',
    });
});

test('an unknown number without createUser gets no account', async () => {
  const number = newNumber();
  await expect(askForCode(gateway, number, { createUser: false })).rejects.toMatchObject({
    code: 'otp_disabled',
  });
  expect(await gateway.sql`select from portcullis.phones where number = ${number}`).toHaveLength(0);
});

test('a disabled account gets no message, and its code does not sign in', async () => {
  const number = newNumber();
  await askForCode(gateway, number);
  const { user } = await signIn(number, await receiveCode(twilio, number));
  await gateway.sql`update portcullis.users set disabled_at = now() where id = ${user.id}`;
  await passSpacing(gateway);
  await askForCode(gateway, number);
  await passSpacing(gateway);
  await askForCode(gateway, number);
  expect(twilio.asked.filter(({ fields }) => fields.To === number)).toHaveLength(1);
});

test('a sign-up by phone verifies the number by its code, and then signs in with the password', async () => {
  const number = newNumber();
  const { kind } = await signUpByPhone(gateway, number, { userMetadata: { lang: 'de' } });
  expect(kind).toBe('waiting');
  await expect(logIn(number)).rejects.toMatchObject({ code: 'phone_not_verified' });
  await expect(logIn(number, 'wrong horse')).rejects.toMatchObject({ code: 'invalid_credentials' });
  const { user } = await signIn(number, await receiveCode(twilio, number));
  expect((await logIn(number)).user.id).toBe(user.id);
  const [details] = await gateway.sql`
    select user_metadata, provider from portcullis_private.account_details where user_id = ${user.id}`;
  const facts = { email_verified: false, phone_verified: false, sub: user.id };
  expect(details).toEqual({ user_metadata: { lang: 'de', ...facts }, provider: 'phone' });
});

test('a stranger who signed up with a number loses password and sessions when its owner signs in', async () => {
  const number = newNumber();
  await signUpByPhone(gateway, number);
  await receiveCode(twilio, number);
  await passSpacing(gateway);
  await askForCode(gateway, number);
  await signIn(number, await receiveCode(twilio, number, 2));
  await expect(logIn(number)).rejects.toMatchObject({ code: 'invalid_credentials' });
});

test('the owner of a number whose own request came too soon does not keep the stranger’s password', async () => {
  const number = newNumber();
  await signUpByPhone(gateway, number);
  const code = await receiveCode(twilio, number);
  await expect(askForCode(gateway, number)).rejects.toMatchObject({ code: 'rate_limited' });
  await signIn(number, code);
  await expect(logIn(number)).rejects.toMatchObject({ code: 'invalid_credentials' });
});

test('nor does the owner whose sign-up with another password came too soon', async () => {
  const number = newNumber();
  await signUpByPhone(gateway, number);
  const code = await receiveCode(twilio, number);
  const again = signUpByPhone(gateway, number, { password: 'password of the owner' });
  await expect(again).rejects.toMatchObject({ code: 'rate_limited' });
  await signIn(number, code);
  await expect(logIn(number)).rejects.toMatchObject({ code: 'invalid_credentials' });
});

test('nor does the owner who signs up at the same moment', async () => {
  const number = newNumber();
  const both = [PASSWORD, 'password of the owner'].map((password) =>
    signUpByPhone(gateway, number, { password }),
  );
  const answers = await Promise.allSettled(both);
  expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  await signIn(number, await receiveCode(twilio, number));
  await expect(logIn(number)).rejects.toMatchObject({ code: 'invalid_credentials' });
});

test('a stranger with an autoconfirmed number loses memberships and apps when its owner signs in', async () => {
  const auto = await startGateway({ env: { SMS_PROVIDER: 'test', AUTOCONFIRM: 'phone', SMTP_URL: 'off' } });
  try {
    const number = newNumber();
    const signedUp = await signUpByPhone(auto, number);
    if (signedUp.kind !== 'signed_in') return expect.fail('AUTOCONFIRM opens a session.');
    const { accessToken, user } = signedUp.signedIn;
    const create = 'mutation { createTeam(input: { name: "Planted" }) { role } }';
    await auto.graphql(create, {}, { authorization: `Bearer ${accessToken}` });
    await auto.sql`insert into portcullis_private.one_time_codes (id, user_id, purpose, target, code_hash, expires_at)
      values (gen_random_uuid(), ${user.id}, 'sms', ${number},
        ${auto.deps.codes.hash({ userId: user.id, purpose: 'sms', target: number }, '123456')}, now() + interval '1 minute')`;
    await signInWithPhoneCode(auto.deps, by, { phone: number, code: '123456' });
    expect(await isSignedIn(auto, signedUp.signedIn)).toBe(false);
    const teams =
      await auto.sql`select t.name from portcullis.memberships m join portcullis.teams t on t.id = m.team_id
      where m.user_id = ${user.id}`;
    expect(teams.map(({ name }) => name)).not.toContain('Planted');
  } finally {
    await auto.close();
  }
});

test('a stranger with an autoconfirmed number cannot finish a change of the address after its owner signed in', async () => {
  const env = { SMS_PROVIDER: 'test', SMS_TEST_CODES: '+15005550001=246810', AUTOCONFIRM: 'phone' };
  const auto = await startGateway({ env: { ...env, SMTP_URL: 'off' } });
  try {
    const [phone, email] = ['+15005550001', 'stranger@example.com'];
    const signedUp = await signUpByPhone(auto, phone);
    if (signedUp.kind !== 'signed_in') return expect.fail('AUTOCONFIRM opens a session.');
    const { accessToken, user } = signedUp.signedIn;
    const asked = await send(auto, 'PUT', '/user', { body: { email }, headers: bearer(accessToken) });
    expect(asked.status).toBe(200);
    await askForCode(auto, phone);
    await signInWithPhoneCode(auto.deps, by, { phone, code: '246810' });
    await auto.sql`
      update portcullis_private.one_time_codes
      set code_hash = ${auto.deps.codes.hash({ userId: user.id, purpose: 'email_change_new', target: email }, '654321')}
      where user_id = ${user.id} and purpose = 'email_change_new'`;
    const verification = { type: 'email_change', email, token: '654321' };
    expect((await send(auto, 'POST', '/verify', { body: verification })).status).toBe(403);
    expect((await auto.sql`select email from portcullis.users where id = ${user.id}`)[0]).toEqual({
      email: null,
    });
  } finally {
    await auto.close();
  }
});

test('the code of a repeated sign-up keeps the first password only if it is repeated too', async () => {
  for (const [repeated, answer] of [
    [PASSWORD, 'fulfilled'],
    ['another horse', 'rejected'],
  ] as const) {
    const number = newNumber();
    await signUpByPhone(gateway, number);
    await receiveCode(twilio, number);
    await passSpacing(gateway);
    expect((await signUpByPhone(gateway, number, { password: repeated })).kind).toBe('waiting');
    await signIn(number, await receiveCode(twilio, number, 2));
    expect((await Promise.allSettled([logIn(number)]))[0]?.status).toBe(answer);
    await expect(logIn(number, 'another horse')).rejects.toMatchObject({ code: 'invalid_credentials' });
  }
});

test('a sign-up with a verified number sends nothing and is counted like any other', async () => {
  const number = newNumber();
  await askForCode(gateway, number);
  await signIn(number, await receiveCode(twilio, number));
  await passSpacing(gateway);
  expect(await signUpByPhone(gateway, number)).toEqual({ kind: 'repeated', number });
  await expect(signUpByPhone(gateway, number)).rejects.toMatchObject({ code: 'rate_limited' });
  expect(twilio.asked.filter(({ fields }) => fields.To === number)).toHaveLength(1);
  const jobs = () => gateway.sql`select from portcullis_jobs.jobs where task_identifier = 'sms'`;
  await expect.poll(jobs).toHaveLength(0);
});

test('of five sign-ups with one number at once, one makes the account', async () => {
  const number = newNumber();
  const tried = await Promise.allSettled(Array.from({ length: 5 }, () => signUpByPhone(gateway, number)));
  const kinds = tried.map((each) => (each.status === 'fulfilled' ? each.value.kind : each.reason.code));
  expect(kinds.filter((kind) => kind === 'waiting')).toHaveLength(1);
  expect(kinds.filter((kind) => kind === 'rate_limited')).toHaveLength(4);
  expect(await gateway.sql`select from portcullis.phones where number = ${number}`).toHaveLength(1);
});
