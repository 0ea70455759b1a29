import { describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { logIn, newPerson } from '../support/gateway.ts';
import { DEAD_LINK, EXPIRED, otherThan, SESSION, SITE, startCodes, verifiedUser } from './codes.ts';
import { expectError, NAMED } from './wire.ts';

// POST /verify: what a code and the token of a link open.

const codes = forFile(() => startCodes());

const verify = (type: string, email: string, token: string, more: object = {}) =>
  codes.post('/verify', { type, email, token, ...more });

describe('POST /verify', () => {
  test('takes a code once', async () => {
    const { email } = newPerson();
    await codes.post('/otp', { email });
    const { code } = await codes.mailed(email);
    expect(await verify('signup', email, code)).toMatchObject({ status: 200 });
    expectError(await verify('signup', email, code), ...EXPIRED);
  });

  test('takes the token of a link once', async () => {
    const { email } = newPerson();
    await codes.post('/otp', { email });
    const { token } = await codes.mailed(email);
    expect(await codes.post('/verify', { type: 'email', token_hash: token })).toMatchObject({ status: 200 });
    expectError(await codes.post('/verify', { type: 'email', token_hash: token }), ...DEAD_LINK);
  });

  test('takes the token of a PKCE link, and answers with a session', async () => {
    const { email } = await verifiedUser(codes);
    await codes.post('/otp', { email, code_challenge: 'a'.repeat(43), code_challenge_method: 's256' });
    const { token } = await codes.mailed(email, 2);
    expect(token).toMatch(/^pkce_[0-9a-f]{56}$/);
    const { body } = await codes.post('/verify', { type: 'magiclink', token_hash: token });
    expect(body).toMatchObject(SESSION);
  });

  test('answers a wrong code, an unknown address and another purpose alike, in both forms', async () => {
    const { email } = newPerson();
    await codes.post('/otp', { email });
    const { code } = await codes.mailed(email);
    const [right, wrong] = [
      await verify('recovery', email, code),
      await verify('signup', email, otherThan(code)),
    ];
    const unknown = await verify('signup', newPerson().email, code);
    for (const answer of [right, wrong, unknown, await verify('nonsense', email, code)])
      expectError(answer, ...EXPIRED);
    for (const odd of ['12 34 56', 'abcdef', '1'.repeat(600), '\u0000'])
      expectError(await verify('signup', email, odd), ...EXPIRED);
    const named = await codes.post('/verify', { type: 'email', email, token: 'x' }, NAMED);
    expect(named.body).toEqual({ code: 'otp_expired', message: 'Token has expired or is invalid' });
  });

  test('of fifty uses of a code at once one opens a session', async () => {
    const { id, email } = await verifiedUser(codes);
    await codes.post('/otp', { email });
    const { code, token } = await codes.mailed(email, 2);
    const before = await codes.gateway.sql`select id from portcullis.sessions where user_id = ${id}`;
    const answers = await Promise.all([
      ...Array.from({ length: 25 }, () => verify('email', email, code)),
      ...Array.from({ length: 25 }, () => codes.post('/verify', { type: 'email', token_hash: token })),
    ]);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 403)).toHaveLength(49);
    const after = await codes.gateway.sql`select id from portcullis.sessions where user_id = ${id}`;
    expect(after.length - before.length).toBe(1);
  });

  test('after five wrong guesses at once the right code is refused, and the link works', async () => {
    const { email } = await verifiedUser(codes);
    await codes.post('/otp', { email });
    const { code, token } = await codes.mailed(email, 2);
    await Promise.all(Array.from({ length: 20 }, () => verify('email', email, otherThan(code))));
    expectError(await verify('email', email, code), ...EXPIRED);
    expect(await codes.post('/verify', { type: 'email', token_hash: token })).toMatchObject({ status: 200 });
  });

  test('voids everything else that was mailed to the person', async () => {
    const { email } = await verifiedUser(codes);
    await codes.post('/otp', { email });
    await codes.post('/recover', { email });
    const [magic, recovery] = [await codes.mailed(email, 2), await codes.mailed(email, 3)];
    const pair = magic.type === 'magiclink' ? [magic, recovery] : [recovery, magic];
    expect(await verify('email', email, pair[0]?.code ?? '')).toMatchObject({ status: 200 });
    expectError(await verify('recovery', email, pair[1]?.code ?? ''), ...EXPIRED);
  });

  test('refuses a banned person: user_banned, and the code stays good', async () => {
    const { id, email } = await verifiedUser(codes);
    await codes.post('/otp', { email });
    const { code } = await codes.mailed(email, 2);
    await codes.gateway.sql`update portcullis.users set disabled_at = now() where id = ${id}`;
    expectError(await verify('magiclink', email, code), 403, 'user_banned', 'User is banned');
    await codes.gateway.sql`update portcullis.users set disabled_at = null where id = ${id}`;
    expect(await verify('magiclink', email, code)).toMatchObject({ status: 200 });
  });

  test('sets the password that comes with the code of a sign-up', async () => {
    const person = newPerson();
    await codes.post('/otp', { email: person.email });
    const { code } = await codes.mailed(person.email);
    const weak = await verify('signup', person.email, code, { password: 'short' });
    expect(weak).toMatchObject({ status: 422, body: { error_code: 'weak_password' } });
    expect(await verify('signup', person.email, code, { password: person.password })).toMatchObject({
      status: 200,
    });
    expect(await logIn(codes.gateway, person)).toMatchObject({ user: { email: person.email } });
  });

  test.each([
    [{}, 'Verify requires a verification type'],
    [{ type: 'signup' }, 'Verify requires either a token or a token hash'],
    [{ type: 'signup', token: '1', token_hash: 'a' }, 'Verify requires either a token or a token hash'],
    [{ type: 'signup', token: '1' }, 'Only an email address or phone number should be provided on verify'],
    [
      { type: 'signup', token_hash: 'a', email: 'a@example.com' },
      'Only the token_hash and type should be provided',
    ],
    [
      { type: 'signup', token_hash: 'a', redirect_to: SITE },
      'Only the token_hash and type should be provided',
    ],
    [{ type: 'nonsense', token_hash: 'a' }, 'Invalid email verification type'],
    [{ type: 'signup', token: '1', email: 'nope' }, 'Unable to validate email address: invalid format'],
  ])('refuses %j: validation_failed', async (body, message) => {
    expectError(await codes.post('/verify', body), 400, 'validation_failed', message);
  });
});
