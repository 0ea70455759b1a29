import { expect, test } from 'vitest';
import {
  anchorsOf,
  citationsOf,
  headingsOf,
  isReadme,
  linksOf,
  problemOf,
  repositoryFiles,
} from './markdown.ts';

const isMarkdown = (path: string): boolean => path.endsWith('.md');
/** Whether a file may cite README files. Tests contain made-up citations. */
const mayCite = (path: string): boolean =>
  /^(?:src|test\/support|hasura)\/|^[^/]+$/.test(path) && /\.(?:ts|md|ya?ml|conf|sh|example)$/.test(path);

const everything = await repositoryFiles(() => true);
const repository = {
  paths: new Set(everything.keys()),
  markdown: new Map([...everything].filter(([path]) => isMarkdown(path))),
};

test('every link of a Markdown file leads to a file, and every anchor to a heading', () => {
  expect([...repository.markdown.keys()].filter(isReadme).length).toBeGreaterThan(10);
  const problems = [...repository.markdown].flatMap(([file, text]) =>
    linksOf(text).map((link) => problemOf(link, file, repository)),
  );
  expect(problems.length).toBeGreaterThan(50);
  expect(problems.filter((problem) => problem !== null)).toEqual([]);
});

test.for([
  ['a link to a missing file', '[x](../gone/README.md)', '../gone/README.md: the file does not exist'],
  [
    'a link to a missing heading',
    '[x](../../README.md#gone)',
    '../../README.md#gone: the heading does not exist',
  ],
  ['a link to a missing heading of the same file', '# A\n[x](#b)', '#b: the heading does not exist'],
  [
    'an anchor in a file that is not Markdown',
    '[x](../errors.ts#a)',
    '../errors.ts#a: the heading does not exist',
  ],
])('%s is found', ([, text = '', problem = '']) => {
  const file = 'src/config/README.md';
  const markdown = new Map([...repository.markdown, [file, text]]);
  const found = linksOf(text).map((link) => problemOf(link, file, { ...repository, markdown }));
  expect(found).toEqual([`${file}: ${problem}`]);
});

test('linksOf finds links in prose, but not in code and not to the web', () => {
  const text =
    '[a](b.md "title") `[c](d.md)` [e](https://f.example) ![g](h.png)\n```md\n[i](j.md)\n```\n[k](#l)';
  expect(linksOf(text)).toEqual(['b.md', 'h.png', '#l']);
});

test('anchorsOf returns the anchors that GitHub makes', () => {
  const text = '# A `b`, c: d!\n## A\n## A\n```sh\n# not a heading\n```\n### [Über](x) e_f-g';
  expect([...anchorsOf(text)]).toEqual(['a-b-c-d', 'a', 'a-1', 'über-e_f-g']);
});

test('every section of a README that code or documentation cites exists', () => {
  const citing = [...everything].filter(([path]) => mayCite(path));
  const citations = citing.flatMap(([file, text]) =>
    citationsOf(text).map((citation) => ({ ...citation, file })),
  );
  expect(citations.length).toBeGreaterThan(50);
  const missing = citations.filter(
    ({ path, heading }) => !headingsOf(repository.markdown.get(path) ?? '').includes(heading),
  );
  expect(missing).toEqual([]);
});

test('citationsOf finds several headings, and citations over several lines of a comment', () => {
  const text =
    '// One (a/README.md, "A" and "B").\n# Two (README.md, "C\n# d").\n/**\n * Three (b/README.md,\n * "E").\n */';
  expect(citationsOf(text)).toEqual([
    { path: 'a/README.md', heading: 'A' },
    { path: 'a/README.md', heading: 'B' },
    { path: 'README.md', heading: 'C d' },
    { path: 'b/README.md', heading: 'E' },
  ]);
});
