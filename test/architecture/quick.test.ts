import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { testsOfFlows } from '../quick/flows.ts';

type Files = ReadonlyMap<string, string>;
type Entries = Readonly<Record<string, readonly string[]>>;

async function readFolder(folder: string): Promise<Files> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.ts'));
  return new Map(
    await Promise.all(
      names.map(async (name) => [name, await readFile(`${folder}/${name}`, 'utf8')] as const),
    ),
  );
}

/** The flows that `npm run test:quick` leaves out, and the entries that are wrong. */
function gaps(flows: Iterable<string>, tests: Files, entries: Entries): string[] {
  const known = new Set([...flows].filter((flow) => !flow.startsWith('shared/')));
  const hasTests = (file: string) =>
    file.endsWith('.test.ts') && /^\s*test(?:\.\w+)?\(/m.test(tests.get(file) ?? '');
  return [
    ...[...known].filter((flow) => !Object.hasOwn(entries, flow)).map((flow) => `${flow} has no entry`),
    ...Object.keys(entries)
      .filter((flow) => !known.has(flow))
      .map((flow) => `${flow} is not a flow`),
    ...Object.entries(entries).flatMap(([flow, files]) => [
      ...(files.length === 0 ? [`${flow} names no file`] : []),
      ...files.filter((file) => !hasTests(file)).map((file) => `${flow}: no tests in ${file}`),
    ]),
  ];
}

test('each flow has a quick test: an entry with files that contain tests', async () => {
  const flows = await readFolder('src/flows');
  expect(flows.size).toBeGreaterThan(20);
  expect(gaps(flows.keys(), await readFolder('test'), testsOfFlows)).toEqual([]);
});

test.each<[string, string[], Entries, string]>([
  ['a flow without an entry', ['a/b.ts', 'a/c.ts'], { 'a/b.ts': ['b.test.ts'] }, 'a/c.ts has no entry'],
  ['an entry without a flow', [], { 'a/b.ts': ['b.test.ts'] }, 'a/b.ts is not a flow'],
  ['an entry without files', ['a/b.ts'], { 'a/b.ts': [] }, 'a/b.ts names no file'],
  ['a missing file', ['a/b.ts'], { 'a/b.ts': ['c.test.ts'] }, 'a/b.ts: no tests in c.test.ts'],
  ['a file without tests', ['a/b.ts'], { 'a/b.ts': ['d.test.ts'] }, 'a/b.ts: no tests in d.test.ts'],
  ['a file that Vitest does not run', ['a/b.ts'], { 'a/b.ts': ['e.ts'] }, 'a/b.ts: no tests in e.ts'],
])('gaps finds %s', (_what, flows, entries, gap) => {
  const test = "test('it works', () => {});\n";
  const tests = new Map([
    ['b.test.ts', test],
    ['d.test.ts', "// test('later')\n"],
    ['e.ts', test],
  ]);
  expect(gaps(flows, tests, entries)).toEqual([gap]);
});
