import { expect, test } from 'vitest';
import { readSources } from './walls.ts';

// A new password that is hashed elsewhere would not be looked up in data leaks.
test('new passwords are hashed by hashNewPassword; a login renews the hash of an old one', async () => {
  const hashing = [...(await readSources())]
    .filter(([, text]) => /\bpasswords\.hash\(/.test(text))
    .map(([file]) => file);
  expect(hashing.sort()).toEqual(['flows/shared/hash-new-password.ts', 'flows/sign-in/login.ts']);
});
