import {
  execute as executeLocally,
  type FieldNode,
  type GraphQLError,
  type GraphQLFieldResolver,
  type GraphQLResolveInfo,
  getNamedType,
  Kind,
} from 'graphql';
import { runAction } from './actions.ts';
import { type ClientRequest, type Operation, readOperation } from './document.ts';
import { type Failure, refusal } from './failure.ts';
import { findTracked } from './filters.ts';
import type { RemoteRelationship, TableName } from './metadata-types.ts';
import { createJoins } from './remote-join.ts';
import { type Caller, runRemoteField } from './remote-schema.ts';
import type { Origin, RoleSchema } from './role-schema.ts';
import type { OpenSource } from './sources.ts';
import type { EngineState } from './state.ts';
import { readField, readRelated, runTableField } from './table-fields.ts';
import type { Row } from './tables.ts';

type Arguments = Readonly<Record<string, unknown>>;
type Run = {
  state: EngineState;
  caller: Caller;
  query: string;
  operation: Operation;
  roleSchema: RoleSchema;
  join: ReturnType<typeof createJoins>;
  cookies: string[];
  /** The first field that failed; no field is executed after it. */
  failure: { error: unknown } | null;
};

/**
 * Answers a client's request in its role: with the first failure, or with all data (hasura/README.md, "Execution requests"). The
 * engine runs a mutation of tables alone in one transaction; the stand-in does not.
 */
export async function execute(
  state: EngineState,
  caller: Caller,
  request: ClientRequest,
): Promise<{ data: unknown; cookies: readonly string[] }> {
  const roleSchema = state.schemaFor(caller.session['x-hasura-role'] ?? '');
  const operation = readOperation(roleSchema.schema, request);
  const { document, definition, variables } = operation;
  const { schema } = roleSchema;
  const join = createJoins(state.remotes, { operation, schema }, caller);
  const run: Run = {
    ...{ state, caller, query: request.query, operation, roleSchema, join, cookies: [], failure: null },
  };
  // An absent variable is null. It does not remove a condition.
  const absent = (definition.variableDefinitions ?? []).flatMap(({ variable, type }) =>
    type.kind === Kind.NON_NULL_TYPE ? [] : [[variable.name.value, null]],
  );
  const { data, errors } = await executeLocally({
    ...{ schema: roleSchema.schema, document, contextValue: run, fieldResolver: resolveOrFail },
    operationName: definition.name?.value,
    variableValues: { ...Object.fromEntries(absent), ...variables },
  });
  if (run.failure !== null) throw run.failure.error;
  if (errors !== undefined) throw failureOf(errors);
  return { data, cookies: run.cookies };
}

/** An error that graphql-js finds: a variable without a value, or a null in a non-null field. */
function failureOf([error]: readonly GraphQLError[]): Failure {
  return refusal('validation-failed', error?.message ?? 'no reason');
}

const resolveOrFail: GraphQLFieldResolver<unknown, Run, Arguments> = async (source, args, run, info) => {
  if (run.failure !== null) throw run.failure.error;
  try {
    const root = run.roleSchema.roots.get(`${info.parentType.name}.${info.fieldName}`);
    return await (root === undefined
      ? resolveField(run, source as Row, args, info)
      : resolveRoot(run, root, args, info));
  } catch (error) {
    run.failure ??= { error };
    throw error;
  }
};

/** Merges several selections of one field. */
function fieldOf({ fieldNodes }: GraphQLResolveInfo): FieldNode {
  const [{ selectionSet, ...first }] = fieldNodes as [FieldNode];
  const selections = fieldNodes.flatMap((node) => node.selectionSet?.selections ?? []);
  return {
    ...{ ...first, directives: [] },
    ...(selectionSet && { selectionSet: { kind: Kind.SELECTION_SET, selections } }),
  };
}

function sourceOf({ state }: Run, name: string): OpenSource {
  const source = state.sources.get(name);
  if (source === undefined) throw new Error(`The source ${name} is missing.`);
  return source;
}

async function resolveRoot(
  run: Run,
  origin: Origin,
  args: Arguments,
  info: GraphQLResolveInfo,
): Promise<unknown> {
  const { state, caller } = run;
  if (origin.kind === 'namespace') return {};
  if (origin.kind === 'tables') {
    const call = { database: sourceOf(run, origin.source), session: caller.session, args };
    return runTableField(call, info.fieldName);
  }
  if (origin.kind === 'actions') {
    const action = state.actions.find(({ name }) => name === info.fieldName);
    if (action === undefined) throw new Error(`No action answers ${info.fieldName}.`);
    const { value, cookies } = await runAction({
      ...{ action, env: state.env, caller, query: run.query, input: args, type: info.returnType },
    });
    if (info.operation.operation === 'mutation') run.cookies.push(...cookies);
    return value;
  }
  const remote = state.remotes.get(origin.name);
  if (remote === undefined) throw new Error(`The remote schema ${origin.name} is missing.`);
  const { value, cookies } = await runRemoteField(
    remote,
    { operation: run.operation, field: fieldOf(info), parent: info.parentType.name, schema: info.schema },
    caller,
  );
  run.cookies.push(...cookies);
  return value;
}

/** A field of a row, of an action's output, or of a remote object, whose fields have the client's aliases. */
function resolveField(run: Run, source: Row, args: Arguments, info: GraphQLResolveInfo): unknown {
  const { caller, roleSchema } = run;
  const [type, name] = [info.parentType.name, info.fieldName];
  const { session } = caller;
  const origin = roleSchema.types.get(type);
  if (origin?.kind === 'remote') return source[String(info.path.key)];
  if (origin?.kind === 'actions') return resolveOutput(run, source, info);
  if (origin?.kind !== 'tables') return source[name];
  const database = sourceOf(run, origin.source);
  const tracked = database.tables.find((table) => database.naming.type(table) === type);
  if (tracked === undefined) return source[name];
  const joined = tracked.remote_relationships?.find((relationship) => relationship.name === name);
  if (joined !== undefined) return resolveJoin(run, joined, source, info);
  return readField({ database, session, args }, { tracked, row: source, field: name });
}

/** A field of a row that another source or a remote schema answers. */
function resolveJoin(
  run: Run,
  { name, definition }: RemoteRelationship,
  row: Row,
  info: GraphQLResolveInfo,
): unknown {
  const { to_remote_schema: to, to_source: other } = definition;
  if (to !== undefined)
    return run.join({ name, to, row, field: fieldOf(info), type: getNamedType(info.returnType).name });
  if (other === undefined) throw new Error(`The relationship ${name} leads nowhere.`);
  return resolveRelated(run, other, row);
}

type Related = { source?: string; field_mapping: Record<string, string> };

/** The rows of a source that a value of a row or of an answer leads to: a list, or the first of them. */
async function resolveRelated(
  run: Run,
  { source = 'default', field_mapping, ...to }: Related & { table: TableName; relationship_type?: string },
  row: Row,
): Promise<unknown> {
  const [[from, column] = ['', '']] = Object.entries(field_mapping);
  const database = sourceOf(run, source);
  const of = { column, value: row[from] };
  const tracked = findTracked(database.tables, to.table);
  const related = await readRelated({ database, session: run.caller.session }, tracked, of);
  return to.relationship_type === 'array' ? related : (related[0] ?? null);
}

/** A field of an action's output: a value of the answer, or the rows behind it. */
function resolveOutput(run: Run, source: Row, info: GraphQLResolveInfo): unknown {
  const { objects = [] } = run.state.metadata.custom_types;
  const output = objects.find(({ name }) => name === info.parentType.name);
  const relationship = output?.relationships?.find(({ name }) => name === info.fieldName);
  if (relationship === undefined) return source[info.fieldName];
  const { remote_table: table, type = 'object' } = relationship;
  return resolveRelated(run, { ...relationship, table, relationship_type: type }, source);
}
