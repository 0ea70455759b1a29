import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { askPassword, readPassword } from '../../src/commands/users/password.ts';

/** A terminal at which a person types, and all that it shows. */
function terminal() {
  const input = Object.assign(new PassThrough(), { isTTY: true as const });
  const output = new PassThrough();
  let shown = '';
  output.on('data', (chunk: Buffer) => (shown += chunk));
  const asked = (times: number) => expect.poll(() => shown.split(': ').length - 1).toBe(times);
  return { input, output, shown: () => shown, asked };
}

test('the prompt asks twice and shows nothing of what is typed', async () => {
  const { input, output, shown, asked } = terminal();
  const password = askPassword(input, output);
  await asked(1);
  input.write('corrrect');
  input.write('\b\b\b\b\b\b\b\bcorrect horse \r');
  await asked(2);
  input.write('correct horse \r');
  expect(await password).toBe('correct horse ');
  expect(shown()).toBe('Password: \nRepeat the password: \n');
});

test('the prompt refuses two different passwords', async () => {
  const { input, output, asked } = terminal();
  const password = askPassword(input, output);
  const refused = expect(password).rejects.toThrow('The two passwords are not the same.');
  await asked(1);
  input.write('correct horse\r');
  await asked(2);
  input.write('battery staple\r');
  await refused;
});

test.each([
  ['Ctrl-C', '\u0003'],
  ['Ctrl-D', '\u0004'],
])('%s ends the prompt', async (_name, key) => {
  const { input, output, asked } = terminal();
  const password = askPassword(input, output);
  const refused = expect(password).rejects.toThrow('No password was given.');
  await asked(1);
  input.write(key);
  await refused;
});

test.each([
  ['one line without a break', 'pass word', 'pass word'],
  ['the first line alone', ' a \nb\n', ' a '],
  ['Windows line breaks', 'a\r\n', 'a'],
  ['letters beyond ASCII', 'ключ🔑\n', 'ключ🔑'],
])('--password-stdin reads %s', async (_what, text, password) => {
  const input = new PassThrough();
  const bytes = Buffer.from(text);
  input.write(bytes.subarray(0, 1));
  input.end(bytes.subarray(1));
  expect(await readPassword(input)).toBe(password);
});

test('--password-stdin refuses an input without end', async () => {
  const input = new PassThrough();
  const reading = readPassword(input);
  const refused = expect(reading).rejects.toThrow('too long');
  for (let i = 0; i < 20; i++) input.write('x'.repeat(1024));
  await refused;
});
