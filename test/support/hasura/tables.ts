// Reading tables. Not played, and refused by an error of this code where a client asks for it: conditions on aggregates
// (`<relationship>_aggregate` in `where`), `_cast`, several keys in one object of `order_by`, counting several columns, values
// of another JSON type than the column's, streams and other subscriptions. Functions, computed fields, native queries and the
// Relay schema are not in the shipped metadata and unknown here.
import type { FieldNode, GraphQLObjectType } from 'graphql';
import type postgres from 'postgres';
import { fieldsOf, keyOf } from './document.ts';
import {
  behind,
  type Context,
  compileFilter,
  everyColumnOf,
  findRelationship,
  findTracked,
  type HasuraSession,
  quote,
} from './filters.ts';
import type { BoolExp, RemoteRelationship, TrackedTable } from './metadata.ts';
import { accessOf, type SelectAccess, type Tables, tableName } from './table-access.ts';
import { aggregateJson } from './table-aggregates.ts';
import { type ArgumentScope, type Arguments, readArguments } from './table-arguments.ts';
import { type OrderBy, orderSql } from './table-order.ts';

export type TableRequest = {
  tables: Tables;
  sql: postgres.Sql;
  /** Where the root fields of one mutation are one transaction. */
  tx?: postgres.TransactionSql;
  session: HasuraSession;
  rootType: GraphQLObjectType;
  scope: ArgumentScope;
  typeOf(name: string): GraphQLObjectType | null;
};
export type Scope = Context & Tables & { read(type: string, field: FieldNode): Arguments };
export type Place = { tracked: TrackedTable; alias: string };
type ListArguments = {
  where?: BoolExp | null;
  limit?: number | null;
  offset?: number | string | null;
  order_by?: OrderBy[] | null;
  distinct_on?: string[] | null;
};

export const roleOf = ({ session }: Pick<Context, 'session'>): string => session['x-hasura-role'] ?? '';

function selectAccess(scope: Scope, tracked: TrackedTable): SelectAccess {
  const { select } = accessOf(scope, tracked, roleOf(scope));
  if (select === null) throw new Error(`The role does not know ${tracked.table.name}.`);
  return select;
}

/** A client's own condition: literal operands, and what it reaches through relationships is held against permissions. */
export function clientCondition(scope: Scope, { tracked, alias }: Place, where: BoolExp): string {
  const guard = (reached: TrackedTable) => selectAccess(scope, reached).filter;
  return compileFilter({ ...scope, guard }, tracked, alias, where);
}

export function parameter({ parameters }: Context, value: string, type: string): string {
  parameters.push(value);
  return `($${parameters.length})::text::${type}`;
}

/** The JSON object that a row becomes. */
export function rowJson(scope: Scope, place: Place, fields: readonly FieldNode[]): string {
  const pairs = fields.map((field) => {
    const name = field.name.value;
    const value = name === '__typename' ? parameter(scope, tableName(place.tracked), 'text') : null;
    return `${parameter(scope, keyOf(field), 'text')}, ${value ?? fieldJson(scope, place, field)}`;
  });
  return `json_build_object(${pairs.join(', ')})`;
}

function fieldJson(scope: Scope, { tracked, alias }: Place, field: FieldNode): string {
  const name = field.name.value;
  const remote = tracked.remote_relationships?.find((relationship) => relationship.name === name);
  if (remote !== undefined) return joinKey(scope, alias, remote);
  const args = scope.read(tableName(tracked), field);
  const isAggregate = name.endsWith('_aggregate');
  const hop = findRelationship(scope, tracked, name.replace(/_aggregate$/, ''));
  if (hop === null) return columnJson(scope, `${alias}.${quote(name)}`, args);
  const target = { tracked: findTracked(scope.tables, hop.target), alias: behind(alias) };
  const joined = `${target.alias}.${quote(hop.to)} = ${alias}.${quote(hop.from)}`;
  const query = { field, args, conditions: [joined] };
  if (isAggregate) return `(${aggregateSql(scope, target, query)})`;
  const isList = tracked.array_relationships?.some((relationship) => relationship.name === name) === true;
  const rows = rowsSql(scope, target, { ...query, isList });
  return isList ? `(select coalesce(json_agg(x.row), '[]') from (${rows}) x)` : `(${rows})`;
}

/** Of a jsonb column also a part: `public_jwk(path: "$.kty")`. */
function columnJson(scope: Scope, column: string, { path }: Arguments): string {
  if (path == null) return column;
  if (!/^\$?(\.?\w+|\[\d+\])*$/.test(String(path))) throw new Error(`The JSON path ${path} is not played.`);
  const keys = String(path).match(/\w+/g) ?? [];
  return `${column} #> array[${keys.map((key) => parameter(scope, key, 'text')).join(', ')}]::text[]`;
}

/** The columns of a row that a remote relationship needs, in the place of what will be joined by them. */
function joinKey(scope: Scope, alias: string, { definition }: RemoteRelationship): string {
  const pairs = definition.to_remote_schema.lhs_fields.map(
    (column) => `${parameter(scope, column, 'text')}, ${alias}.${quote(column)}`,
  );
  return `json_build_object(${pairs.join(', ')})`;
}

type Query = { field: FieldNode; args: ListArguments; conditions: readonly string[] };

/** Of the permitted rows those that the arguments leave (hasura/README.md, "Table permissions" and "Table queries"). */
function sourceSql(scope: Scope, place: Place, query: Query & { isList: boolean }): string {
  const { tracked, alias } = place;
  const { where, limit, offset, order_by } = query.args;
  const access = selectAccess(scope, tracked);
  const most = query.isList ? Math.min(limit ?? Infinity, access.limit ?? Infinity) : Infinity;
  const conditions = [
    ...query.conditions,
    compileFilter(scope, tracked, alias, access.filter),
    clientCondition(scope, place, where ?? {}),
  ];
  const permitted = (reached: TrackedTable) => selectAccess(scope, reached).filter;
  return `from ${everyColumnOf(tracked.table)} as ${alias} where ${conditions.join(' and ')}
    ${orderSql({ ...scope, permitted }, place, order_by ?? [])}
    limit ${Number.isFinite(most) ? most : 'all'} offset ${parameter(scope, String(offset ?? 0), 'bigint')}`;
}

function distinctSql({ alias }: Place, { distinct_on: columns }: ListArguments): string {
  const listed = (columns ?? []).map((column) => `${alias}.${quote(column)}`);
  return listed.length === 0 ? '' : `distinct on (${listed.join(', ')})`;
}

/** Rows as JSON, one a row. */
function rowsSql(scope: Scope, place: Place, query: Query & { isList: boolean }): string {
  const row = rowJson(scope, place, fieldsOf(query.field));
  return `select ${distinctSql(place, query.args)} ${row} as row ${sourceSql(scope, place, query)}`;
}

function aggregateSql(scope: Scope, place: Place, query: Query): string {
  const source = sourceSql(scope, place, { ...query, isList: true });
  const rows = `select ${distinctSql(place, query.args)} ${place.alias}.* ${source}`;
  const nodeOf = (fields: readonly FieldNode[]) => rowJson(scope, place, fields);
  const json = aggregateJson(
    scope,
    { name: tableName(place.tracked), alias: place.alias, nodeOf },
    query.field,
  );
  return `select ${json} as row from (${rows}) as ${place.alias}`;
}

export function openScope({ tables, session, scope, typeOf }: TableRequest): Scope {
  return {
    ...{ ...tables, session, parameters: [] },
    read(type, field) {
      const definition = typeOf(type)?.getFields()[field.name.value];
      return definition === undefined ? {} : readArguments(scope, definition, { field, path: '$' });
    },
  };
}

/** The row that a relationship of an action's output leads to (hasura/README.md, "Actions"). */
export async function selectRelated(
  request: TableRequest,
  tracked: TrackedTable,
  { where, field }: { where: BoolExp; field: FieldNode },
): Promise<unknown> {
  const [row] = await selectRows(request, tracked, { field, args: { where }, isList: false });
  return row ?? null;
}

export async function selectRows(
  request: TableRequest,
  tracked: TrackedTable,
  { field, args, isList }: { field: FieldNode; args: ListArguments; isList: boolean },
): Promise<unknown[]> {
  const scope = openScope(request);
  const rows = rowsSql(scope, { tracked, alias: 'r' }, { field, args, conditions: [], isList });
  return (await request.sql.unsafe<{ row: unknown }[]>(rows, scope.parameters)).map(({ row }) => row);
}

export async function selectAggregate(
  request: TableRequest,
  tracked: TrackedTable,
  { field, args }: { field: FieldNode; args: ListArguments },
): Promise<unknown> {
  const scope = openScope(request);
  const sql = aggregateSql(scope, { tracked, alias: 'r' }, { field, args, conditions: [] });
  const [found] = await request.sql.unsafe<{ row: unknown }[]>(sql, scope.parameters);
  return found?.row;
}
