import { expect, test } from 'vitest';
import { confirmPhoneChange } from '../../src/flows/account/confirm-phone-change.ts';
import { signInWithMailedCode } from '../../src/flows/sign-in/sign-in-with-code.ts';
import { newNumber } from '../sms/phone-people.ts';
import { isSignedIn, newPerson } from '../support/gateway.ts';
import { by, ownChanges } from './own-changes.ts';
import { verifiedPerson } from './people.ts';
import { expectError } from './wire.ts';

// PUT /user: another address or phone number of a signed-in person.

const stage = ownChanges();
const { gateway, update, updated, codeTo, gatewayWith } = stage;

const confirmEmail = (email: string, code: string, at = gateway) =>
  signInWithMailedCode(at.deps, by, {
    ...{ email, code, form: 'gotrue' },
    purposes: ['email_change_new', 'email_change_current'],
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
  expect(signedIn.user.id).toBe(stage.ada.user.id);
  const after = await updated({});
  expect(after).toMatchObject({ phone: '15005550011', phone_confirmed_at: expect.any(String) });
  expect(after.new_phone).toBeUndefined();
  expect(await isSignedIn(gateway, stage.ada)).toBe(true);
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
