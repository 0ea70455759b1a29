import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql';
import { scalarOf, type Tables, tableName } from './table-access.ts';
import { type ArgumentScope, type NullableColumns, readArguments } from './table-arguments.ts';
import { at, jsonOf } from './table-values.ts';

/** Which columns an insert or `_set` may make null. */
export function nullableColumnsOf({ tables, catalogue }: Tables): NullableColumns {
  const entries = tables.flatMap((tracked): [string, Set<string>][] => {
    const columns = catalogue.columns(tracked.table);
    const nullable = columns.filter((column) => column.nullable).map(({ name }) => name);
    const { object_relationships: objects = [], array_relationships: arrays = [] } = tracked;
    const json = columns.filter((column) => scalarOf(column) === 'jsonb').map(({ name }) => name);
    const name = tableName(tracked);
    return [
      [`${name}_set_input`, new Set(nullable)],
      [`${name}_insert_input`, new Set([...nullable, ...[...objects, ...arrays].map((it) => it.name)])],
      [`${name}_delete_key_input`, new Set(json)],
    ];
  });
  return new Map(entries);
}

type Walk = {
  scope: ArgumentScope;
  fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  isOfTables(type: GraphQLNamedType): boolean;
};

/**
 * Refuses arguments of the tables' fields as the engine does (hasura/README.md, "Table queries"), before other rules have their
 * say.
 */
export function requireTableArguments(
  schema: GraphQLSchema,
  tables: Tables,
  walk: Omit<Walk, 'isOfTables'>,
  isTable: (rootField: string) => boolean,
): void {
  const { operation, selectionSet } = walk.scope.definition;
  const root = schema.getRootType(operation);
  if (root == null) return;
  const names = tables.tables.map(tableName);
  const isOfTables = ({ name }: GraphQLNamedType) =>
    names.some((own) => name === own || name.startsWith(`${own}_`));
  for (const field of fieldsIn(walk, selectionSet)) {
    if (isTable(field.name.value)) walkField({ ...walk, isOfTables }, root, field, '$');
  }
}

function walkField(walk: Walk, parent: GraphQLNamedType, field: FieldNode, above: string): void {
  const definition = isObjectType(parent) ? parent.getFields()[field.name.value] : undefined;
  if (definition === undefined) return;
  const path = at(at(above, 'selectionSet'), field.name.value);
  readArguments(walk.scope, definition, { field, path });
  const type = getNamedType(definition.type);
  if (field.selectionSet === undefined || !walk.isOfTables(type)) return;
  for (const inner of fieldsIn(walk, field.selectionSet)) walkField(walk, type, inner, path);
}

/** Without fragments and what directives leave out. A fragment that is missing is for other rules to refuse. */
function fieldsIn(
  walk: Walk | Omit<Walk, 'isOfTables'>,
  set: SelectionSetNode,
  open: string[] = [],
): FieldNode[] {
  return set.selections.flatMap((node): FieldNode[] => {
    if (!isIncluded(walk.scope, node)) return [];
    if (node.kind === Kind.FIELD) return [node];
    if (node.kind === Kind.INLINE_FRAGMENT) return fieldsIn(walk, node.selectionSet, open);
    const name = node.name.value;
    const fragment = walk.fragments.get(name);
    return fragment === undefined || open.includes(name)
      ? []
      : fieldsIn(walk, fragment.selectionSet, [...open, name]);
  });
}

function isIncluded(scope: ArgumentScope, { directives = [] }: Pick<FieldNode, 'directives'>): boolean {
  return directives.every(({ name, arguments: args = [] }) => {
    const literal = args.find((argument) => argument.name.value === 'if')?.value;
    const value = literal === undefined ? null : jsonOf({ literal }, scope);
    return name.value === 'skip' ? value !== true : name.value !== 'include' || value !== false;
  });
}
