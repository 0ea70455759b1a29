import type { GraphQLSchema } from 'graphql';
import type { Declaration, TableDeclaration } from '../declaration-types.ts';
import { describeTable, sameTable, type TableName, type TableShape } from '../table-shape.ts';
import type { Finding } from './rules.ts';
import type { Metadata, Table } from './shape.ts';
import type { Tree } from './tree.ts';

export type CheckContext = {
  /** Our part of the metadata, and of the SDL of the actions. */
  metadata: Metadata;
  actionsSdl: string;
  /** All that the files hold, an application's part too, and our part of it before its shape is checked. */
  all: Pick<Tree, 'documents' | 'actionsSdl'> & { own: Tree['documents'] };
  declaration: Declaration;
  /** Every table that the migrations create. */
  tables: readonly TableShape[];
  /** The gateway's schema, and the same as Hasura sees it. */
  schema: GraphQLSchema;
  seen: GraphQLSchema;
};

/** A group of rules. */
export type Check = (context: CheckContext) => Iterable<Finding>;

export const trackedTables = ({ metadata }: CheckContext): Table[] =>
  metadata.databases.flatMap((source) => source.tables);

export const shapeOf = ({ tables }: CheckContext, name: TableName): TableShape | undefined =>
  tables.find((shape) => sameTable(shape, name));

export const declaredTable = ({ declaration }: CheckContext, name: TableName): TableDeclaration | undefined =>
  declaration.tables.find(({ table }) => sameTable(describeTable(table), name));

/** Returns the declared table of live sessions, and the condition on its rows. */
export const liveSessionOf = ({ declaration: { liveSession } }: CheckContext) => ({
  table: describeTable(liveSession.table),
  condition: liveSession.condition,
});

export const where = ({ schema, name }: TableName) => `table ${schema}.${name}`;

const SESSION_VARIABLE = /^x-hasura-/i;
export const isSessionVariable = (value: unknown): value is string =>
  typeof value === 'string' && SESSION_VARIABLE.test(value);

export const isKnownVariable = ({ declaration }: CheckContext, variable: string) =>
  declaration.sessionVariables.some((known) => known.toLowerCase() === variable.toLowerCase());

/** Walks a piece of metadata. Yields every value at every depth, with its key and its path. */
export function* entriesWithin(
  value: unknown,
  path = '',
): Generator<{ key: string; value: unknown; path: string }> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const at = path === '' ? key : `${path}.${key}`;
    yield { key, value: inner, path: at };
    yield* entriesWithin(inner, at);
  }
}

export const isCondition = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Finds the table that a relationship of a tracked table leads to. */
export function relationshipTarget(
  context: CheckContext,
  table: TableName,
  name: string,
): TableName | undefined {
  const tracked = trackedTables(context).find((other) => sameTable(other.table, table));
  const object = tracked?.object_relationships.find((relationship) => relationship.name === name);
  const array = tracked?.array_relationships.find((relationship) => relationship.name === name);
  const column = object?.using.foreign_key_constraint_on;
  const key = shapeOf(context, table)?.foreignKeys.find((candidate) => candidate.column === column);
  return key?.references ?? array?.using.foreign_key_constraint_on.table;
}
