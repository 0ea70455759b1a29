import { decodeJwt } from 'jose';
import { describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { newPerson, signUp } from '../support/gateway.ts';
import { DEAD_LINK, EXPIRED, SESSION, SITE, startCodes, verifiedUser } from './codes.ts';
import { bearer, expectError } from './wire.ts';

// Requests for codes and links by mail: /otp, /magiclink, /recover and /resend.

const codes = forFile(() => startCodes());

const verify = (type: string, email: string, token: string) => codes.post('/verify', { type, email, token });

describe('POST /otp', () => {
  test('makes an account for an unknown address, whose code signs in', async () => {
    const { email } = newPerson();
    expect(await codes.post('/otp', { email, data: { lang: 'de' } })).toMatchObject({
      status: 200,
      body: {},
    });
    const { code, link, type, token } = await codes.mailed(email);
    expect(type).toBe('signup');
    expect(token).toMatch(/^[0-9a-f]{56}$/);
    expect(link.href).toBe(`https://auth.example.com/verify?token=${token}&type=signup&redirect_to=${SITE}`);
    const answer = await verify('email', email, code);
    expect(answer).toMatchObject({ status: 200, body: { ...SESSION, user: { email } } });
    const { access_token: accessToken, user } = answer.body as {
      access_token: string;
      user: Record<string, unknown>;
    };
    expect(user.email_confirmed_at).toEqual(expect.any(String));
    expect(user.user_metadata).toMatchObject({ lang: 'de', email, email_verified: true });
    expect(decodeJwt(accessToken)).toMatchObject({
      aud: 'authenticated',
      aal: 'aal1',
      amr: [{ method: 'otp' }],
    });
    expect(answer.headers.get('sb-auth-user-id')).toBe(user.id);
    expect(answer.headers.get('sb-auth-session-id')).toBe(decodeJwt(accessToken).sid);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  test('mails a known address a link of type magiclink', async () => {
    const { id, email } = await verifiedUser(codes);
    await codes.post('/otp', { email, create_user: false });
    const { code, type } = await codes.mailed(email, 2);
    expect(type).toBe('magiclink');
    expect(await verify('magiclink', email, code)).toMatchObject({ status: 200, body: { user: { id } } });
  });

  test('with create_user false refuses an unknown address: otp_disabled', async () => {
    const { email } = newPerson();
    const answer = await codes.post('/otp', { email, create_user: false });
    expectError(answer, 422, 'otp_disabled', 'Signups not allowed for otp');
    const found = await codes.gateway.sql`select from portcullis.users where email = ${email}`;
    expect(found).toHaveLength(0);
  });

  test.each([
    [{}, 'One of email or phone must be set'],
    [
      { email: 'a@example.com', phone: '15005551000' },
      'Only an email address or phone number should be provided',
    ],
    [{ email: 'nope' }, 'Unable to validate email address: invalid format'],
    [{ email: 'a@example.com', channel: 'sms' }, 'Channel should only be specified with Phone OTP'],
    [{ email: `${'a'.repeat(250)}@example.com` }, 'An email address is too long'],
    [
      { email: 'a@example.com', code_challenge: 'a'.repeat(43) },
      'PKCE flow requires code_challenge_method and code_challenge',
    ],
    [
      { email: 'a@example.com', code_challenge: 'short', code_challenge_method: 's256' },
      'code challenge has to be between 43 and 128 characters',
    ],
    [
      { email: 'a@example.com', code_challenge: `${'a'.repeat(43)}!`, code_challenge_method: 's256' },
      'code challenge can only contain alphanumeric characters, hyphens, periods, underscores and tildes',
    ],
    [
      { email: 'a@example.com', code_challenge: 'a'.repeat(43), code_challenge_method: 'md5' },
      'Invalid code challenge method',
    ],
  ])('refuses %j: validation_failed', async (body, message) => {
    expectError(await codes.post('/otp', body), 400, 'validation_failed', message);
  });

  test('keeps the redirect target that is allowed, escaped where the link needs it', async () => {
    const { email } = newPerson();
    const target = encodeURIComponent(`${SITE}/in?a=1`);
    await codes.post(`/otp?redirect_to=${target}`, { email });
    expect((await codes.mailed(email)).link.href).toContain(`redirect_to=${target}`);
    await codes.post(`/otp?redirect_to=${target}`, { email }, { redirect_to: `${SITE}/header` });
    expect((await codes.mailed(email, 2)).link.href).toContain(`redirect_to=${SITE}/header`);
    await codes.post('/otp?redirect_to=https://evil.example.net', { email }, { referer: `${SITE}/from` });
    expect((await codes.mailed(email, 3)).link.href).toContain(`redirect_to=${SITE}/from`);
    await codes.post(
      '/otp?redirect_to=https://evil.example.net',
      { email },
      { referer: 'https://evil.example.net' },
    );
    expect((await codes.mailed(email, 4)).link.href).toMatch(/redirect_to=https:\/\/app\.example\.com$/);
  });

  test('takes the host of links from PUBLIC_URL alone', async () => {
    const { email } = newPerson();
    await codes.post('/otp', { email }, { 'x-forwarded-host': 'evil.example.net', host: 'evil.example.net' });
    expect((await codes.mailed(email)).link.host).toBe('auth.example.com');
  });
});

describe('POST /magiclink', () => {
  test('signs in at once, and confirms an unconfirmed person', async () => {
    const person = newPerson();
    await signUp(codes.gateway, person);
    expect(await codes.post('/magiclink', { email: person.email })).toMatchObject({ status: 200, body: {} });
    const { code } = await codes.mailed(person.email);
    const { body } = await verify('email', person.email, code);
    expect(body).toMatchObject({ user: { email: person.email, email_confirmed_at: expect.any(String) } });
  });

  test('needs an address: validation_failed', async () => {
    expectError(
      await codes.post('/magiclink', {}),
      422,
      'validation_failed',
      'Password recovery requires an email',
    );
  });
});

describe('POST /recover', () => {
  test('mails a known address a code that signs in, and that no other purpose takes', async () => {
    const { id, email } = await verifiedUser(codes);
    expect(await codes.post('/recover', { email })).toMatchObject({ status: 200, body: {} });
    const { code, type } = await codes.mailed(email, 2);
    expect(type).toBe('recovery');
    expectError(await verify('email', email, code), ...EXPIRED);
    expect(await verify('recovery', email, code)).toMatchObject({ status: 200, body: { user: { id } } });
  });

  test('answers alike for an unknown address, without a mail', async () => {
    const { email } = newPerson();
    expect(await codes.post('/recover', { email })).toMatchObject({ status: 200, body: {} });
    expect(await codes.countMails(email)).toBe(0);
  });

  test('a new password makes the pending code and link void', async () => {
    const person = newPerson();
    const { user, accessToken } = await signUp(codes.gateway, person);
    await codes.gateway.sql`update portcullis.users set email_verified_at = now() where id = ${user.id}`;
    await codes.post('/recover', { email: person.email });
    const { code, token } = await codes.mailed(person.email);
    const change = 'mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { ok } }';
    const input = { currentPassword: person.password, newPassword: 'another passphrase' };
    await codes.gateway.graphql(change, { input }, bearer(accessToken));
    expectError(await verify('recovery', person.email, code), ...EXPIRED);
    expectError(await codes.post('/verify', { type: 'recovery', token_hash: token }), ...DEAD_LINK);
  });

  test.each([
    [{}, 'Password recovery requires an email'],
    [{ email: 'nope' }, 'Unable to validate email address: invalid format'],
  ])('refuses %j: validation_failed', async (body, message) => {
    expectError(await codes.post('/recover', body), 400, 'validation_failed', message);
  });
});

describe('POST /resend', () => {
  test('mails the code of a sign-up again, and the one before is void', async () => {
    const { email } = newPerson();
    await codes.post('/otp', { email });
    const first = await codes.mailed(email);
    expect(await codes.post('/resend', { type: 'signup', email })).toMatchObject({ status: 200, body: {} });
    const second = await codes.mailed(email, 2);
    expectError(await verify('signup', email, first.code), ...EXPIRED);
    expect(await verify('signup', email, second.code)).toMatchObject({ status: 200 });
  });

  test('answers alike for a confirmed and an unknown address, without a mail', async () => {
    const { email } = await verifiedUser(codes);
    const unknown = newPerson().email;
    for (const each of [email, unknown])
      expect(await codes.post('/resend', { type: 'signup', email: each })).toMatchObject({
        status: 200,
        body: {},
      });
    expect([await codes.countMails(email), await codes.countMails(unknown)]).toEqual([1, 0]);
  });

  test('answers alike without a pending change of the address, without a mail', async () => {
    const { email } = await verifiedUser(codes);
    expect(await codes.post('/resend', { type: 'email_change', email })).toMatchObject({
      status: 200,
      body: {},
    });
    expect(await codes.countMails(email)).toBe(1);
  });

  test.each([
    [
      { type: 'recovery', email: 'a@example.com' },
      'Missing one of these types: signup, email_change, sms, phone_change',
    ],
    [{}, 'Missing one of these types: signup, email_change, sms, phone_change'],
    [{ type: 'signup' }, 'Type provided requires an email address'],
    [{ type: 'sms' }, 'Type provided requires a phone number'],
    [
      { type: 'signup', email: 'a@example.com', phone: '15005551000' },
      'Only an email address or phone number should be provided.',
    ],
  ])('refuses %j: validation_failed', async (body, message) => {
    expectError(await codes.post('/resend', body), 400, 'validation_failed', message);
  });
});
