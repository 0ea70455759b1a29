import type { IncomingHttpHeaders } from 'node:http';
import {
  type DocumentNode,
  execute as executeLocally,
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  getArgumentValues,
  getVariableValues,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  parse,
} from 'graphql';
import { runAction } from './actions.ts';
import { fragmentsOf, keyOf, type Operation, rootFields, type Variables } from './document.ts';
import { refusal } from './failure.ts';
import { findTracked, type HasuraSession } from './filters.ts';
import { applyPresets } from './presets.ts';
import { joinRemotes } from './remote-join.ts';
import { type RootAnswer, runRemoteField } from './remote-schema.ts';
import type { EngineState } from './state.ts';
import { runTableField, tableField } from './table-fields.ts';
import { selectRelated, type TableRequest } from './tables.ts';
import { requireValid } from './validation.ts';

export type ClientRequest = { query: string; operationName?: string | null; variables?: Variables | null };
export type Caller = { session: HasuraSession; client: IncomingHttpHeaders };
export type EngineAnswer = { data: Record<string, unknown>; cookies: readonly string[] };

const invalid = (message: string, path = '$') => refusal('validation-failed', message, path);

function parseDocument(query: unknown): DocumentNode {
  if (typeof query !== 'string') throw refusal('parse-failed', "parsing query failed, key 'query' not found");
  try {
    return parse(query);
  } catch {
    throw invalid('not a valid graphql query', '$.query');
  }
}

function pickOperation(document: DocumentNode, name: string | null | undefined): OperationDefinitionNode {
  const operations = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  const found = name == null ? operations : operations.filter((node) => node.name?.value === name);
  const [only] = found;
  if (only === undefined) throw invalid(`no such operation found in the document: "${name}"`);
  if (found.length > 1) throw invalid('exactly one operation has to be present in the document');
  return only;
}

function readOperation(schema: GraphQLSchema, request: ClientRequest): Operation {
  const document = parseDocument(request.query);
  const definition = pickOperation(document, request.operationName);
  if (definition.operation === 'mutation' && schema.getMutationType() == null)
    throw invalid('no mutations exist');
  requireValid(schema, document);
  const variables = request.variables ?? {};
  const { coerced, errors } = getVariableValues(schema, definition.variableDefinitions ?? [], variables);
  if (coerced === undefined) throw invalid(errors?.[0]?.message ?? 'invalid variables', '$.variables');
  return { schema, definition, fragments: fragmentsOf(document), variables, coerced };
}

type Run = { state: EngineState; operation: Operation; request: ClientRequest; caller: Caller };

/**
 * Answers a client's request in its role, one root field after the other: the first that fails ends it, and what others did
 * before stays done (hasura/README.md, "Execution requests").
 */
export async function execute(
  state: EngineState,
  caller: Caller,
  request: ClientRequest,
): Promise<EngineAnswer> {
  const { schema } = state.schemaFor(caller.session['x-hasura-role'] ?? '');
  const operation = readOperation(schema, request);
  const run = { state, operation, request, caller };
  const data: Record<string, unknown> = {};
  const cookies: string[] = [];
  for (const field of rootFields(operation)) {
    const answer = await runRootField(run, field);
    data[keyOf(field)] = answer.value;
    cookies.push(...answer.cookies);
  }
  return { data, cookies };
}

function rootTypeOf({ schema, definition }: Operation): GraphQLObjectType {
  const type = schema.getRootType(definition.operation);
  if (type == null) throw new Error(`There is no root type for a ${definition.operation}.`);
  return type;
}

async function runRootField(run: Run, field: FieldNode): Promise<RootAnswer> {
  const { state, operation, caller } = run;
  const name = field.name.value;
  if (name === '__typename') return { value: rootTypeOf(operation).name, cookies: [] };
  if (name.startsWith('__')) return { value: await introspectOwn(operation, field), cookies: [] };
  const origin = state.schemaFor(caller.session['x-hasura-role'] ?? '').origins.get(name);
  if (origin === undefined) throw new Error(`Nothing answers ${name}.`);
  if (origin.kind === 'action') return runActionField(run, field);
  if (origin.kind === 'tables') {
    const target = tableField(state.tables, name);
    if (target === null) throw new Error(`No table answers ${name}.`);
    const value = await runTableField(tableRequest(run), target, field);
    await joinRemotes({ ...run, ...caller }, target.tracked, { field, rows: value });
    return { value, cookies: [] };
  }
  const remote = state.remotes.get(origin.name);
  if (remote === undefined) throw new Error(`The remote schema ${origin.name} is missing.`);
  const presets = state.schemaFor(caller.session['x-hasura-role'] ?? '').presets.get(name) ?? [];
  const preset = applyPresets(presets, { operation, field }, caller.session);
  return runRemoteField(remote, preset.operation, preset.field, caller);
}

async function introspectOwn(operation: Operation, field: FieldNode): Promise<unknown> {
  const { schema, definition, fragments, coerced } = operation;
  const selectionSet = { kind: Kind.SELECTION_SET, selections: [field] } as const;
  const definitions = [{ ...definition, selectionSet }, ...fragments.values()];
  const document = { kind: Kind.DOCUMENT, definitions } as const;
  const { data, errors } = await executeLocally({ schema, document, variableValues: coerced });
  if (errors !== undefined) throw invalid(errors[0]?.message ?? 'introspection failed');
  return data?.[keyOf(field)];
}

function tableRequest({ state, operation, caller }: Run): TableRequest {
  const { schema, coerced } = operation;
  return {
    tables: state.tables,
    sql: state.sql,
    session: caller.session,
    rootType: rootTypeOf(operation),
    coerced,
    typeOf(name) {
      const type = schema.getType(name);
      return isObjectType(type) ? type : null;
    },
  };
}

function runActionField(run: Run, field: FieldNode): Promise<RootAnswer> {
  const { state, operation, request, caller } = run;
  const action = state.metadata.actions.find(({ name }) => name === field.name.value);
  const definition = rootTypeOf(operation).getFields()[field.name.value];
  if (action === undefined || definition === undefined)
    throw new Error(`No action answers ${field.name.value}.`);
  return runAction({
    ...caller,
    action,
    field,
    env: state.env,
    metadata: state.metadata,
    query: request.query,
    input: getArgumentValues(definition, field, operation.coerced),
    type: definition.type,
    related({ remote_table, field_mapping }, value, selected) {
      const [column = ''] = Object.values(field_mapping);
      const tracked = findTracked(state.metadata.tables, remote_table);
      return selectRelated(tableRequest(run), tracked, {
        where: { [column]: { _eq: value } },
        field: selected,
      });
    },
  });
}
