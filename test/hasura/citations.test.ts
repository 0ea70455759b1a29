import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';

// What the stand-in plays is written down in hasura/README.md: each file of it names the part that it plays.

const FOLDER = 'test/support/hasura';
/** They play nothing of the engine's: a real one, and tools of the tests. */
const WITHOUT_RULES = ['container', 'engine-image', 'json', 'recorded', 'recorder'];

/** The headings of the README that a file cites, also where the citation goes on in the next line of a comment. */
function citedIn(source: string): string[] {
  const text = source.replace(/\n\s*(?:\*|\/\/) ?/g, ' ');
  const citations = text.matchAll(/hasura\/README\.md,((?:(?: and|,)? "[^"]+")+)/g);
  return [...citations].flatMap(([, names = '']) =>
    [...names.matchAll(/"([^"]+)"/g)].map(([, name = '']) => name),
  );
}

async function citations(): Promise<Map<string, string[]>> {
  const files = (await readdir(FOLDER)).sort();
  const read = files.map(async (file) => citedIn(await readFile(join(FOLDER, file), 'utf8')));
  const cited = await Promise.all(read);
  return new Map(files.map((file, index) => [basename(file, '.ts'), cited[index] ?? []]));
}

test('a citation is found with more than one heading, and across lines', () => {
  const source =
    '/** One (hasura/README.md, "A" and "B"). */\n/**\n * Two (hasura/README.md,\n * "C d").\n */';
  expect(citedIn(source)).toEqual(['A', 'B', 'C d']);
});

test('every heading that the stand-in cites is there', async () => {
  const readme = await readFile('hasura/README.md', 'utf8');
  const headings = new Set([...readme.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading));
  const missing = [...(await citations())].flatMap(([file, cited]) =>
    cited.filter((heading) => !headings.has(heading)).map((heading) => `${file}: ${heading}`),
  );
  expect(missing).toEqual([]);
});

test('every file of the stand-in cites one, but those that play nothing', async () => {
  const silent = [...(await citations())].flatMap(([file, cited]) => (cited.length === 0 ? [file] : []));
  expect(silent).toEqual(WITHOUT_RULES);
});
