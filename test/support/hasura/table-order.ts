import {
  behind,
  type Context,
  compileFilter,
  findRelationship,
  findTracked,
  quote,
  quoteTable,
} from './filters.ts';
import type { BoolExp, TrackedTable } from './metadata.ts';

/** One entry of `order_by`: one key, and under it a way to sort, or what is behind a relationship. */
export type OrderBy = { readonly [name: string]: OrderBy | string | null };

type Sorted = { tracked: TrackedTable; alias: string };
/** What a role may see of a table's rows. */
type Sight = Context & { permitted(tracked: TrackedTable): BoolExp };

const WAYS: Readonly<Record<string, string>> = {
  ...{ asc: 'asc nulls last', asc_nulls_first: 'asc nulls first', asc_nulls_last: 'asc nulls last' },
  ...{ desc: 'desc nulls first', desc_nulls_first: 'desc nulls first', desc_nulls_last: 'desc nulls last' },
};

/** The one key of an entry that says something; a null says nothing. */
export function keyOfOrder(order: OrderBy): [string, OrderBy | string] | null {
  const entries = Object.entries(order).filter(([, value]) => value !== null);
  if (entries.length > 1)
    throw new Error('In which order the keys of one object sort is not known: one key an object is played.');
  return (entries[0] as [string, OrderBy | string] | undefined) ?? null;
}

/** `order by …`, or nothing (hasura/README.md, "Table queries"). */
export function orderSql(sight: Sight, place: Sorted, orders: readonly OrderBy[]): string {
  const terms = orders.flatMap((order) => {
    const sorted = sortedBy(sight, place, order);
    return sorted === null ? [] : [`${sorted.expression} ${WAYS[sorted.way]}`];
  });
  return terms.length === 0 ? '' : `order by ${terms.join(', ')}`;
}

type Term = { expression: string; way: string };

function sortedBy(sight: Sight, place: Sorted, order: OrderBy): Term | null {
  const entry = keyOfOrder(order);
  if (entry === null) return null;
  const [name, value] = entry;
  if (typeof value === 'string') return { expression: `${place.alias}.${quote(name)}`, way: value };
  const isAggregate = name.endsWith('_aggregate');
  const hop = findRelationship(sight, place.tracked, name.replace(/_aggregate$/, ''));
  if (hop === null) throw new Error(`Nothing to sort by: ${name}.`);
  const next = { tracked: findTracked(sight.tables, hop.target), alias: behind(place.alias) };
  const inner = isAggregate ? aggregatedBy(next, value) : sortedBy(sight, next, value);
  if (inner === null) return null;
  const joined = `${next.alias}.${quote(hop.to)} = ${place.alias}.${quote(hop.from)}`;
  const seen = compileFilter(sight, next.tracked, next.alias, sight.permitted(next.tracked));
  const from = `${quoteTable(hop.target)} as ${next.alias}`;
  return {
    ...inner,
    expression: `(select ${inner.expression} from ${from} where ${joined} and ${seen})`,
  };
}

/** `{ count: asc }` or `{ max: { created_at: desc } }`. */
function aggregatedBy({ alias }: Sorted, order: OrderBy): Term | null {
  const entry = keyOfOrder(order);
  if (entry === null) return null;
  const [operator, value] = entry;
  if (typeof value === 'string') return { expression: 'count(*)', way: value };
  const inner = keyOfOrder(value);
  if (inner === null) return null;
  const [column, way] = inner;
  return { expression: `${operator}(${alias}.${quote(column)})`, way: String(way) };
}
