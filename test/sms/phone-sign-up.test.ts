import { expect, test } from 'vitest';
import { login } from '../../src/flows/sign-in/login.ts';
import { signInWithPhoneCode } from '../../src/flows/sign-in/sign-in-with-phone-code.ts';
import { bearer, send } from '../gotrue/wire.ts';
import { forFile } from '../support/for-file.ts';
import { isSignedIn, startGateway } from '../support/gateway.ts';
import {
  askForCode,
  by,
  newNumber,
  PASSWORD,
  passSpacing,
  receiveCode,
  signUpByPhone,
} from './phone-people.ts';
import { openPhoneStage } from './phone-stage.ts';

const stage = forFile(() =>
  openPhoneStage({
    LIMIT_SMS: '10000/3600',
    LIMIT_SMS_PER_ADDRESS: '10000/3600',
    LIMIT_SIGNUP_PER_ADDRESS: '10000/3600',
  }),
);

const signIn = (phone: string, code: string) => signInWithPhoneCode(stage.gateway.deps, by, { phone, code });
const logIn = (phone: string, password = PASSWORD) =>
  login(stage.gateway.deps, by, { email: '', phone, password });

test('a sign-up by phone verifies the number by its code, and then signs in with the password', async () => {
  const number = newNumber();
  const { kind } = await signUpByPhone(stage.gateway, number, { userMetadata: { lang: 'de' } });
  expect(kind).toBe('waiting');
  await expect(logIn(number)).rejects.toMatchObject({ code: 'phone_not_verified' });
  await expect(logIn(number, 'wrong horse')).rejects.toMatchObject({ code: 'invalid_credentials' });
  const { user } = await signIn(number, await receiveCode(stage.twilio, number));
  expect((await logIn(number)).user.id).toBe(user.id);
  const [details] = await stage.gateway.sql`
    select user_metadata, provider from portcullis_private.account_details where user_id = ${user.id}`;
  const facts = { email_verified: false, phone_verified: false, sub: user.id };
  expect(details).toEqual({ user_metadata: { lang: 'de', ...facts }, provider: 'phone' });
});

test('a stranger who signed up with a number loses password and sessions when its owner signs in', async () => {
  const number = newNumber();
  await signUpByPhone(stage.gateway, number);
  await receiveCode(stage.twilio, number);
  await passSpacing(stage.gateway);
  await askForCode(stage.gateway, number);
  await signIn(number, await receiveCode(stage.twilio, number, 2));
  await expect(logIn(number)).rejects.toMatchObject({ code: 'invalid_credentials' });
});

test('the owner of a number whose own request came too soon does not keep the stranger’s password', async () => {
  const number = newNumber();
  await signUpByPhone(stage.gateway, number);
  const code = await receiveCode(stage.twilio, number);
  await expect(askForCode(stage.gateway, number)).rejects.toMatchObject({ code: 'rate_limited' });
  await signIn(number, code);
  await expect(logIn(number)).rejects.toMatchObject({ code: 'invalid_credentials' });
});

test('the owner of a number whose own sign-up came too soon does not keep the stranger’s password', async () => {
  const number = newNumber();
  await signUpByPhone(stage.gateway, number);
  const code = await receiveCode(stage.twilio, number);
  const again = signUpByPhone(stage.gateway, number, { password: 'password of the owner' });
  await expect(again).rejects.toMatchObject({ code: 'rate_limited' });
  await signIn(number, code);
  await expect(logIn(number)).rejects.toMatchObject({ code: 'invalid_credentials' });
});

test('the owner of a number who signs up at the same moment does not keep the stranger’s password', async () => {
  const number = newNumber();
  const both = [PASSWORD, 'password of the owner'].map((password) =>
    signUpByPhone(stage.gateway, number, { password }),
  );
  const answers = await Promise.allSettled(both);
  expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  await signIn(number, await receiveCode(stage.twilio, number));
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
    await signUpByPhone(stage.gateway, number);
    await receiveCode(stage.twilio, number);
    await passSpacing(stage.gateway);
    expect((await signUpByPhone(stage.gateway, number, { password: repeated })).kind).toBe('waiting');
    await signIn(number, await receiveCode(stage.twilio, number, 2));
    expect((await Promise.allSettled([logIn(number)]))[0]?.status).toBe(answer);
    await expect(logIn(number, 'another horse')).rejects.toMatchObject({ code: 'invalid_credentials' });
  }
});

test('a sign-up with a verified number sends nothing and is counted like any other', async () => {
  const number = newNumber();
  await askForCode(stage.gateway, number);
  await signIn(number, await receiveCode(stage.twilio, number));
  await passSpacing(stage.gateway);
  expect(await signUpByPhone(stage.gateway, number)).toEqual({ kind: 'repeated', number });
  await expect(signUpByPhone(stage.gateway, number)).rejects.toMatchObject({ code: 'rate_limited' });
  expect(stage.twilio.asked.filter(({ fields }) => fields.To === number)).toHaveLength(1);
  const jobs = () => stage.gateway.sql`select from portcullis_jobs.jobs where task_identifier = 'sms'`;
  await expect.poll(jobs).toHaveLength(0);
});

test('of five sign-ups with one number at once, one makes the account', async () => {
  const number = newNumber();
  const tried = await Promise.allSettled(
    Array.from({ length: 5 }, () => signUpByPhone(stage.gateway, number)),
  );
  const kinds = tried.map((each) => (each.status === 'fulfilled' ? each.value.kind : each.reason.code));
  expect(kinds.filter((kind) => kind === 'waiting')).toHaveLength(1);
  expect(kinds.filter((kind) => kind === 'rate_limited')).toHaveLength(4);
  expect(await stage.gateway.sql`select from portcullis.phones where number = ${number}`).toHaveLength(1);
});
