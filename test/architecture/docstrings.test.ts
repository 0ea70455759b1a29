import { expect, test } from 'vitest';
import { domains, folderOf, readSources } from './walls.ts';

/** The folders whose exported functions are the domain's vocabulary: flows, and what flows are made of. */
const DOCUMENTED = new Set([
  ...['flows', 'request', 'migrations', ...domains],
  ...['captcha', 'leaked-passwords', 'providers', 'crypto', 'outbound', 'chain', 'redirects'],
]);

/** An exported function, or a constant that is one, and the line before it. */
const EXPORTED =
  /(?:^|\n)(?<before>[^\n]*)\nexport (?:(?:async )?function (?<name>\w+)|const (?<constant>\w+)[^=\n]*= (?:async )?\()/g;

const undocumented = (text: string): string[] =>
  [...text.matchAll(EXPORTED)]
    .filter(({ groups }) => !groups?.before?.trim().endsWith('*/'))
    .map(({ groups }) => groups?.name ?? groups?.constant ?? '');

test('every exported function of flows and domains has a docstring', async () => {
  const found = [...(await readSources())]
    .filter(([file]) => DOCUMENTED.has(folderOf(file)))
    .flatMap(([file, text]) => undocumented(text).map((name) => `${file}: ${name}`));
  expect(found).toEqual([]);
});

test('a function without a docstring is found', () => {
  expect(undocumented("import a from 'a';\n\nexport async function login() {}\n")).toEqual(['login']);
  expect(undocumented('const a = 1;\nexport const login = (a: string) => a;\n')).toEqual(['login']);
  expect(undocumented('/** Signs in. */\nexport function login() {}\n')).toEqual([]);
});
