import { expect, test } from 'vitest';
import { parseGoDuration } from '../../src/dialects/gotrue/go-duration.ts';

test.each([
  ['24h', 86_400_000],
  ['1h30m', 5_400_000],
  ['1.5s', 1500],
  ['-2m', -120_000],
  ['+300ms', 300],
  ['0', 0],
  ['876600h', 3_155_760_000_000],
  ['3000000h', null],
  ['10', null],
  ['1d', null],
  ['h', null],
  ['1 h', null],
  ['', null],
  ['1h'.repeat(60), null],
])('the duration %j is %j milliseconds', (text, milliseconds) => {
  expect(parseGoDuration(text)).toBe(milliseconds);
});
