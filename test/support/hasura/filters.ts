import type { Catalogue } from './catalogue.ts';
import type { BoolExp, TableName, TrackedTable } from './metadata.ts';

/** Lower-case names, `x-hasura-role` included (hasura/README.md, "Session variables"). */
export type HasuraSession = Readonly<Record<string, string>>;

/** What the engine answers instead of rows. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

export const quote = (identifier: string): string => `"${identifier.replaceAll('"', '""')}"`;
export const quoteTable = ({ schema, name }: TableName): string => `${quote(schema)}.${quote(name)}`;
/** The rows of a table as the engine reads them: every column, whatever is asked for (hasura/README.md, "The database role"). */
export const everyColumnOf = (table: TableName): string => `(select * from ${quoteTable(table)})`;

/** What the rows behind those of a name are called: Postgres cuts names after 63 bytes, so they say nothing of the way there. */
export const behind = (alias: string): string => `r${Number(alias.slice(1)) + 1}`;

export type Context = {
  tables: readonly TrackedTable[];
  catalogue: Catalogue;
  session: HasuraSession;
  /** The statement's parameters so far; compiling appends to it. */
  parameters: string[];
  /**
   * Set for a client's own expression: its operands are no session variables, and rows that it reaches through a
   * relationship must pass the permission that this gives.
   */
  guard?: (tracked: TrackedTable) => BoolExp;
};

const COMPARISONS: Readonly<Record<string, string>> = {
  ...{ _eq: '=', _neq: '<>', _ne: '<>', _gt: '>', _gte: '>=', _lt: '<', _lte: '<=' },
  ...{ _like: 'like', _nlike: 'not like', _ilike: 'ilike', _nilike: 'not ilike' },
  ...{ _similar: 'similar to', _nsimilar: 'not similar to' },
  ...{ _regex: '~', _nregex: '!~', _iregex: '~*', _niregex: '!~*', _contains: '@>', _contained_in: '<@' },
};

/** A relationship of a table: `from` of its own row is `to` of the other's. */
export type Hop = { target: TableName; from: string; to: string };

export function findRelationship(
  { catalogue }: Pick<Context, 'catalogue'>,
  tracked: TrackedTable,
  name: string,
): Hop | null {
  const object = tracked.object_relationships?.find((relationship) => relationship.name === name);
  if (object !== undefined) {
    const from = object.using.foreign_key_constraint_on;
    const { column: to, ...target } = catalogue.foreignKey(tracked.table, from);
    return { target, from, to };
  }
  const array = tracked.array_relationships?.find((relationship) => relationship.name === name);
  if (array === undefined) return null;
  const { column: to, table: target } = array.using.foreign_key_constraint_on;
  return { target, from: catalogue.foreignKey(target, to).column, to };
}

export function findTracked(tables: readonly TrackedTable[], { schema, name }: TableName): TrackedTable {
  const tracked = tables.find(({ table }) => table.schema === schema && table.name === name);
  if (tracked === undefined) throw new Error(`${schema}.${name} is not tracked.`);
  return tracked;
}

/**
 * A value of the expression, or of the session where it names a variable. One that is missing fails the query. Everything
 * goes as text, so that Postgres alone says what is no value of a type.
 */
function operand({ session, parameters, guard }: Context, value: unknown, type: string): string {
  const isVariable = guard === undefined && typeof value === 'string' && /^x-hasura-/i.test(value);
  const actual = isVariable ? session[value.toLowerCase()] : textOf(value, type);
  if (actual === undefined) throw new Refused(`missing session variable: "${String(value).toLowerCase()}"`);
  parameters.push(actual);
  return `($${parameters.length})::text::${type}`;
}

/** A value of GraphQL as Postgres reads one of a type. */
export function textOf(value: unknown, type: string): string {
  if (type === 'jsonb') return JSON.stringify(value);
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
    throw new Error(`An operand that is no scalar: ${JSON.stringify(value)}`);
  return String(value);
}

const listOf = (context: Context, values: unknown, type: string): string[] =>
  (values as unknown[]).map((item) => operand(context, item, type));

function compareColumn(context: Context, column: string, type: string, operators: BoolExp): string[] {
  return Object.entries(operators).map(([operator, value]) => {
    if (operator === '_is_null') return `${column} is ${value === true ? '' : 'not '}null`;
    if (operator === '_in' || operator === '_nin') {
      const values = listOf(context, value, type);
      if (values.length === 0) return operator === '_in' ? 'false' : 'true';
      return `${column} ${operator === '_in' ? 'in' : 'not in'} (${values.join(', ')})`;
    }
    if (operator === '_has_key')
      return `${column} ? ${value === null ? 'null' : operand(context, value, 'text')}`;
    if (operator === '_has_keys_any' || operator === '_has_keys_all')
      return `${column} ${KEYS[operator]} array[${listOf(context, value, 'text').join(', ')}]::text[]`;
    const comparison = COMPARISONS[operator];
    if (comparison === undefined) throw new Error(`The operator ${operator} is not played.`);
    return `${column} ${comparison} ${operand(context, value, type)}`;
  });
}
const KEYS = { _has_keys_any: '?|', _has_keys_all: '?&' } as const;

const both = (conditions: readonly string[]): string =>
  conditions.length === 0 ? 'true' : `(${conditions.join(' and ')})`;

/**
 * The SQL of a boolean expression about the row that `alias` stands for (hasura/README.md, "Filters"): what stands
 * together must all hold, an empty expression holds, and the conditions under one relationship hold for one and the same row.
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
      const hop = findRelationship(context, tracked, key);
      if (hop === null && key.endsWith('_aggregate'))
        throw new Error(`A condition on an aggregate is not played: ${key}.`);
      if (hop === null) {
        const type = context.catalogue.columnType(tracked.table, key);
        return both(compareColumn(context, `${alias}.${quote(key)}`, type, value as BoolExp));
      }
      const next = behind(alias);
      const condition = compileReached(
        context,
        findTracked(context.tables, hop.target),
        next,
        value as BoolExp,
      );
      return `exists (select 1 from ${quoteTable(hop.target)} as ${next}
        where ${next}.${quote(hop.to)} = ${alias}.${quote(hop.from)} and ${condition})`;
    }),
  );
}

function compileReached(context: Context, tracked: TrackedTable, alias: string, filter: BoolExp): string {
  const condition = compileFilter(context, tracked, alias, filter);
  if (context.guard === undefined) return condition;
  const { guard, ...permitted } = context;
  return both([condition, compileFilter(permitted, tracked, alias, guard(tracked))]);
}
