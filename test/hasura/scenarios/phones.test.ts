import { expect, test } from 'vitest';
import { forFile } from '../../support/for-file.ts';
import { openStage } from './frontend.ts';

// Sign-in by phone through Hasura, and who sees the numbers.

const CODES = { '15005550031': '111111', '15005550032': '222222' };

const stage = forFile(() =>
  openStage({
    env: {
      SMS_PROVIDER: 'test',
      SMS_TEST_CODES: Object.entries(CODES)
        .map((entry) => entry.join('='))
        .join(),
    },
  }),
);

const REQUEST = 'mutation ($input: RequestCodeInput!) { requestCode(input: $input) { ok } }';
const SIGN_IN =
  'mutation ($input: SignInWithCodeInput!) { signInWithCode(input: $input) { accessToken user { id } } }';

type SignedIn = { signInWithCode: { accessToken: string; user: { id: string } } };

async function signIn(phone: keyof typeof CODES): Promise<SignedIn['signInWithCode']> {
  const page = stage.anonymous();
  await page.run(REQUEST, { input: { phone } });
  const { signInWithCode } = await page.run<SignedIn>(SIGN_IN, { input: { phone, code: CODES[phone] } });
  return signInWithCode;
}

test('a person signs in by phone through Hasura, and sees no number but their own', async () => {
  const ada = await signIn('15005550031');
  const bob = await signIn('15005550032');
  for (const [{ accessToken, user }, number] of [
    [ada, '+15005550031'],
    [bob, '+15005550032'],
  ] as const) {
    const rows = await stage.as(accessToken).run('{ portcullis_phones { user_id number } }');
    expect(rows).toEqual({ portcullis_phones: [{ user_id: user.id, number }] });
  }
});
