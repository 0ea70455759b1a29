import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

// The stand-in behaves as hasura/README.md describes: its comments cite the headings.

const FOLDER = 'test/support/hasura';

/** The headings that a file cites, also if a citation continues on the next line of a comment. */
function citedIn(source: string): string[] {
  const text = source.replace(/\n\s*(?:\*|\/\/) ?/g, ' ');
  const citations = text.matchAll(/hasura\/README\.md,((?:(?: and|,)? "[^"]+")+)/g);
  return [...citations].flatMap(([, names = '']) =>
    [...names.matchAll(/"([^"]+)"/g)].map(([, name = '']) => name),
  );
}

test('hasura/README.md has every heading that the stand-in cites', async () => {
  const readme = await readFile('hasura/README.md', 'utf8');
  const headings = new Set([...readme.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading));
  const sources = await Promise.all(
    (await readdir(FOLDER, { recursive: true }))
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFile(join(FOLDER, file), 'utf8')),
  );
  const cited = sources.flatMap(citedIn);
  expect(cited.length).toBeGreaterThan(20);
  expect(cited.filter((heading) => !headings.has(heading))).toEqual([]);
});
