import { expect, test } from 'vitest';
import { readConfig } from '../../src/config/read-config.ts';
import { problemsOf } from './problems.ts';
import { production } from './production.ts';

const twilio = {
  SMS_PROVIDER: 'twilio',
  TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
  TWILIO_AUTH_TOKEN: '0'.repeat(32),
  TWILIO_FROM: '+15005550006',
};
const webhook = {
  SMS_PROVIDER: 'webhook',
  SMS_WEBHOOK_URL: 'https://sms.example.com/key',
  SMS_WEBHOOK_SECRETS: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
};

test('without SMS_PROVIDER the gateway sends no text messages', () => {
  expect(readConfig({}).sms.provider).toBe('off');
});

test.each([
  ['twilio', ['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN', 'TWILIO_FROM']],
  ['webhook', ['SMS_WEBHOOK_URL', 'SMS_WEBHOOK_SECRETS']],
])('SMS_PROVIDER=%s names what it needs', (provider, needed) => {
  expect(problemsOf({ SMS_PROVIDER: provider })).toEqual(
    needed.map((name) => `${name}: required with SMS_PROVIDER=${provider}`),
  );
});

test('production accepts Twilio and a webhook', () => {
  expect(problemsOf({ ...production, ...twilio })).toEqual([]);
  expect(problemsOf({ ...production, ...webhook })).toEqual([]);
});

test.each([
  [{ SMS_PROVIDER: 'test' }, 'SMS_PROVIDER: cannot be test in production'],
  [{ ...twilio, SMS_TEST_CODES: '15005550001=123456' }, 'SMS_TEST_CODES: cannot be set in production'],
])('production refuses %o', (env, problem) => {
  expect(problemsOf({ ...production, ...env })).toEqual([problem]);
});

test('SMS_TEST_CODES takes numbers with and without a plus sign', () => {
  const { testCodes } = readConfig({ SMS_TEST_CODES: '15005550001=123456, +15005550002=654321' }).sms;
  expect(testCodes).toEqual({ '+15005550001': '123456', '+15005550002': '654321' });
});

test.each([
  [{ SMS_TEST_CODES: '15005550001' }, /^SMS_TEST_CODES: must look like/],
  [{ SMS_TEST_CODES: '15005550001=12345' }, /^SMS_TEST_CODES: must look like/],
  [{ SMS_TEXT: 'Your code' }, /^SMS_TEXT: must contain \{\{code\}\}$/],
  [{ SMS_COUNTRIES: '49' }, /^SMS_COUNTRIES: must be prefixes like \+49$/],
  [{ SMS_CODE_TTL: '29' }, /^SMS_CODE_TTL: must be at least 30$/],
  [{ ...twilio, TWILIO_FROM: '<x>' }, /^TWILIO_FROM: must be a number/],
])('%o is refused', (env, problem) => {
  expect(problemsOf(env)).toEqual([expect.stringMatching(problem)]);
});

test.each([
  [webhook, 'SMS_WEBHOOK_URL'],
  [twilio, 'TWILIO_URL'],
])('a host that the gateway cannot reach is refused: %o, %s', (settings, name) => {
  const env = { ...settings, [name]: 'http://sms.internal:8080' };
  const problem = `${name}: needs https, or its host in ALLOW_PRIVATE_ADDRESSES`;
  for (const stage of [{}, production]) {
    expect(problemsOf({ ...stage, ...env })).toEqual([problem]);
    expect(problemsOf({ ...stage, ...env, ALLOW_PRIVATE_ADDRESSES: 'sms.internal' })).toEqual([]);
  }
});

test('TWILIO_URL may not have a query', () => {
  expect(problemsOf({ ...twilio, TWILIO_URL: 'https://twilio.example.com/?a=b' })).toEqual([
    'TWILIO_URL: must not hold a query or a fragment',
  ]);
});

test('LIMIT_SMS_SPACING_SECONDS=0 switches the spacing off', () => {
  expect(readConfig({ LIMIT_SMS_SPACING_SECONDS: '0' }).limits.smsSpacingSeconds).toBe(0);
});
