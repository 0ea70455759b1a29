import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { withGeneratedTables } from '../../src/commands/docs.ts';
import { environment } from '../../src/config/variables.ts';
import { schema } from '../../src/graphql/schema/schema.ts';

const readme = () => readFile('README.md', 'utf8');

test('README’s tables are in step with the code', async () => {
  expect(await readme()).toBe(withGeneratedTables(await readme()));
});

test('every environment variable is described', () => {
  const undescribed = Object.entries(environment.shape).filter(
    ([, variable]) => variable.meta()?.description === undefined,
  );
  expect(undescribed.map(([name]) => name)).toEqual([]);
});

test('every npm script that README names exists', async () => {
  const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as {
    scripts: Record<string, string>;
  };
  const named = [...(await readme()).matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name);
  expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
});

test('every type, field, argument and enum value of the schema is described', () => {
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
