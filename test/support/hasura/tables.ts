import { type FieldNode, type GraphQLObjectType, getArgumentValues } from 'graphql';
import type postgres from 'postgres';
import { fieldsOf, keyOf, type Variables } from './document.ts';
import {
  type Context,
  compileFilter,
  findRelationship,
  findTracked,
  type HasuraSession,
  quote,
  quoteTable,
} from './filters.ts';
import type { BoolExp, RemoteRelationship, TrackedTable } from './metadata.ts';
import { accessOf, type SelectAccess, type Tables, tableName } from './table-schema.ts';

export type TableRequest = {
  tables: Tables;
  sql: postgres.Sql;
  session: HasuraSession;
  rootType: GraphQLObjectType;
  coerced: Variables;
  typeOf(name: string): GraphQLObjectType | null;
};
export type Scope = Context & Tables & Pick<TableRequest, 'coerced' | 'typeOf'>;
export type Place = { tracked: TrackedTable; alias: string };
type Arguments = {
  where?: BoolExp;
  limit?: number;
  offset?: number;
  order_by?: Record<string, string>[];
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

const ORDERS: Readonly<Record<string, string>> = {
  ...{ asc: 'asc', desc: 'desc', asc_nulls_first: 'asc nulls first', asc_nulls_last: 'asc nulls last' },
  ...{ desc_nulls_first: 'desc nulls first', desc_nulls_last: 'desc nulls last' },
};

function orderOf(alias: string, orders: readonly Record<string, string>[]): string {
  const terms = orders.flatMap((order) =>
    Object.entries(order).map(([column, way]) => `${alias}.${quote(column)} ${ORDERS[way]}`),
  );
  return terms.length === 0 ? '' : `order by ${terms.join(', ')}`;
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
  const hop = findRelationship(scope, tracked, name);
  if (hop === null) return `${alias}.${quote(name)}`;
  const target = { tracked: findTracked(scope.tables, hop.target), alias: `${alias}_${keyOf(field)}` };
  const joined = `${target.alias}.${quote(hop.to)} = ${alias}.${quote(hop.from)}`;
  const isList = tracked.array_relationships?.some((relationship) => relationship.name === name) === true;
  const fieldDefinition = scope.typeOf(tableName(tracked))?.getFields()[name];
  const args = fieldDefinition === undefined ? {} : getArgumentValues(fieldDefinition, field, scope.coerced);
  const rows = rowsSql(scope, target, { fields: fieldsOf(field), args, conditions: [joined], isList });
  return isList ? `(select coalesce(json_agg(x.row), '[]') from (${rows}) x)` : `(${rows})`;
}

/** The columns of a row that a remote relationship needs, in the place of what will be joined by them. */
function joinKey(scope: Scope, alias: string, { definition }: RemoteRelationship): string {
  const pairs = definition.to_remote_schema.lhs_fields.map(
    (column) => `${parameter(scope, column, 'text')}, ${alias}.${quote(column)}`,
  );
  return `json_build_object(${pairs.join(', ')})`;
}

/** Permitted rows as JSON, one a row (hasura/README.md, "Table permissions" and "Filters"). */
function rowsSql(
  scope: Scope,
  place: Place,
  query: { fields: readonly FieldNode[]; args: Arguments; conditions: readonly string[]; isList: boolean },
): string {
  const { tracked, alias } = place;
  const { where = {}, limit, offset, order_by = [] } = query.args;
  const access = selectAccess(scope, tracked);
  const most = query.isList ? Math.min(limit ?? Infinity, access.limit ?? Infinity) : 1;
  const conditions = [
    ...query.conditions,
    compileFilter(scope, tracked, alias, access.filter),
    clientCondition(scope, place, where),
  ];
  return `select ${rowJson(scope, place, query.fields)} as row from ${quoteTable(tracked.table)} as ${alias}
    where ${conditions.join(' and ')} ${orderOf(alias, [order_by].flat())}
    limit ${Number.isFinite(most) ? most : 'all'} offset ${offset ?? 0}`;
}

export function openScope({ tables, session, coerced, typeOf }: TableRequest): Scope {
  return { ...tables, session, coerced, typeOf, parameters: [] };
}

/** The row that a relationship of an action's output leads to (hasura/README.md, "Actions"). */
export async function selectRelated(
  request: TableRequest,
  tracked: TrackedTable,
  { where, field }: { where: BoolExp; field: FieldNode },
): Promise<unknown> {
  const [row] = await selectRows(request, tracked, { fields: fieldsOf(field), args: { where } });
  return row ?? null;
}

export async function selectRows(
  request: TableRequest,
  tracked: TrackedTable,
  { fields, args }: { fields: readonly FieldNode[]; args: Arguments },
): Promise<unknown[]> {
  const scope = openScope(request);
  const rows = rowsSql(scope, { tracked, alias: 'r' }, { fields, args, conditions: [], isList: true });
  return (await request.sql.unsafe<{ row: unknown }[]>(rows, scope.parameters)).map(({ row }) => row);
}
