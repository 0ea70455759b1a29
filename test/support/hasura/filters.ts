import { LosslessNumber } from 'lossless-json';
import type { Catalogue } from './catalogue.ts';
import type { BoolExp, TableName, TrackedTable } from './metadata-types.ts';

/** Lower-case names, `x-hasura-role` included (hasura/README.md, "Session variables"). */
export type HasuraSession = Readonly<Record<string, string>>;

/** The engine refuses an operation on rows. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

export const quote = (identifier: string): string => `"${identifier.replaceAll('"', '""')}"`;
export const quoteTable = ({ schema, name }: TableName): string => `${quote(schema)}.${quote(name)}`;

/** The alias of related rows: `r`, `r1`, `r2`, … */
const behind = (alias: string): string => `r${Number(alias.slice(1)) + 1}`;

export type Context = {
  tables: readonly TrackedTable[];
  catalogue: Catalogue;
  session: HasuraSession;
  /** The statement's parameters so far; compiling appends to it. */
  parameters: string[];
  /**
   * Set for a client's own expression: its operands are not session variables. Rows that it reaches through a relationship
   * must pass the permission that this returns.
   */
  guard?: (tracked: TrackedTable) => BoolExp;
};

/** The operators of the shipped permissions and of the scenarios; the stand-in does not play others. */
const COMPARISONS: Readonly<Record<string, string>> = {
  ...{ _eq: '=', _neq: '<>', _gt: '>', _gte: '>=', _lt: '<', _lte: '<=', _like: 'like', _ilike: 'ilike' },
};

/** A relationship of a table: its column `from` equals the column `to` of the target. */
type Hop = { target: TableName; from: string; to: string };

export function findRelationship(
  { catalogue }: Pick<Context, 'catalogue'>,
  tracked: TrackedTable,
  name: string,
): Hop | null {
  const { using } = relationshipCalled(tracked, name) ?? {};
  if (using === undefined) return null;
  const { manual_configuration: manual, foreign_key_constraint_on: key } = using;
  if (manual !== undefined) {
    const [[from, to] = ['', '']] = Object.entries(manual.column_mapping);
    return { target: manual.remote_table, from, to };
  }
  if (typeof key === 'string') {
    const { column: to, ...target } = catalogue.foreignKey(tracked.table, key);
    return { target, from: key, to };
  }
  if (key === undefined || Array.isArray(key) || key.column === undefined)
    throw new Error(`A relationship by several columns is not played: ${name}`);
  return { target: key.table, from: catalogue.foreignKey(key.table, key.column).column, to: key.column };
}

function relationshipCalled(tracked: TrackedTable, name: string) {
  const { object_relationships: objects = [], array_relationships: arrays = [] } = tracked;
  return [...objects, ...arrays].find((relationship) => relationship.name === name);
}

/** Whether a tracked table is the one of this name. */
export const isTable =
  ({ schema, name }: TableName) =>
  ({ table }: TrackedTable): boolean =>
    table.schema === schema && table.name === name;

export function findTracked(tables: readonly TrackedTable[], table: TableName): TrackedTable {
  const tracked = tables.find(isTable(table));
  if (tracked === undefined) throw new Error(`${table.schema}.${table.name} is not tracked.`);
  return tracked;
}

/** Adds a value as a parameter, sent as text so that Postgres itself refuses a value of another type. */
export function parameter({ parameters }: Pick<Context, 'parameters'>, value: unknown, type: string): string {
  const isScalar = ['string', 'number', 'boolean'].includes(typeof value) || value instanceof LosslessNumber;
  if (!isScalar) throw new Error(`An operand that is not a scalar: ${JSON.stringify(value)}`);
  parameters.push(String(value));
  return `($${parameters.length})::text::${type}`;
}

/** A value of the expression, or of the session variable that it names. A missing variable fails the query. */
function operand(context: Context, value: unknown, type: string): string {
  const isVariable = context.guard === undefined && typeof value === 'string' && /^x-hasura-/i.test(value);
  if (!isVariable) return parameter(context, value, type);
  const actual = context.session[value.toLowerCase()];
  if (actual === undefined) throw new Refused(`missing session variable: "${value.toLowerCase()}"`);
  return parameter(context, actual, type);
}

function compareColumn(context: Context, column: string, type: string, operators: BoolExp): string[] {
  return Object.entries(operators).map(([operator, value]) => {
    if (operator === '_is_null' && typeof value === 'boolean')
      return `${column} is ${value ? '' : 'not '}null`;
    if ((operator === '_in' || operator === '_nin') && Array.isArray(value)) {
      if (value.length === 0) return operator === '_in' ? 'false' : 'true';
      const values = value.map((item) => operand(context, item, type));
      return `${column} ${operator === '_in' ? 'in' : 'not in'} (${values.join(', ')})`;
    }
    // A session variable holds a list as Postgres writes it.
    if ((operator === '_in' || operator === '_nin') && typeof value === 'string')
      return `${operator === '_in' ? '' : 'not '}(${column} = any(${operand(context, value, `${type}[]`)}))`;
    const comparison = COMPARISONS[operator];
    if (comparison === undefined) throw new Error(`Not played: ${operator} ${JSON.stringify(value)}`);
    return `${column} ${comparison} ${operand(context, value, type)}`;
  });
}

const both = (conditions: readonly string[]): string =>
  conditions.length === 0 ? 'true' : `(${conditions.join(' and ')})`;

/**
 * The SQL of a boolean expression about the row `alias` (hasura/README.md, "Filters"). All conditions of an expression must
 * hold, and an empty expression holds. The conditions under a relationship must hold for the same row.
 */
export function compileFilter(
  context: Context,
  tracked: TrackedTable,
  alias: string,
  filter: BoolExp,
): string {
  const inner = (expression: unknown) => compileFilter(context, tracked, alias, expression as BoolExp);
  return both(
    Object.entries(filter).map(([key, value]) => {
      if (key === '_and') return both((value as unknown[]).map(inner));
      if (key === '_or') return `(${['false', ...(value as unknown[]).map(inner)].join(' or ')})`;
      if (key === '_not') return `not ${inner(value)}`;
      if (key === '_exists') return compileExists(context, alias, value as Exists);
      const hop = findRelationship(context, tracked, key);
      if (hop !== null) return compileReached(context, alias, hop, value as BoolExp);
      const type = context.catalogue.columnType(tracked.table, key);
      return both(compareColumn(context, `${alias}.${quote(key)}`, type, value as BoolExp));
    }),
  );
}

type Exists = { _table: TableName; _where: BoolExp };

/** A condition on a table without a relationship; only permissions have it. */
function compileExists(context: Context, alias: string, { _table: table, _where: where }: Exists): string {
  const next = behind(alias);
  const condition = compileFilter(context, findTracked(context.tables, table), next, where);
  return `exists (select 1 from ${quoteTable(table)} as ${next} where ${condition})`;
}

function compileReached(context: Context, alias: string, { target, from, to }: Hop, filter: BoolExp): string {
  const tracked = findTracked(context.tables, target);
  const next = behind(alias);
  const conditions = [compileFilter(context, tracked, next, filter)];
  const { guard, ...permitted } = context;
  if (guard !== undefined) conditions.push(compileFilter(permitted, tracked, next, guard(tracked)));
  return `exists (select 1 from ${quoteTable(target)} as ${next}
    where ${next}.${quote(to)} = ${alias}.${quote(from)} and ${both(conditions)})`;
}
