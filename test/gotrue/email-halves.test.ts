import { describe, expect, test } from 'vitest';
import { queueCode } from '../../src/flows/shared/code-requests.ts';
import { setAccountDetails } from '../../src/users/account-details.ts';
import { forFile } from '../support/for-file.ts';
import { newPerson } from '../support/gateway.ts';
import { EXPIRED, SITE, startCodes, verifiedUser } from './codes.ts';
import { expectError } from './wire.ts';

// A change of the address that both addresses confirm.

const codes = forFile(() => startCodes());

const by = { device: { address: null, userAgent: null } };
const HALF = 'Confirmation link accepted. Please proceed to confirm link sent to the other email';
const HALF_ESCAPED = HALF.replaceAll(' ', '+');

/** A person whose change of the address waits for both confirmations. */
async function changing(codeChallenge: string | null = null) {
  const { id, email } = await verifiedUser(codes);
  const newEmail = newPerson().email;
  await codes.gateway.deps.db.transaction(async (tx) => {
    await setAccountDetails(tx, id, { newEmail });
    const back = { redirects: [`${SITE}/me`], codeChallenge, isHalf: true };
    const { deps } = codes.gateway;
    await queueCode(tx, deps, by, { ...back, purpose: 'email_change_current', to: { userId: id, email } });
    await queueCode(tx, deps, by, {
      ...back,
      purpose: 'email_change_new',
      to: { userId: id, email: newEmail },
    });
  });
  return { id, email, newEmail, current: await codes.mailed(email, 2), next: await codes.mailed(newEmail) };
}

const confirm = (email: string, token: string) =>
  codes.post('/verify', { type: 'email_change', email, token });
const emailOf = async (id: string) => {
  const [row] = await codes.gateway.sql`select email from portcullis.users where id = ${id}`;
  return row?.email;
};

describe('both addresses', () => {
  test('confirm, the new one first', async () => {
    const { id, email, newEmail, current, next } = await changing();
    expect(await confirm(newEmail, next.code)).toMatchObject({
      status: 200,
      body: { code: '200', msg: HALF },
    });
    expect(await emailOf(id)).toBe(email);
    expect(await confirm(email, current.code)).toMatchObject({
      status: 200,
      body: { user: { id, email: newEmail } },
    });
  });

  test('confirm, the current one first', async () => {
    const { id, email, newEmail, current, next } = await changing();
    expect(await confirm(email, current.code)).toMatchObject({ body: { code: '200', msg: HALF } });
    expect(await confirm(newEmail, next.code)).toMatchObject({ body: { user: { id, email: newEmail } } });
    expect(await emailOf(id)).toBe(newEmail);
  });

  test('confirm by links, and get the message in the fragment first', async () => {
    const { current, next } = await changing();
    expect(current.type).toBe('email_change');
    const half = await codes.open(current.link);
    expect(half.headers.get('location')).toBe(`${SITE}/me#message=${HALF_ESCAPED}&sb=`);
    const whole = await codes.open(next.link);
    expect(whole.headers.get('location')).toMatch(/\/me#access_token=.*&type=email_change$/);
  });

  test('confirm by links with PKCE, and get the message in the query too', async () => {
    const { current, next } = await changing('a'.repeat(43));
    const half = await codes.open(current.link);
    expect(half.headers.get('location')).toBe(
      `${SITE}/me?message=${HALF_ESCAPED}#message=${HALF_ESCAPED}&sb=`,
    );
    const whole = await codes.open(next.link);
    expect(whole.headers.get('location')).toMatch(/\/me\?code=[0-9a-f-]{36}$/);
  });
});

describe('one address alone', () => {
  test('cannot confirm twice', async () => {
    const { id, email, newEmail, next } = await changing();
    await confirm(newEmail, next.code);
    expectError(await confirm(newEmail, next.code), ...EXPIRED);
    expect(await codes.post('/verify', { type: 'email_change', token_hash: next.token })).toMatchObject({
      status: 403,
    });
    expect(await emailOf(id)).toBe(email);
  });

  test('cannot confirm for the other one by fifty attempts at once', async () => {
    const { id, email, newEmail, next } = await changing();
    await Promise.all(
      Array.from({ length: 50 }, () =>
        codes.post('/verify', { type: 'email_change', token_hash: next.token }),
      ),
    );
    expect(await emailOf(id)).toBe(email);
    expect(newEmail).not.toBe(email);
  });

  test('does not confirm the rest if the code of the other one is gone', async () => {
    const { id, email, newEmail, next } = await changing();
    await codes.gateway.sql`
      delete from portcullis_private.one_time_codes where user_id = ${id} and purpose = 'email_change_current'`;
    expect(await confirm(newEmail, next.code)).toMatchObject({ body: { msg: HALF } });
    expect(await emailOf(id)).toBe(email);
  });
});

test('a new request has to be confirmed by both again, and resending keeps the other half', async () => {
  const { id, email, newEmail, current, next } = await changing();
  await confirm(newEmail, next.code);
  await codes.post('/resend', { type: 'email_change', email });
  const again = await codes.mailed(email, 3);
  expectError(await confirm(email, current.code), ...EXPIRED);
  expect(await confirm(email, again.code)).toMatchObject({ body: { user: { id, email: newEmail } } });
});

test('an address that another account got before the second confirmation is refused: otp_expired', async () => {
  const { id, email, newEmail, current, next } = await changing();
  await confirm(newEmail, next.code);
  await codes.post('/otp', { email: newEmail });
  expectError(await confirm(email, current.code), ...EXPIRED);
  expect(await emailOf(id)).toBe(email);
});
