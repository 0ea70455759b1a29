import {
  type GraphQLArgument,
  type GraphQLField,
  getNamedType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  parse,
} from 'graphql';
import type { TableShape } from '../table-shape.ts';
import { type CheckContext, shapeOf, trackedTables, where } from './context.ts';
import { type Finding, finding } from './rules.ts';
import { rootTypes } from './sdl-document.ts';
import type { RemoteRelationship, Table } from './shape.ts';

type Place = { table: Table; shape: TableShape; at: string };
type Target = RemoteRelationship['definition']['to_remote_schema'];

/** Checks the gateway's fields on rows: they exist, get valid arguments, and every role that reads the rows has them. */
export function* checkJoins(context: CheckContext): Generator<Finding> {
  for (const table of trackedTables(context)) {
    const shape = shapeOf(context, table.table);
    if (shape === undefined) continue;
    for (const join of table.remote_relationships) {
      const place = { table, shape, at: `${where(table.table)}, ${join.name}` };
      yield* checkColumns(place, join.definition.to_remote_schema);
      yield* checkTarget(context, place, join.definition.to_remote_schema);
    }
  }
}

const columnsOf = ({ remote_field }: Target): [argument: string, column: string][] =>
  Object.values(remote_field).flatMap(({ arguments: columns }) =>
    Object.entries(columns).map(([argument, source]): [string, string] => [argument, source.slice(1)]),
  );

function* checkColumns({ shape, at }: Place, target: Target): Generator<Finding> {
  for (const column of target.lhs_fields) {
    if (!shape.columns.includes(column))
      yield finding('join-column', at, `The table has no column ${column}.`);
  }
  for (const [argument, column] of columnsOf(target)) {
    if (target.lhs_fields.includes(column)) continue;
    yield finding('join-column', at, `${argument} takes ${column}, which lhs_fields does not list.`);
  }
}

function* checkTarget(context: CheckContext, place: Place, target: Target): Generator<Finding> {
  const [name = ''] = Object.keys(target.remote_field);
  const isThere = context.metadata.remote_schemas.some((remote) => remote.name === target.remote_schema);
  const field = context.seen.getQueryType()?.getFields()[name];
  if (!isThere || field === undefined) {
    yield finding('join-target', place.at, `${target.remote_schema} has no Query.${name}.`);
    return;
  }
  yield* checkArguments(place, target, field);
  yield* checkRoles(context, place, target, name);
}

function* checkArguments(
  { shape, at }: Place,
  target: Target,
  field: GraphQLField<unknown, unknown>,
): Generator<Finding> {
  const given = new Map(columnsOf(target));
  for (const [name, column] of given) {
    const argument = field.args.find((candidate) => candidate.name === name);
    const type = shape.types[column];
    if (argument === undefined) yield finding('join-argument', at, `${field.name} has no argument ${name}.`);
    else if (type !== undefined && !takes(argument, type))
      yield finding('join-argument', at, `${name}: ${argument.type} does not take a column of type ${type}.`);
  }
  for (const argument of field.args) {
    if (given.has(argument.name) || !isRequiredArgument(argument)) continue;
    yield finding('join-argument', at, `${field.name} requires ${argument.name}.`);
  }
}

/** For each GraphQL scalar, the column types whose JSON values it accepts. */
const ACCEPTED_COLUMN_TYPES: Readonly<Record<string, readonly string[]>> = {
  ID: ['uuid'],
  String: ['uuid', 'text'],
  Int: ['integer', 'smallint'],
  Float: ['integer', 'smallint', 'real', 'double precision'],
  Boolean: ['boolean'],
  DateTime: ['timestamp with time zone'],
};

function takes({ type }: GraphQLArgument, column: string): boolean {
  const isOne = !isListType(isNonNullType(type) ? type.ofType : type);
  return isOne && (ACCEPTED_COLUMN_TYPES[getNamedType(type).name] ?? []).includes(column);
}

/** Checks the roles: without a column or the root field, Hasura silently hides the join from a role. */
function* checkRoles(
  { metadata }: CheckContext,
  { table, at }: Place,
  target: Target,
  name: string,
): Generator<Finding> {
  const remote = metadata.remote_schemas.find((candidate) => candidate.name === target.remote_schema);
  for (const { role, permission } of table.select_permissions) {
    const sdl = remote?.permissions.find((entry) => entry.role === role)?.definition.schema ?? '';
    const canRead = target.lhs_fields.every((column) => permission.columns.includes(column));
    if (canRead && queryFields(sdl).includes(name)) continue;
    yield finding('join-role', at, `The role ${role} reads the rows, but not ${name} or its columns.`);
  }
}

function queryFields(sdl: string): string[] {
  try {
    return (rootTypes(parse(sdl)).query?.fields ?? []).map((field) => field.name.value);
  } catch {
    return []; // `sdl-syntax` reports the error.
  }
}
