import { expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { bearer, newPerson, signUp } from '../support/gateway.ts';
import { type Codes, startCodes } from './codes.ts';

// A stranger signs up with the address of another person. The owner then asks for something that is refused, and uses the code that the
// stranger's sign-up has mailed. The stranger's password must not become the account's.

const spaced = forFile(() => startCodes({ LIMIT_MAIL_SPACING_SECONDS: '60' }));
const codes = forFile(() => startCodes());

const CHANGE_PASSWORD =
  'mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { __typename } }';
const STRANGERS = 'password of the stranger';
const OWNERS = 'password of the owner';

async function useLastCode({ mailed, post }: Codes, email: string, count = 1): Promise<void> {
  const { code, type } = await mailed(email, count);
  expect((await post('/verify', { type, email, token: code })).status).toBe(200);
}

const logIn = async ({ post }: Codes, email: string, password: string): Promise<number> =>
  (await post('/token?grant_type=password', { email, password })).status;

const signUpAt = async ({ post }: Codes, email: string, password: string): Promise<number> =>
  (await post('/signup', { email, password })).status;

/** The stranger signs up by GraphQL, which gives a session before the address is verified. */
async function plantSession({ gateway }: Codes, email: string): Promise<string> {
  return (await signUp(gateway, newPerson({ email, password: STRANGERS }))).accessToken;
}

test('a sign-up within the spacing of mails, with another password, ends the first one', async () => {
  const { email } = newPerson();
  expect(await signUpAt(spaced, email, STRANGERS)).toBe(200);
  expect(await signUpAt(spaced, email, OWNERS)).toBe(429);
  await useLastCode(spaced, email);
  expect(await logIn(spaced, email, STRANGERS)).toBe(400);
});

test('a sign-up that is sent twice keeps its password', async () => {
  const { email } = newPerson();
  const answers = await Promise.all([1, 2, 3].map(() => signUpAt(spaced, email, OWNERS)));
  expect(answers.sort()).toEqual([200, 429, 429]);
  await useLastCode(spaced, email);
  expect(await logIn(spaced, email, OWNERS)).toBe(200);
});

test('of two sign-ups at once with different passwords, neither password stays', async () => {
  const { email } = newPerson();
  const both = await Promise.all([signUpAt(spaced, email, STRANGERS), signUpAt(spaced, email, OWNERS)]);
  expect(both.sort()).toEqual([200, 429]);
  await useLastCode(spaced, email);
  expect(await logIn(spaced, email, STRANGERS)).toBe(400);
  expect(await logIn(spaced, email, OWNERS)).toBe(400);
});

test('a refused request for a code ends the password of a sign-up, too', async () => {
  const { email } = newPerson();
  expect((await spaced.post('/otp', { email })).status).toBe(200);
  await spaced.mailed(email);
  await spaced.gateway.sql`delete from portcullis.users where email = ${email}`;
  expect(await signUpAt(spaced, email, STRANGERS)).toBe(200);
  expect((await spaced.post('/otp', { email })).status).toBe(429);
  await useLastCode(spaced, email, 2);
  expect(await logIn(spaced, email, STRANGERS)).toBe(400);
});

test('a stranger who changes the password does not undo that the owner asked without it', async () => {
  const { email } = newPerson();
  const token = await plantSession(codes, email);
  await codes.post('/otp', { email });
  await codes.mailed(email);
  const newPassword = 'another of the stranger';
  await codes.gateway.graphql(
    CHANGE_PASSWORD,
    { input: { currentPassword: STRANGERS, newPassword } },
    bearer(token),
  );
  expect(await signUpAt(codes, email, newPassword)).toBe(200);
  await useLastCode(codes, email, 2);
  expect(await logIn(codes, email, newPassword)).toBe(400);
});

test('a sign-up by GraphQL of the taken address ends the password, before or after the code is mailed', async () => {
  for (const isFirst of [true, false]) {
    const { email } = newPerson();
    const refused = async () => {
      const signingUp = signUp(codes.gateway, newPerson({ email, password: OWNERS }));
      await expect(signingUp).rejects.toThrow(/already registered/);
    };
    if (isFirst) {
      await plantSession(codes, email);
      await refused();
    }
    expect(await signUpAt(codes, email, STRANGERS)).toBe(200);
    if (!isFirst) await refused();
    await useLastCode(codes, email);
    expect(await logIn(codes, email, STRANGERS)).toBe(400);
  }
});
