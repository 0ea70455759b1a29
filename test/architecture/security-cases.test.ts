import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

/** A case of `test/security.md`: its number, and the places of its tests, as `file title`. */
type Case = { number: number; tests: { file: string; title: string }[] };

function parseCases(table: string): Case[] {
  const rows = [...table.matchAll(/^\| (\d+) \| [^|]+ \| ([^|]+) \|$/gm)];
  return rows.map(([, number, places = '']) => ({
    number: Number(number),
    tests: places.split('; ').map((place) => {
      const [, file = '', title = ''] = /^`([^`]+)` (.+)$/.exec(place.trim()) ?? [];
      return { file, title };
    }),
  }));
}

/** The list had 83 cases. Case 54 is about single sign-on by SAML, which the gateway does not have. */
const NUMBERS = Array.from({ length: 83 }, (_, n) => n + 1).filter((number) => number !== 54);

test('test/security.md names a test of every case, in order', async () => {
  const cases = parseCases(await readFile('test/security.md', 'utf8'));
  expect(cases.map((each) => each.number)).toEqual(NUMBERS);
});

test('each title of test/security.md stands in its file', async () => {
  const cases = parseCases(await readFile('test/security.md', 'utf8'));
  const missing: string[] = [];
  for (const { file, title } of cases.flatMap(({ tests }) => tests)) {
    const text = await readFile(`test/${file}`, 'utf8').catch(() => '');
    if (title === '' || !text.includes(title)) missing.push(`${file}: ${title}`);
  }
  expect(missing).toEqual([]);
});
