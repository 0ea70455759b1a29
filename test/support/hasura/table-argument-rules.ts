import { keyOfOrder, type OrderBy } from './table-order.ts';
import { invalid } from './table-values.ts';

type Arguments = Readonly<Record<string, unknown>>;

/** What is distinct must be what is sorted by first (hasura/README.md, "Table queries"). */
export function requireDistinctOn({ distinct_on, order_by }: Arguments, path: string): void {
  const columns = (distinct_on ?? []) as string[];
  const orders = ((order_by ?? []) as OrderBy[]).flatMap((order) => {
    const entry = keyOfOrder(order);
    return entry === null ? [] : [entry];
  });
  if (columns.length === 0 || orders.length === 0) return;
  const sorted = orders
    .slice(0, columns.length)
    .flatMap(([name, way]) => (typeof way === 'string' ? [name] : []));
  if (sorted.length === columns.length && columns.every((column) => sorted.includes(column))) return;
  throw invalid('"distinct_on" columns must match initial "order_by" columns', path);
}

export const UPDATE_OPERATORS = [
  ...['_set', '_append', '_prepend', '_delete_key', '_delete_elem', '_delete_at_path'],
] as const;

/** A column is changed in one way (hasura/README.md, "Table changes"). */
export function requireDisjoint(args: Arguments, path: string): void {
  const changed = UPDATE_OPERATORS.flatMap((operator) => Object.keys((args[operator] ?? {}) as object));
  const twice = [...new Set(changed.filter((column, index) => changed.indexOf(column) !== index))];
  if (twice.length === 0) return;
  const listed = twice.map((column) => `'${column}'`).join(', ');
  throw invalid(`Column found in multiple operators: [${listed}].`, path);
}
