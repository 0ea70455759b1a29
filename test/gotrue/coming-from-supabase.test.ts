import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { environment } from '../../src/config/variables.ts';
import { reasons } from './replay/reasons.ts';

// The page "Coming from Supabase Auth" beside the code that it describes.

const page = await readFile('src/dialects/gotrue/README.md', 'utf8');

/** The rows of the table below a heading, cell by cell. */
function tableBelow(heading: string): string[][] {
  const [, below = ''] = page.split(`## ${heading}\n`);
  const [section = ''] = below.split('\n## ');
  return section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
}

test('the page names only variables that exist', () => {
  const rows = tableBelow('Variables');
  expect(rows.length).toBeGreaterThan(30);
  const ours = rows.flatMap(([, here = '']) =>
    [...here.matchAll(/`([A-Z_]+)`/g)].map(([, name = '']) => name),
  );
  expect(ours.filter((name) => !Object.hasOwn(environment.shape, name))).toEqual([]);
});

test('the page names every variable that the dialect brought', async () => {
  const group = await readFile('src/config/groups/gotrue.ts', 'utf8');
  const brought = [...group.matchAll(/^ {2}([A-Z_]+): variable\(/gm)].map(([, name = '']) => name);
  expect(brought.length).toBeGreaterThan(3);
  expect(brought.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

test('the page names every difference on purpose that the replay knows', () => {
  const flat = page.replaceAll(/\s+/g, ' ');
  expect(reasons.map(({ why }) => why).filter((why) => !flat.includes(why))).toEqual([]);
});
