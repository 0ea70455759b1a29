import { scalarOf, type Tables } from './table-access.ts';
import { changingOf } from './table-change-types.ts';
import {
  block,
  comparisonTypes,
  type RemoteTypes,
  readingOf,
  readingRoots,
  readingTypes,
  streamRoot,
} from './table-types.ts';

const ORDER_BY = [
  ...['asc', 'asc_nulls_first', 'asc_nulls_last', 'desc', 'desc_nulls_first', 'desc_nulls_last'],
];

/**
 * The SDL of what a role can do with the tracked tables, its root types named as the engine names them (hasura/README.md,
 * "Table queries" and "Table changes").
 */
export function tablesSdl(tables: Tables, role: string, remoteTypes: RemoteTypes): string {
  const queries: string[] = [];
  const streams: string[] = [];
  const mutations: string[] = [];
  const types: string[] = [];
  const scalars = new Set<string>();
  for (const tracked of tables.tables) {
    const reading = readingOf(tables, tracked, role, remoteTypes);
    if (reading === null) continue;
    for (const column of reading.columns) scalars.add(scalarOf(column));
    if (reading.access.aggregates) scalars.add('Int');
    const changing = changingOf(tables, tracked, role, reading);
    queries.push(...readingRoots(reading));
    streams.push(streamRoot(reading));
    mutations.push(...changing.roots);
    types.push(...readingTypes(reading), ...changing.types);
  }
  if (queries.length === 0) return '';
  return [
    ...types,
    ...[...scalars].flatMap(comparisonTypes),
    block('type', 'query_root', queries),
    block('type', 'subscription_root', [...queries, ...streams]),
    block('type', 'mutation_root', mutations),
    block('enum', 'order_by', ORDER_BY),
    block('enum', 'cursor_ordering', ['ASC', 'DESC']),
  ].join('\n');
}
