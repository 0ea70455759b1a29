import { expect, test } from 'vitest';
import { readSources } from './walls.ts';

// The words of comments and texts are read by people whose English is a second language, and by engineers in a hurry.

/** Words that name no actor or thing, and negations that "is not a" says more plainly. */
const REFUSED =
  /\b(?:whoever|whatever|nobody|somebody|anybody|anew|meanwhile|such)\b|\b(?:is|are) (?:none\b|no\b(?! longer))/i;

/** A line without its code spans and one-word texts, which are names: `nobody` is a user of Unix. */
const proseOf = (line: string): string => line.replace(/([`'"])[\w-]*\1/g, '');

const refusedWord = (line: string): string | null => REFUSED.exec(proseOf(line))?.[0] ?? null;

test('comments and texts of the source name the actor', async () => {
  const found = [...(await readSources())].flatMap(([file, text]) =>
    text.split('\n').flatMap((line, at) => {
      const word = refusedWord(line);
      return word === null ? [] : [`${file}:${at + 1}: ${word}`];
    }),
  );
  expect(found).toEqual([]);
});

test.each([
  ['/** Ends the session of whoever asks. */', 'whoever'],
  ["throw new Error('There is no template.');", 'is no'],
  ['// Proxies such as nginx.', 'such'],
  ['const somebody = null;', 'somebody'],
])('the line “%s” is refused for “%s”', (line, word) => {
  expect(refusedWord(line)).toBe(word);
});

test.each([
  "for (const name of ['postgres', 'nobody']) {",
  '/** `postgres`, otherwise `nobody`. */',
  '// The link is no longer valid.',
])('the line “%s” is accepted', (line) => {
  expect(refusedWord(line)).toBeNull();
});
