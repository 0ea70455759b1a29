import type { PgTable } from 'drizzle-orm/pg-core';
import { type GraphQLSchema, lexicographicSortSchema, printSchema } from 'graphql';
import { databaseRoleSql } from './database-role.ts';
import { declaration as ours } from './declaration.ts';
import type { Declaration } from './declaration-types.ts';
import { gatewayFiles, roleFiles } from './gateway-files.ts';
import { GENERATED } from './generated-mark.ts';
import { asHasuraSeesIt } from './hasura-introspection.ts';
import { unassignedRootFields } from './role-sdl.ts';
import { tableFiles } from './table-files.ts';
import { describeTable, sameTable } from './table-shape.ts';
import { yamlFile } from './yaml.ts';

export type MetadataInput = { schema: GraphQLSchema; tables: readonly PgTable[]; declaration?: Declaration };

/** Lists tables that Hasura may track and that the declaration does not mention. */
function undeclaredTables(tables: readonly PgTable[], declaration: Declaration): string[] {
  const declared = declaration.tables.map(({ table }) => describeTable(table));
  return tables
    .map(describeTable)
    .filter(({ schema }) => schema === declaration.databaseSchema)
    .filter((table) => !declared.some((other) => sameTable(table, other)))
    .map(({ name }) => name);
}

/** Lists columns that Hasura's database role could not read. Hasura could then not read their table at all. */
function unreadableColumns({ tables }: Declaration): string[] {
  return tables.flatMap(({ table, readable }) => {
    const { name, columns } = describeTable(table);
    return columns.filter((column) => !readable.includes(column)).map((column) => `${name}.${column}`);
  });
}

function refuseForgotten(kind: string, names: readonly string[]): void {
  if (names.length === 0) return;
  throw new Error(
    `src/commands/hasura/metadata/declaration.ts and declared-tables.ts say nothing about the ${kind} ${names.join(', ')}.`,
  );
}

/** Returns files that Hasura's CLI expects and that are empty. */
function fixedFiles(): [string, string][] {
  const list = ['inherited_roles', 'allow_list', 'query_collections', 'rest_endpoints'];
  return [
    ['version.yaml', yamlFile({ version: 3 })],
    ...list.map((name): [string, string] => [`${name}.yaml`, yamlFile([])]),
    ['network.yaml', yamlFile({})],
    ['api_limits.yaml', yamlFile({})],
    ['graphql_schema_introspection.yaml', yamlFile({ disabled_for_roles: [] })],
  ];
}

/**
 * Generates the files under `hasura/`, by path.
 * @throws Error if the declaration lacks a root field of the schema, a table of the tracked database schema, or a column
 */
export function generateMetadata({ schema, tables, declaration = ours }: MetadataInput): Map<string, string> {
  refuseForgotten('root field', unassignedRootFields(schema, declaration.remoteSchema));
  refuseForgotten('table', undeclaredTables(tables, declaration));
  refuseForgotten('column', unreadableColumns(declaration));
  const seen = asHasuraSeesIt(schema);
  const metadata = [...fixedFiles(), ...gatewayFiles(declaration, seen), ...tableFiles(declaration)];
  const roles = roleFiles(declaration, seen);
  return new Map([
    ...metadata.map(([path, content]): [string, string] => [`metadata/${path}`, content]),
    ...roles.map(([path, content]): [string, string] => [`roles/${path}`, content]),
    ['schema.graphql', `${GENERATED}\n${printSchema(lexicographicSortSchema(schema))}\n`],
    ['database-role.sql', databaseRoleSql(declaration)],
  ]);
}
