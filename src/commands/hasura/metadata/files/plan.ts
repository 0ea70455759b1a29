import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { databaseCastsSql } from '../database-casts.ts';
import { databaseRoleSql } from '../database-role.ts';
import { declaration as ours } from '../declaration.ts';
import { GENERATED } from '../generated-mark.ts';
import { type MetadataInput, metadataObjects } from '../objects/metadata.ts';
import type { HasuraMetadata } from '../objects/types.ts';
import {
  actionFiles,
  cronTriggersFile,
  databasesFile,
  emptyFiles,
  type GeneratedFile,
  remoteSchemasFile,
} from './shared.ts';
import { staleTableFiles, tableFiles, tablesFolder } from './tables.ts';

/** What `npm run hasura:generate` does in a folder: the text of each file of ours, by path, and files that are no longer ours. */
export type Plan = { files: Map<string, string>; removed: string[] };

/** What an earlier run left in the folder. */
type Present = { actionSdl: string; staleTables: readonly string[] };

const whole = (path: string, content: string): GeneratedFile => ({ path, write: () => content });

/** Returns a file for each role's SDL, for the code generators of frontends. */
const roleFiles = ({ remote_schemas: [{ permissions }] }: HasuraMetadata) =>
  permissions.map(({ role, definition }) =>
    whole(`roles/${role}.graphql`, `${GENERATED}\n${definition.schema}`),
  );

function generatedFiles(
  { schema, declaration = ours }: MetadataInput,
  objects: HasuraMetadata,
  { actionSdl, staleTables }: Present,
): GeneratedFile[] {
  const [source] = objects.sources;
  return [
    ...emptyFiles(),
    ...actionFiles(objects, declaration, actionSdl),
    ...[remoteSchemasFile(objects, declaration), cronTriggersFile(objects, declaration)],
    ...[databasesFile(source), ...tableFiles(source, declaration, staleTables)],
    ...roleFiles(objects),
    whole('schema.graphql', `${GENERATED}\n${printSchema(lexicographicSortSchema(schema))}\n`),
    whole('database-casts.sql', databaseCastsSql()),
    whole('database-role.sql', databaseRoleSql(declaration)),
  ];
}

/**
 * Generates the files under `hasura/` as they are in an empty folder, by path.
 * @internal exported for its test
 * @throws Error if the declaration lacks a root field of the schema, a table of the tracked database schema, or a column
 */
export function generateMetadata(input: MetadataInput): Map<string, string> {
  const files = generatedFiles(input, metadataObjects(input), { actionSdl: '', staleTables: [] });
  return new Map(files.map(({ path, write }) => [path, write(undefined)]));
}

/** Lists SDL files of roles that an earlier run wrote and that are no longer generated. */
async function staleRoleFiles(directory: string, files: ReadonlyMap<string, string>): Promise<string[]> {
  const names = await readdir(join(directory, 'roles')).catch(() => []);
  const others = names.map((name) => `roles/${name}`).filter((path) => !files.has(path));
  const texts = await Promise.all(others.map((path) => readPresent(directory, path)));
  return others.filter((_, index) => texts[index]?.startsWith(GENERATED));
}

const readPresent = (directory: string, path: string): Promise<string | undefined> =>
  readFile(join(directory, path), 'utf8').catch(() => undefined);

/**
 * Plans the generated files of a folder. What an application has written there stays.
 * @throws Error as `generateMetadata` does, or if a file cannot be read as what it is
 */
export async function planMetadata(directory: string, input: MetadataInput): Promise<Plan> {
  const objects = metadataObjects(input);
  const declaration = input.declaration ?? ours;
  const [source] = objects.sources;
  const staleTables = await staleTableFiles(directory, source, declaration);
  const actionSdl = (await readPresent(directory, 'metadata/actions.graphql')) ?? '';
  const generated = generatedFiles(input, objects, { actionSdl, staleTables });
  const written = generated.map(
    async ({ path, write }): Promise<[string, string]> => [path, write(await readPresent(directory, path))],
  );
  const files = new Map(await Promise.all(written));
  const removed = staleTables.map((name) => `${tablesFolder(declaration)}/${name}`);
  return { files, removed: [...removed, ...(await staleRoleFiles(directory, files))] };
}
