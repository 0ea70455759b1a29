import { readdir, readFile } from 'node:fs/promises';
import { sep } from 'node:path';
import { expect, test } from 'vitest';
import { documentedFiles, withGeneratedParts } from '../../src/commands/docs.ts';
import { environment } from '../../src/config/variables.ts';
import { schema } from '../../src/graphql/schema/schema.ts';
import { isReadme, repositoryFiles } from './markdown.ts';

test.each(documentedFiles)('the generated parts of %s match the code', async (file) => {
  const text = await readFile(file, 'utf8');
  expect(text).toBe(withGeneratedParts(file, text));
});

test.each(documentedFiles)(
  'docs:generate overwrites an edit by hand in a generated part of %s',
  async (file) => {
    const text = await readFile(file, 'utf8');
    const edited = text.replaceAll(/(?<=^<!-- generated: .*\n)/gm, 'By hand.\n');
    expect(edited).not.toBe(text);
    expect(withGeneratedParts(file, edited)).toBe(text);
  },
);

test.each(documentedFiles)('docs:generate refuses %s without the place for its generated part', (file) => {
  expect(() => withGeneratedParts(file, 'No table.')).toThrow(`${file} lacks the marks of the part`);
});

test('every environment variable has a description', () => {
  const undescribed = Object.entries(environment.shape).filter(
    ([, variable]) => variable.meta()?.description === undefined,
  );
  expect(undescribed.map(([name]) => name)).toEqual([]);
});

test('README.md has at most 150 lines', async () => {
  expect((await readFile('README.md', 'utf8')).split('\n').length).toBeLessThanOrEqual(151);
});

test('src/README.md names every folder of the code', async () => {
  const text = await readFile('src/README.md', 'utf8');
  const entries = await readdir('src', { recursive: true, withFileTypes: true });
  // By their files: Git leaves the empty folders of an earlier version.
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath }) => parentPath.split(sep)[1]);
  const folders = [...new Set(files.filter((folder) => folder !== undefined))];
  expect(folders.length).toBeGreaterThan(30);
  expect(folders.filter((folder) => !text.includes(`\`${folder}/\``))).toEqual([]);
});

test('every npm script that a README names exists', async () => {
  const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as {
    scripts: Record<string, string>;
  };
  const named = [...(await repositoryFiles(isReadme))].flatMap(([file, text]) =>
    [...text.matchAll(/npm run (\w[\w:-]*)/g)].map(([, name = '']) => ({ file, name })),
  );
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter(({ name }) => !Object.hasOwn(scripts, name))).toEqual([]);
});

test('every type, field, argument and enum value of the schema has a description', () => {
  const undescribed: string[] = [];
  const note = (path: string, { description }: { description?: string | null | undefined }) => {
    if (!description) undescribed.push(path);
  };
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__')) continue;
    note(type.name, type);
    const fields = 'getFields' in type ? Object.values(type.getFields()) : [];
    for (const field of fields) {
      note(`${type.name}.${field.name}`, field);
      for (const argument of 'args' in field ? field.args : [])
        note(`${type.name}.${field.name}(${argument.name})`, argument);
    }
    for (const value of 'getValues' in type ? type.getValues() : [])
      note(`${type.name}.${value.name}`, value);
  }
  expect(undescribed).toEqual([]);
});
