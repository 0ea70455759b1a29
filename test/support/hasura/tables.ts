import { type FieldNode, type GraphQLObjectType, getArgumentValues } from 'graphql';
import type postgres from 'postgres';
import { fieldsOf, keyOf, type Variables } from './document.ts';
import { refusal } from './failure.ts';
import {
  type Context,
  compileFilter,
  findRelationship,
  findTracked,
  type HasuraSession,
  quote,
  quoteTable,
  Refused,
} from './filters.ts';
import type { BoolExp, RemoteRelationship, TrackedTable } from './metadata.ts';
import { requireCheck } from './permissions.ts';
import { accessOf, type SelectAccess, type Tables, tableName } from './table-schema.ts';

export type TableRequest = {
  tables: Tables;
  sql: postgres.Sql;
  session: HasuraSession;
  rootType: GraphQLObjectType;
  coerced: Variables;
  typeOf(name: string): GraphQLObjectType | null;
};
type Scope = Context & Tables & Pick<TableRequest, 'coerced' | 'typeOf'>;
type Place = { tracked: TrackedTable; alias: string };
type Arguments = {
  where?: BoolExp;
  limit?: number;
  offset?: number;
  order_by?: Record<string, string>[];
};

const roleOf = ({ session }: Pick<Context, 'session'>): string => session['x-hasura-role'] ?? '';

function selectAccess(scope: Scope, tracked: TrackedTable): SelectAccess {
  const { select } = accessOf(scope, tracked, roleOf(scope));
  if (select === null) throw new Error(`The role does not know ${tracked.table.name}.`);
  return select;
}

/** A client's own condition: literal operands, and what it reaches through relationships is held against permissions. */
function clientCondition(scope: Scope, { tracked, alias }: Place, where: BoolExp): string {
  const guard = (reached: TrackedTable) => selectAccess(scope, reached).filter;
  return compileFilter({ ...scope, guard }, tracked, alias, where);
}

function parameter({ parameters }: Context, value: string, type: string): string {
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
function rowJson(scope: Scope, place: Place, fields: readonly FieldNode[]): string {
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

const equals = (values: object): BoolExp =>
  Object.fromEntries(Object.entries(values).map(([column, value]) => [column, { _eq: value }]));

function openScope({ tables, session, coerced, typeOf }: TableRequest): Scope {
  return { ...tables, session, coerced, typeOf, parameters: [] };
}

export type TableField = { tracked: TrackedTable; kind: 'select' | 'by_pk' | 'update' | 'update_by_pk' };

/** The table behind a root field, and what is done with it. */
export function tableField({ tables }: Tables, name: string): TableField | null {
  for (const tracked of tables) {
    const own = tableName(tracked);
    if (name === own) return { tracked, kind: 'select' };
    if (name === `${own}_by_pk`) return { tracked, kind: 'by_pk' };
    if (name === `update_${own}`) return { tracked, kind: 'update' };
    if (name === `update_${own}_by_pk`) return { tracked, kind: 'update_by_pk' };
  }
  return null;
}

/** Executes a root field on the database as the engine's own role. */
export async function runTableField(
  request: TableRequest,
  { tracked, kind }: TableField,
  field: FieldNode,
): Promise<unknown> {
  const definition = request.rootType.getFields()[field.name.value];
  if (definition === undefined) throw new Error('A root field is missing from a document that was valid.');
  const args = getArgumentValues(definition, field, request.coerced);
  try {
    if (kind === 'select') return await selectRows(request, tracked, { fields: fieldsOf(field), args });
    if (kind === 'by_pk') {
      const found = await selectRows(request, tracked, {
        fields: fieldsOf(field),
        args: { where: equals(args) },
      });
      return found[0] ?? null;
    }
    const { pk_columns: key, where, _set: set = {} } = args as UpdateArguments;
    const change = {
      set,
      where: key === undefined ? (where ?? {}) : equals(key),
      field,
      single: kind === 'update_by_pk',
    };
    return await update(request, tracked, change);
  } catch (error) {
    throw toFailure(error);
  }
}
type UpdateArguments = { pk_columns?: object; where?: BoolExp; _set?: Record<string, unknown> };

/** The row that a relationship of an action's output leads to (hasura/README.md, "Actions"). */
export async function selectRelated(
  request: TableRequest,
  tracked: TrackedTable,
  { where, field }: { where: BoolExp; field: FieldNode },
): Promise<unknown> {
  const [row] = await selectRows(request, tracked, { fields: fieldsOf(field), args: { where } });
  return row ?? null;
}

async function selectRows(
  request: TableRequest,
  tracked: TrackedTable,
  { fields, args }: { fields: readonly FieldNode[]; args: Arguments },
): Promise<unknown[]> {
  const scope = openScope(request);
  const rows = rowsSql(scope, { tracked, alias: 'r' }, { fields, args, conditions: [], isList: true });
  return (await request.sql.unsafe<{ row: unknown }[]>(rows, scope.parameters)).map(({ row }) => row);
}

/** Rows that pass the filter are changed, held against the check, and returned (hasura/README.md, "Table permissions"). */
async function update(
  request: TableRequest,
  tracked: TrackedTable,
  change: { set: Record<string, unknown>; where: BoolExp; field: FieldNode; single: boolean },
): Promise<unknown> {
  const scope = openScope(request);
  const access = accessOf(scope, tracked, roleOf(scope)).update;
  if (access === null) throw new Error(`The role may not change ${tracked.table.name}.`);
  const assignments = Object.entries({ ...change.set, ...access.set }).map(([column, value]) => {
    const type = scope.catalogue.columnType(tracked.table, column);
    return `${quote(column)} = ${value === null ? 'null' : parameter(scope, String(value), type)}`;
  });
  if (assignments.length === 0) throw refusal('bad-request', 'at least one of _set is expected');
  const place = { tracked, alias: 'r' };
  const permitted = compileFilter(scope, tracked, 'r', access.filter);
  const statement = `update ${quoteTable(tracked.table)} as r set ${assignments.join(', ')}
    where ${permitted} and ${clientCondition(scope, place, change.where)} returning r.ctid::text`;
  return request.sql.begin(async (tx) => {
    const changed = await tx.unsafe<{ ctid: string }[]>(statement, scope.parameters);
    const rows = changed.map(({ ctid }) => ctid);
    const { tables, catalogue } = request.tables;
    const engine = { tables, catalogue, sql: request.sql, tx };
    await requireCheck(engine, scope.session, tracked, { check: access.check, rows });
    const read = (fields: readonly FieldNode[]) => readChanged(request, tx, { tracked, rows, fields });
    if (change.single) return (await read(fieldsOf(change.field)))[0] ?? null;
    const answer: Record<string, unknown> = {};
    for (const field of fieldsOf(change.field)) {
      const name = field.name.value;
      if (name === 'affected_rows') answer[keyOf(field)] = rows.length;
      else if (name === 'returning') answer[keyOf(field)] = await read(fieldsOf(field));
      else answer[keyOf(field)] = `${tableName(tracked)}_mutation_response`;
    }
    return answer;
  });
}

async function readChanged(
  request: TableRequest,
  tx: postgres.TransactionSql,
  { tracked, rows, fields }: { tracked: TrackedTable; rows: readonly string[]; fields: readonly FieldNode[] },
): Promise<unknown[]> {
  if (rows.length === 0) return [];
  const scope = openScope(request);
  const json = rowJson(scope, { tracked, alias: 'r' }, fields);
  const places = rows.map((row) => parameter(scope, row, 'text::tid'));
  const found = await tx.unsafe<{ row: unknown }[]>(
    `select ${json} as row from ${quoteTable(tracked.table)} as r where r.ctid in (${places.join(', ')})`,
    scope.parameters,
  );
  return found.map(({ row }) => row);
}

/** The engine's words for what the permissions or Postgres refuse. */
function toFailure(error: unknown): unknown {
  if (error instanceof Refused) {
    const code = error.message.startsWith('missing session variable') ? 'not-found' : 'permission-error';
    return refusal(code, error.message);
  }
  if (!(error instanceof Error) || !('severity' in error) || !('code' in error)) return error;
  const state = String(error.code);
  if (state.startsWith('22')) return refusal('data-exception', error.message);
  if (state === '23514') return refusal('permission-error', `Check constraint violation. ${error.message}`);
  return refusal('unexpected', 'database query error');
}
