import type { FieldNode } from 'graphql';
import { fieldsOf, keyOf } from './document.ts';
import { quote } from './filters.ts';
import type { Scope } from './tables.ts';

type Place = { name: string; alias: string; nodeOf(fields: readonly FieldNode[]): string };
type Fields = Record<string, (field: FieldNode) => string>;

/** What a `…_aggregate` field shows of the rows that `alias` stands for (hasura/README.md, "Table queries"). */
export function aggregateJson(scope: Scope, place: Place, field: FieldNode): string {
  const { name, nodeOf } = place;
  return objectJson(scope, `${name}_aggregate`, field, {
    aggregate: (inner) => fieldsJson(scope, place, inner),
    nodes: (inner) => `coalesce(json_agg(${nodeOf(fieldsOf(inner))}), '[]')`,
  });
}

function fieldsJson(scope: Scope, { name, alias }: Place, field: FieldNode): string {
  const type = `${name}_aggregate_fields`;
  const extreme = (inner: FieldNode) => {
    const way = inner.name.value;
    const column = (leaf: FieldNode) => `${way}(${alias}.${quote(leaf.name.value)})`;
    const known = Object.fromEntries(fieldsOf(inner).map((leaf) => [leaf.name.value, column]));
    return objectJson(scope, `${name}_${way}_fields`, inner, known);
  };
  return objectJson(scope, type, field, {
    ...{ max: extreme, min: extreme },
    count: (inner) => countSql(alias, scope.read(type, inner)),
  });
}

function countSql(alias: string, { columns, distinct }: Record<string, unknown>): string {
  const counted = (columns ?? []) as string[];
  if (counted.length > 1) throw new Error('Counting several columns is not played.');
  const [column] = counted;
  if (column === undefined) return 'count(*)';
  return `count(${distinct === true ? 'distinct ' : ''}${alias}.${quote(column)})`;
}

function objectJson(scope: Scope, type: string, field: FieldNode, known: Fields): string {
  const text = (value: string) => {
    scope.parameters.push(value);
    return `($${scope.parameters.length})::text`;
  };
  const pairs = fieldsOf(field).map((inner) => {
    const name = inner.name.value;
    const value = name === '__typename' ? text(type) : known[name]?.(inner);
    if (value === undefined) throw new Error(`${type}.${name} is not played.`);
    return `${text(keyOf(inner))}, ${value}`;
  });
  return `json_build_object(${pairs.join(', ')})`;
}
