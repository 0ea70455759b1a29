import type { PgTable } from 'drizzle-orm/pg-core';
import type { GraphQLSchema } from 'graphql';
import { declaration as ours } from '../declaration.ts';
import type { Declaration } from '../declaration-types.ts';
import { asHasuraSeesIt } from '../hasura-introspection.ts';
import { unassignedRootFields } from '../role-sdl.ts';
import { describeTable, sameTable } from '../table-shape.ts';
import { actionsMetadata, customTypesMetadata } from './actions.ts';
import { cronTriggersMetadata, remoteSchemaMetadata } from './gateway.ts';
import { sourceMetadata } from './tables.ts';
import type { HasuraMetadata } from './types.ts';

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

/** Lists what a client or an operator would see without a description. */
function undescribed({ tables, descriptions }: Declaration): string[] {
  return tables.flatMap(({ table, permissions }) => {
    const { name, columns } = describeTable(table);
    const text = descriptions.find(({ of }) => of === table);
    const granted = Object.values(permissions);
    return [
      ...(text?.table ? [] : [name]),
      ...columns.filter((column) => !text?.columns[column]).map((column) => `${name}.${column}`),
      ...(['select', 'update'] as const)
        .filter((kind) => granted.some((entry) => entry[kind] !== undefined) && !text?.[kind])
        .map((kind) => `${name} (${kind})`),
    ];
  });
}

function refuseForgotten(kind: string, names: readonly string[]): void {
  if (names.length === 0) return;
  throw new Error(
    `src/commands/hasura/metadata/declaration.ts and the files beside it say nothing about the ${kind} ${names.join(', ')}.`,
  );
}

/**
 * Returns our part of an engine's metadata as plain objects. Another source name is a declaration with that name.
 * @throws Error if the declaration lacks a root field of the schema, a table of the tracked database schema, a column or
 *   a description
 */
export function metadataObjects({ schema, tables, declaration = ours }: MetadataInput): HasuraMetadata {
  refuseForgotten('root field', unassignedRootFields(schema, declaration.remoteSchema));
  refuseForgotten('table', undeclaredTables(tables, declaration));
  refuseForgotten('column', unreadableColumns(declaration));
  refuseForgotten('description of', undescribed(declaration));
  return {
    version: 3,
    sources: [sourceMetadata(declaration)],
    remote_schemas: [remoteSchemaMetadata(declaration, asHasuraSeesIt(schema))],
    actions: actionsMetadata(declaration),
    custom_types: customTypesMetadata(declaration),
    cron_triggers: cronTriggersMetadata(declaration),
  };
}
