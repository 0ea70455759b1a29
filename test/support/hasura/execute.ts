import {
  execute as executeLocally,
  type FieldNode,
  type GraphQLError,
  type GraphQLFieldResolver,
  type GraphQLResolveInfo,
  Kind,
} from 'graphql';
import { runAction } from './actions.ts';
import { type ClientRequest, type Operation, readOperation } from './document.ts';
import { type Failure, refusal } from './failure.ts';
import { findTracked } from './filters.ts';
import { createJoins } from './remote-join.ts';
import { type Caller, runRemoteField } from './remote-schema.ts';
import type { RoleSchema } from './role-schema.ts';
import type { EngineState } from './state.ts';
import { tableName } from './table-access.ts';
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
  const join = createJoins(state.remotes, operation, caller);
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
    const isRoot = info.path.prev === undefined;
    return await (isRoot ? resolveRoot(run, args, info) : resolveField(run, source as Row, args, info));
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

const databaseOf = ({ state }: Run) => ({ ...state.tables, sql: state.sql });

async function resolveRoot(run: Run, args: Arguments, info: GraphQLResolveInfo): Promise<unknown> {
  const { state, caller } = run;
  const origin = run.roleSchema.roots.get(info.fieldName);
  if (origin === undefined) throw new Error(`Nothing answers ${info.fieldName}.`);
  if (origin.kind === 'tables')
    return runTableField({ database: databaseOf(run), session: caller.session, args }, info.fieldName);
  if (origin.kind === 'actions') {
    const action = state.metadata.actions.find(({ name }) => name === info.fieldName);
    if (action === undefined) throw new Error(`No action answers ${info.fieldName}.`);
    const { value, cookies } = await runAction({
      ...{ action, env: state.env, caller, query: run.query, input: args, type: info.returnType },
    });
    if (info.operation.operation === 'mutation') run.cookies.push(...cookies);
    return value;
  }
  const remote = state.remotes.get(origin.name);
  if (remote === undefined) throw new Error(`The remote schema ${origin.name} is missing.`);
  const { value, cookies } = await runRemoteField(remote, run.operation, fieldOf(info), caller);
  run.cookies.push(...cookies);
  return value;
}

/** A field of a row, of an action's output, or of a remote object, whose fields have the client's aliases. */
function resolveField(run: Run, source: Row, args: Arguments, info: GraphQLResolveInfo): unknown {
  const { state, caller, roleSchema } = run;
  const [type, name] = [info.parentType.name, info.fieldName];
  const database = databaseOf(run);
  const { session } = caller;
  const origin = roleSchema.types.get(type);
  if (origin?.kind === 'remote') return source[String(info.path.key)];
  if (origin?.kind === 'actions') {
    const relationship = state.metadata.actionRelationships.get(type)?.find((it) => it.name === name);
    if (relationship === undefined) return source[name];
    const [[from, column] = ['', '']] = Object.entries(relationship.field_mapping);
    const tracked = findTracked(state.metadata.tables, relationship.remote_table);
    return readRelated({ database, session }, tracked, { column, value: source[from] });
  }
  const tracked = state.tables.tables.find((table) => tableName(table) === type);
  if (tracked === undefined) return source[name];
  const remote = tracked.remote_relationships?.find((relationship) => relationship.name === name);
  if (remote !== undefined) return run.join({ relationship: remote, row: source, field: fieldOf(info) });
  return readField({ database, session, args }, { tracked, row: source, name });
}
