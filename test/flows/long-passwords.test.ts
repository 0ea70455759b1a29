import { expect, test } from 'vitest';
import { codeOf, RESET } from '../accounts/accounts.ts';
import { forFile } from '../support/for-file.ts';
import { LOGIN, logIn, newPerson, SIGNUP, signUp, startGateway } from '../support/gateway.ts';

// All of a password counts: bcrypt would end it after 72 bytes.

const gateway = forFile(() => startGateway());

const wrong = (email: string, password: string) =>
  codeOf(gateway.failure(LOGIN, { input: { email, password } }));
const LONGEST = 'x'.repeat(1024);

test.each([72, 73, 100, 1024])('the byte %i of a password counts', async (bytes) => {
  const person = newPerson({ password: `${LONGEST.slice(0, bytes - 1)}y` });
  await signUp(gateway, person);
  expect(await wrong(person.email, LONGEST.slice(0, bytes))).toBe('invalid_credentials');
  expect(await wrong(person.email, LONGEST.slice(0, bytes - 1))).toBe('invalid_credentials');
  await logIn(gateway, person);
});

test('a password of 1,025 bytes is refused without a hash, and never signs in', async () => {
  const person = newPerson({ password: LONGEST });
  await signUp(gateway, person);
  const hashed = gateway.deps.hashGate.finished;
  const tooLong = `${LONGEST}x`;
  expect(await codeOf(gateway.failure(SIGNUP, { input: newPerson({ password: tooLong }) }))).toBe(
    'max_length password',
  );
  expect(await codeOf(gateway.failure(RESET, { input: { token: 'pot_x', newPassword: tooLong } }))).toBe(
    'max_length newPassword',
  );
  expect(gateway.deps.hashGate.finished).toBe(hashed);
  expect(await wrong(person.email, tooLong)).toBe('invalid_credentials');
});

test.each([
  ['decomposed and composed', 'A\u030angstro\u0308m A\u030a', 'Ångström Å'],
  ['full width and usual', 'ｐａｓｓｗｏｒｄ ①', 'password 1'],
])('a password in %s letters is the same', async (_what, set, typed) => {
  const person = newPerson({ password: set });
  await signUp(gateway, person);
  await logIn(gateway, { ...person, password: typed });
});
