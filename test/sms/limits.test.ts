import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Caller } from '../../src/flows/shared/caller.ts';
import { requestPhoneCode } from '../../src/flows/sign-in/request-phone-code.ts';
import { bearer, send } from '../gotrue/wire.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { askForCode, newNumber, passSpacing } from './phone-people.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({
    env: {
      SMS_PROVIDER: 'test',
      ANONYMOUS_SIGN_IN: 'on',
      SMTP_URL: 'off',
      LIMIT_SMS_PER_NUMBER: '2/86400',
      LIMIT_SMS: '5/3600',
      LIMIT_SMS_PER_ADDRESS: '3/3600',
      LIMIT_SMS_UNADDRESSED: '4/3600',
    },
  });
});
afterAll(() => gateway.close());
afterEach(() => gateway.sql`delete from portcullis_private.rate_limits`);

const limited = { code: 'rate_limited' };

/** Lets all limits pass but the one that is tested. */
const passOthers = ({ sql }: TestGateway, tested: string) =>
  sql`delete from portcullis_private.rate_limits where key not like ${`${tested}:%`}`;

const from = (address: string | null): Caller => ({ device: { address, userAgent: null } });

test('a number gets one message in a minute, whether or not it has an account', async () => {
  const number = newNumber();
  await askForCode(gateway, number);
  for (const createUser of [true, false])
    await expect(askForCode(gateway, number, { createUser })).rejects.toMatchObject(limited);
  const unknown = newNumber();
  await expect(askForCode(gateway, unknown, { createUser: false })).rejects.toMatchObject({
    code: 'otp_disabled',
  });
  await passSpacing(gateway);
  await askForCode(gateway, number);
});

test('the error tells how long to wait, and a refused request does not prolong it', async () => {
  const number = newNumber();
  await askForCode(gateway, number);
  const waits: number[] = [];
  for (let i = 0; i < 3; i += 1)
    await askForCode(gateway, number).catch((error) => waits.push(error.retryAfterSeconds));
  expect(waits).toHaveLength(3);
  for (const wait of waits) expect(wait > 50 && wait <= 60).toBe(true);
});

test('a number gets only as many messages in a day', async () => {
  const number = newNumber();
  for (let i = 0; i < 2; i += 1) {
    await askForCode(gateway, number);
    await passOthers(gateway, 'sms_number');
  }
  await expect(askForCode(gateway, number)).rejects.toMatchObject(limited);
  await askForCode(gateway, newNumber());
});

test('all numbers together get only as many messages in an hour', async () => {
  for (let i = 0; i < 5; i += 1) {
    await askForCode(gateway, newNumber());
    await passOthers(gateway, 'sms_of_all');
  }
  await expect(askForCode(gateway, newNumber())).rejects.toMatchObject(limited);
});

test.each([
  ['203.0.113.9', 3, 'sms_address'],
  [null, 4, 'sms_unaddressed'],
])('a caller from %s causes %i messages', async (address, count, limit) => {
  const ask = () => {
    const input = { phone: newNumber(), createUser: true, tellsUnknown: true, captchaToken: '' };
    return requestPhoneCode(gateway.deps, from(address), input);
  };
  for (let i = 0; i < count; i += 1) {
    await ask();
    await passOthers(gateway, limit);
  }
  await expect(ask()).rejects.toMatchObject(limited);
});

test('users that one address signs in cause no more messages than the address may: rate_limited', async () => {
  const askForChange = async () => {
    const { body } = await send(gateway, 'POST', '/signup', { body: {} });
    const headers = bearer((body as { access_token: string }).access_token);
    return (await send(gateway, 'PUT', '/user', { body: { phone: newNumber() }, headers })).status;
  };
  for (let i = 0; i < 3; i += 1) {
    expect(await askForChange()).toBe(200);
    await passOthers(gateway, 'sms_address');
  }
  expect(await askForChange()).toBe(429);
});

test('a message of a request that fails is not counted', async () => {
  const number = newNumber();
  for (let i = 0; i < 3; i += 1) {
    await askForCode(gateway, newNumber());
    await passOthers(gateway, 'sms_address');
  }
  await expect(askForCode(gateway, number)).rejects.toMatchObject(limited);
  expect(await gateway.sql`select from portcullis.phones where number = ${number}`).toHaveLength(0);
  await passOthers(gateway, 'sms_number');
  await askForCode(gateway, number);
});
