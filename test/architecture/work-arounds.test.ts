import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

// A work-around for a database driver names its upstream issue, and the test that says when it can go.

const FOLDER = 'src/db/driver';
const FAULTS = ['test/db/postgres-js-faults.test.ts', 'test/db/pg-faults.test.ts'];

const read = (path: string) => readFile(path, 'utf8');
const oneLine = (text: string) => text.replaceAll(/\s*\n \*\s*/g, ' ');

/** The docstring at the top of each file that is a work-around, by the file's name. */
async function workArounds(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const file of await readdir(FOLDER)) {
    const [, docstring] =
      /^\/\*\*\n \* (Work-around, .*?)\n \*\//s.exec(await read(join(FOLDER, file))) ?? [];
    if (docstring !== undefined) found.set(file, oneLine(docstring));
  }
  return found;
}

/** The titles of the tests that a docstring names. */
const testsOf = (docstring: string): string[] =>
  [...docstring.slice(docstring.indexOf('It can go when')).matchAll(/“([^”]+)”/g)].map(
    ([, title = '']) => title,
  );

async function titles(): Promise<string[]> {
  const texts = await Promise.all(FAULTS.map(read));
  return texts.flatMap((text) => [...text.matchAll(/^test\('([^']+)'/gm)].map(([, title = '']) => title));
}

test('every work-around for a driver names its upstream issue, its effect and the test that ends it', async () => {
  const incomplete = [...(await workArounds())].filter(
    ([, text]) => !/Upstream: .*Here: .*It can go when th(?:is|ese) tests? fails?: “/.test(text),
  );
  expect(incomplete.map(([file]) => file)).toEqual([]);
});

test('every work-around names an existing fault test, and every fault test has a work-around', async () => {
  const named = [...(await workArounds()).values()].flatMap(testsOf);
  expect(named.toSorted()).toEqual((await titles()).toSorted());
});

test('src/db/README.md lists every work-around with its tests', async () => {
  const rows = (await read('src/db/README.md')).split('\n').filter((line) => line.startsWith('| `'));
  const missing = [...(await workArounds())].flatMap(([file, text]) => {
    const row = rows.find((line) => line.startsWith(`| \`${file}\``)) ?? '';
    return testsOf(text)
      .filter((title) => !row.includes(title))
      .map((title) => `${file}: ${title}`);
  });
  expect(missing).toEqual([]);
  expect(rows).toHaveLength((await workArounds()).size);
});
