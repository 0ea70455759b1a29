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

test('test/security.md names each case once, in order', async () => {
  const numbers = parseCases(await readFile('test/security.md', 'utf8')).map((each) => each.number);
  expect(numbers.length).toBeGreaterThanOrEqual(70);
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
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
