import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Codes, EXPIRED, otherThan, startCodes, verifiedUser } from './codes.ts';
import { expectError } from './wire.ts';

// How many guesses at the codes of one person a stranger has: five for each mail, and a few mails a day.

const MAILS = 3;

let codes: Codes;
beforeAll(async () => {
  codes = await startCodes({ LIMIT_MAIL_PER_RECIPIENT: `${MAILS}/86400` });
});
afterAll(() => codes.close());

test('new codes do not refill the guesses beyond the daily cap of mails', async () => {
  const { email } = await verifiedUser(codes); // the first mail
  const guess = (token: string) => codes.post('/verify', { type: 'email', email, token });
  for (let mail = 2; mail <= MAILS; mail++) {
    expect(await codes.post('/otp', { email })).toMatchObject({ status: 200 });
    const { code } = await codes.mailed(email, mail);
    for (let guesses = 0; guesses < 5; guesses++) expectError(await guess(otherThan(code)), ...EXPIRED);
    expectError(await guess(code), ...EXPIRED);
  }
  const refused = await codes.post('/otp', { email });
  expect([refused.status, (refused.body as { error_code: string }).error_code]).toEqual([
    429,
    'over_email_send_rate_limit',
  ]);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3600);
  expect(await codes.countMails(email)).toBe(MAILS);
});
