import { expect, test } from 'vitest';
import { confirmPhoneChange } from '../../src/flows/account/confirm-phone-change.ts';
import { isSignedIn, logIn, type TestGateway } from '../support/gateway.ts';
import { type Body, by, ownChanges } from './own-changes.ts';
import { type Member, verifiedPerson } from './people.ts';
import { bearer, expectError, send, type WireAnswer } from './wire.ts';

// PUT /user: the data and the password of a signed-in person, and GET /reauthenticate.

const stage = ownChanges();
const { gateway, update, updated, codeTo, gatewayWith } = stage;

test('nothing in the body changes nothing', async () => {
  const before = (await send(gateway, 'GET', '/user', { headers: bearer(stage.ada.accessToken) }))
    .body as Body;
  expect(await updated({})).toEqual(before);
  const ignored = {
    role: 'service_role',
    aud: 'x',
    id: stage.ada.user.id,
    is_anonymous: true,
    email_confirm: true,
  };
  expect(await updated(ignored)).toEqual(before);
  expect(await updated({ email: stage.ada.person.email.toUpperCase(), phone: '', data: null })).toEqual(
    before,
  );
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

test('PUT /user without a token is refused: no_authorization', async () => {
  const answer = await send(gateway, 'PUT', '/user', { body: {} });
  expectError(answer, 401, 'no_authorization', 'This endpoint requires a valid Bearer token');
});

test('a new password serves, the old one does not; other sessions end, this one stays', async () => {
  const other = await logIn(gateway, stage.ada.person);
  await updated({ password: 'Fresh-horse-2' });
  expect(await isSignedIn(gateway, stage.ada)).toBe(true);
  expect(await isSignedIn(gateway, other)).toBe(false);
  await expect(logIn(gateway, stage.ada.person)).rejects.toThrow('Invalid email or password');
  expect((await logIn(gateway, { ...stage.ada.person, password: 'Fresh-horse-2' })).user.id).toBe(
    stage.ada.user.id,
  );
});

test('the same password and a weak one are refused', async () => {
  const same = await update({ password: stage.ada.person.password });
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
  expect((await logIn(gateway, stage.ada.person)).user.id).toBe(stage.ada.user.id);
});

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
  const head = await send(gateway, 'HEAD', '/reauthenticate', { headers: bearer(stage.ada.accessToken) });
  expect(head.status).toBe(405);
  expect((await reauthenticate(stage.ada, gateway)).status).toBe(200);
  expect(await updated({})).toMatchObject({ reauthentication_sent_at: expect.any(String) });
  const message = expect.stringMatching(/^For security purposes/);
  expectError(await reauthenticate(stage.ada, gateway), 429, 'over_email_send_rate_limit', message);
});

test('/reauthenticate uses the number of a person without an address, and needs one of both', async () => {
  await gateway.sql`delete from portcullis.phones where number = '+15005550012'`;
  await updated({ phone: '15005550012' });
  await confirmPhoneChange(gateway.deps, by, { phone: '15005550012', code: '222222' });
  await gateway.sql`update portcullis.users set email = null, email_verified_at = null where id = ${stage.ada.user.id}`;
  expect(await reauthenticate(stage.ada, gateway)).toMatchObject({ status: 200, body: {} });
  const [code] = await gateway.sql`
    select target from portcullis_private.one_time_codes where user_id = ${stage.ada.user.id} and purpose = 'reauthentication'`;
  expect(code).toEqual({ target: '+15005550012' });
  await gateway.sql`delete from portcullis.phones where user_id = ${stage.ada.user.id}`;
  const message = 'Reauthentication requires the user to have an email or a phone number';
  expectError(await reauthenticate(stage.ada, gateway), 400, 'validation_failed', message);
});
