import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { ReadStream } from 'node:tty';
import { UsageError } from '../cli/subcommand.ts';

/** More than the longest password takes. */
const MAX_INPUT_BYTES = 8192;

type Input = NodeJS.ReadableStream & Partial<Pick<ReadStream, 'isTTY'>>;
type Output = Pick<NodeJS.WritableStream, 'write'>;

/** Reads a password from the standard input: its first line, without the line break. */
export async function readPassword(input: Input = process.stdin): Promise<string> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of input) {
    bytes = Buffer.concat([bytes, Buffer.from(chunk)]);
    if (bytes.length > MAX_INPUT_BYTES)
      throw new UsageError('The standard input is too long for a password.');
  }
  const [line = ''] = bytes.toString('utf8').split(/\r?\n/, 1);
  if (line === '') throw new UsageError('The standard input has no password in its first line.');
  return line;
}

/** Asks for a new password at the terminal, twice and without showing it. */
export async function askPassword(
  input: Input = process.stdin,
  output: Output = process.stderr,
): Promise<string> {
  const hidden = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: hidden, terminal: true });
  const interrupted = new AbortController();
  lines.once('SIGINT', () => interrupted.abort());
  lines.once('close', () => interrupted.abort());
  const ask = async (question: string): Promise<string> => {
    output.write(question);
    try {
      return await lines.question('', { signal: interrupted.signal });
    } catch {
      throw new UsageError('No password was given.');
    } finally {
      output.write('\n');
    }
  };
  try {
    const password = await ask('Password: ');
    if (password !== (await ask('Repeat the password: ')))
      throw new UsageError('The two passwords are not the same.');
    return password;
  } finally {
    lines.close();
  }
}
