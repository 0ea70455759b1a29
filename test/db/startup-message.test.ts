import { expect, test } from 'vitest';
import { cleanFirstWrite, pad } from '../../src/db/driver/startup-message.ts';

const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
/** The StartupMessage of Postgres’ protocol 3.0. */
function startupMessage(parameters: Record<string, string>): Buffer {
  const text = Object.entries(parameters).map(([name, value]) => `${name}\0${value}\0`);
  const body = Buffer.concat([int32(196608), Buffer.from(`${text.join('')}\0`)]);
  return Buffer.concat([int32(body.length + 4), body]);
}
const message = (type: string, body: Buffer): Buffer =>
  Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);

const PARAMETERS = { user: 'ann', database: 'zoë', search_path: 'pg_catalog' };
const plain = startupMessage(PARAMETERS);
const padded = startupMessage(pad(PARAMETERS));

test('a padded startup message exceeds the driver’s buffer, and cleanFirstWrite removes the padding', () => {
  expect(padded.length).toBeGreaterThan(1024);
  expect(cleanFirstWrite(padded)).toEqual(plain);
});

test('cleanFirstWrite removes bytes left over from an earlier connection', () => {
  // Bytes that look like the beginning of another message if the lengths are not read.
  const left = [message('P', Buffer.alloc(30)), message('S', Buffer.alloc(0)), message('B', padded)];
  expect(cleanFirstWrite(Buffer.concat([...left, padded]))).toEqual(plain);
});

test.each([
  ['a message without padding', plain],
  ['a CancelRequest', Buffer.concat([int32(16), int32(80877102), int32(7), int32(9)])],
  ['text that is not a message', Buffer.from('GET / HTTP/1.1')],
  ['an empty write', Buffer.alloc(0)],
])('cleanFirstWrite does not change %s', (_what, bytes) => {
  expect(cleanFirstWrite(bytes)).toEqual(bytes);
});
