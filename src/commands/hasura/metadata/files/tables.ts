import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Declaration } from '../declaration-types.ts';
import { GENERATED, SHARED } from '../generated-mark.ts';
import type { SourceMetadata, TableMetadata } from '../objects/types.ts';
import { mergeTable } from './merge.ts';
import { type GeneratedFile, listFile } from './shared.ts';
import { parseFile, yamlText } from './yaml.ts';

/** The folder of the files of our source's tables. */
export const tablesFolder = ({ source }: Declaration) => `metadata/databases/${source.name}/tables`;

/** Lists the files of tables that were ours, by what they track, and are no longer generated. */
export async function staleTableFiles(
  directory: string,
  { tables }: SourceMetadata,
  declaration: Declaration,
): Promise<string[]> {
  const folder = tablesFolder(declaration);
  const present = await readdir(join(directory, folder)).catch(() => []);
  const others = present.filter((name) => !tables.some((table) => fileName(table) === name));
  const schemas = others.map(async (name) => {
    const text = await readFile(join(directory, folder, name), 'utf8').catch(() => '');
    const value = parseFile(`${folder}/${name}`, text).toJS() as Partial<TableMetadata> | null;
    return value?.table?.schema;
  });
  const found = await Promise.all(schemas);
  return others.filter((_, index) => found[index] === declaration.databaseSchema);
}

const fileName = ({ table: { schema, name } }: TableMetadata) => `${schema}_${name}.yaml`;

function tableFile(table: TableMetadata, declaration: Declaration): GeneratedFile {
  const path = `${tablesFolder(declaration)}/${fileName(table)}`;
  const write = (present: string | undefined) => {
    if (present === undefined) return `${SHARED}\n${yamlText(table)}`;
    const value: unknown = parseFile(path, present).toJS();
    const wanted = mergeTable(declaration.roles)(value ?? {}, table);
    const headed = present.startsWith(GENERATED) ? present.replace(GENERATED, SHARED) : present;
    return isDeepStrictEqual(wanted, value) ? headed : `${SHARED}\n${yamlText(wanted)}`;
  };
  return { path, write };
}

/**
 * Returns the files of our tables, and the list that includes them. An application's tables may stand in it too. `stale` are the
 * names of files that the list shall no longer include.
 */
export function tableFiles(
  { tables }: SourceMetadata,
  declaration: Declaration,
  stale: readonly string[],
): GeneratedFile[] {
  const entries = tables.map((table) => `!include ${fileName(table)}`);
  const isStale = (entry: unknown) => stale.some((name) => entry === `!include ${name}`);
  const list = { at: [], entries, keyOf: (entry: unknown) => entry, isStale };
  return [
    ...tables.map((table) => tableFile(table, declaration)),
    listFile(`${tablesFolder(declaration)}/tables.yaml`, '', [list]),
  ];
}
