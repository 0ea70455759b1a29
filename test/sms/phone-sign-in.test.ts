import { expect, test } from 'vitest';
import { signInWithPhoneCode } from '../../src/flows/sign-in/sign-in-with-phone-code.ts';
import { forFile } from '../support/for-file.ts';
import { isSignedIn } from '../support/gateway.ts';
import { askForCode, by, newNumber, passSpacing, receiveCode, wrongCode } from './phone-people.ts';
import { openPhoneStage } from './phone-stage.ts';

const stage = forFile(() =>
  openPhoneStage({
    SMS_COUNTRIES: '+49,+1500',
    SMS_TEST_CODES: '+15005550001=246810',
    LIMIT_SMS: '10000/3600',
    LIMIT_SMS_PER_ADDRESS: '10000/3600',
    LIMIT_SIGNUP_PER_ADDRESS: '10000/3600',
  }),
);

const signIn = (phone: string, code: string) => signInWithPhoneCode(stage.gateway.deps, by, { phone, code });

const phoneOf = async (userId: string) =>
  (
    await stage.gateway
      .sql`select number, verified_at is not null as verified from portcullis.phones where user_id = ${userId}`
  )[0];

test('a code by text message signs in, makes the account of an unknown number and verifies the number', async () => {
  const number = newNumber();
  await askForCode(stage.gateway, ` ${number.slice(1)} `);
  const signedIn = await signIn(number, await receiveCode(stage.twilio, number));
  expect(await isSignedIn(stage.gateway, signedIn)).toBe(true);
  expect(await phoneOf(signedIn.user.id)).toEqual({ number, verified: true });
  await passSpacing(stage.gateway);
  await askForCode(stage.gateway, number);
  const again = await signIn(number, await receiveCode(stage.twilio, number, 2));
  expect(again.user.id).toBe(signedIn.user.id);
});

test('a session by a phone code proves no mailbox', async () => {
  const number = newNumber();
  await askForCode(stage.gateway, number);
  const { user } = await signIn(number, await receiveCode(stage.twilio, number));
  const [session] = await stage.gateway.sql`
    select opened_by, proven_at, methods->0->>'method' as method from portcullis.sessions where user_id = ${user.id}`;
  expect(session).toEqual({ opened_by: 'phone_code', proven_at: null, method: 'otp' });
});

test('of fifty sign-ins with one code at once, one succeeds', async () => {
  const number = newNumber();
  await askForCode(stage.gateway, number);
  const code = await receiveCode(stage.twilio, number);
  const tried = await Promise.allSettled(Array.from({ length: 50 }, () => signIn(number, code)));
  expect(tried.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const codes = tried.flatMap((each) => (each.status === 'rejected' ? [each.reason.code] : []));
  expect(new Set(codes)).toEqual(new Set(['invalid_code']));
});

test('five wrong guesses end a code, also at once', async () => {
  const number = newNumber();
  await askForCode(stage.gateway, number);
  const code = await receiveCode(stage.twilio, number);
  await Promise.allSettled(Array.from({ length: 5 }, () => signIn(number, wrongCode(code))));
  await expect(signIn(number, code)).rejects.toMatchObject({ code: 'invalid_code', attribute: 'code' });
});

test('a code of another number, another purpose or a later request does not sign in', async () => {
  const [number, other] = [newNumber(), newNumber()];
  await askForCode(stage.gateway, number);
  await askForCode(stage.gateway, other);
  const code = await receiveCode(stage.twilio, number);
  await expect(signIn(other, code)).rejects.toMatchObject({ code: 'invalid_code' });
  await passSpacing(stage.gateway);
  await askForCode(stage.gateway, number);
  const later = await receiveCode(stage.twilio, number, 2);
  if (later !== code) await expect(signIn(number, code)).rejects.toMatchObject({ code: 'invalid_code' });
  expect((await signIn(number, later)).user.id).toBeTypeOf('string');
});

test('an expired code gets the same answer as a number without a code', async () => {
  const number = newNumber();
  await askForCode(stage.gateway, number);
  const code = await receiveCode(stage.twilio, number);
  await stage.gateway
    .sql`update portcullis_private.one_time_codes set expires_at = now() - interval '1 second' where target = ${number}`;
  const failure = { code: 'invalid_code', attribute: 'code' };
  await expect(signIn(number, code)).rejects.toMatchObject(failure);
  await expect(signIn(newNumber(), code)).rejects.toMatchObject(failure);
});

test('a number of SMS_TEST_CODES has its code at once and gets no message', async () => {
  const number = '+15005550001';
  await askForCode(stage.gateway, number);
  await expect(signIn(number, '000000')).rejects.toMatchObject({ code: 'invalid_code' });
  expect((await signIn(number, '246810')).user.id).toBeTypeOf('string');
  await expect(signIn(number, '246810')).rejects.toMatchObject({ code: 'invalid_code' });
  expect(stage.twilio.asked.filter(({ fields }) => fields.To === number)).toEqual([]);
});

test.each(['', '+', '0151234567', '+49x', '+4915112345678901'])(
  'the phone number %j is refused',
  async (phone) => {
    const code = phone === '' ? 'required' : 'invalid';
    await expect(askForCode(stage.gateway, phone)).rejects.toMatchObject({ code, attribute: 'phone' });
    await expect(signIn(phone, '123456')).rejects.toMatchObject({ code, attribute: 'phone' });
  },
);

test('a number of another country and an unknown channel are refused', async () => {
  await expect(askForCode(stage.gateway, '+8825112345')).rejects.toMatchObject({
    code: 'invalid',
    attribute: 'phone',
  });
  for (const channel of ['pigeon', 'whatsapp'])
    await expect(askForCode(stage.gateway, newNumber(), { channel })).rejects.toMatchObject({
      code: 'invalid',
      attribute: 'channel',
    });
});

test('an unknown number without createUser gets no account', async () => {
  const number = newNumber();
  await expect(askForCode(stage.gateway, number, { createUser: false })).rejects.toMatchObject({
    code: 'otp_disabled',
  });
  expect(await stage.gateway.sql`select from portcullis.phones where number = ${number}`).toHaveLength(0);
});

test('a disabled account gets no message', async () => {
  const number = newNumber();
  await askForCode(stage.gateway, number);
  const { user } = await signIn(number, await receiveCode(stage.twilio, number));
  await stage.gateway.sql`update portcullis.users set disabled_at = now() where id = ${user.id}`;
  await passSpacing(stage.gateway);
  await askForCode(stage.gateway, number);
  await passSpacing(stage.gateway);
  await askForCode(stage.gateway, number);
  expect(stage.twilio.asked.filter(({ fields }) => fields.To === number)).toHaveLength(1);
});
