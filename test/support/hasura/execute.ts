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
  TokenKind,
} from 'graphql';
import { runAction } from './actions.ts';
import { fragmentsOf, keyOf, type Operation, type Variables } from './document.ts';
import { refusal } from './failure.ts';
import { findTracked, type HasuraSession } from './filters.ts';
import { kindOf } from './json.ts';
import { applyPresets } from './presets.ts';
import { joinRemotes } from './remote-join.ts';
import { type RootAnswer, runRemoteField } from './remote-schema.ts';
import type { RoleSchema } from './role-schema.ts';
import { rootFields } from './selections.ts';
import type { EngineState } from './state.ts';
import type { Tables } from './table-access.ts';
import { runTableField, type TableField, tableField } from './table-fields.ts';
import { inTransaction } from './table-update.ts';
import { nullableColumnsOf, requireTableArguments } from './table-validation.ts';
import { selectRelated, type TableRequest } from './tables.ts';
import { requireStructure, requireValid } from './validation.ts';
import { resolveVariables } from './variables.ts';

export type ClientRequest = { query: string; operationName?: string | null; variables?: Variables | null };
export type Caller = { session: HasuraSession; client: IncomingHttpHeaders };
export type EngineAnswer = { data: Record<string, unknown>; cookies: readonly string[] };

const invalid = (message: string, path = '$') => refusal('validation-failed', message, path);

/** A request of a client as it came (hasura/README.md, "Answers of the engine"). */
export function readRequest(body: unknown): ClientRequest {
  const type = 'Hasura.GraphQL.Transport.HTTP.Protocol.GQLReq(GQLReq)';
  const failed = (why: string, path = '$') => refusal('parse-failed', why, path);
  if (kindOf(body) !== 'Object')
    throw failed(`parsing ${type} failed, expected Object, but encountered ${kindOf(body)}`);
  const { query, operationName, variables } = body as Record<string, unknown>;
  if (query === undefined) throw failed(`parsing ${type} failed, key "query" not found`);
  if (typeof query !== 'string')
    throw failed(`parsing Text failed, expected String, but encountered ${kindOf(query)}`, '$.query');
  if (variables != null && kindOf(variables) !== 'Object')
    throw failed(
      `parsing HashMap failed, expected Object, but encountered ${kindOf(variables)}`,
      '$.variables',
    );
  return { query, operationName: operationName as string, variables: variables as Variables };
}

function parseDocument(query: string): DocumentNode {
  try {
    return parse(query);
  } catch {
    throw invalid('not a valid graphql query', '$.query');
  }
}

function pickOperation(document: DocumentNode, name: string | null | undefined): OperationDefinitionNode {
  const operations = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  if (name == null) {
    const [only, ...others] = operations;
    if (only !== undefined && others.length === 0) return only;
    throw invalid(
      'exactly one operation has to be present in the document when operationName is not specified',
    );
  }
  if (operations.some(isShorthand))
    throw invalid('operationName cannot be used when an anonymous operation exists in the document');
  const found = operations.find((node) => node.name?.value === name);
  if (found === undefined) throw invalid(`no such operation found in the document: "${name}"`);
  return found;
}

/** `{ … }` alone. */
const isShorthand = ({ loc }: OperationDefinitionNode): boolean => loc?.startToken.kind === TokenKind.BRACE_L;

function readOperation({ schema, origins }: RoleSchema, tables: Tables, request: ClientRequest): Operation {
  const document = parseDocument(request.query);
  const definition = pickOperation(document, request.operationName);
  requireSuchOperations(schema, definition);
  const fragments = fragmentsOf(document);
  const definitions = [definition, ...fragments.values()];
  const variables = resolveVariables(definition, fragments, request.variables ?? {});
  const scope = { definition, variables, nullableColumns: nullableColumnsOf(tables) };
  const isTable = (name: string) => origins.get(name)?.kind === 'tables';
  requireTableArguments(schema, tables, { scope, fragments }, isTable);
  requireStructure(schema, { kind: Kind.DOCUMENT, definitions });
  const only = document.definitions.length === 1 ? definition.name?.value : undefined;
  const { coerced = variables } = getVariableValues(schema, definition.variableDefinitions ?? [], variables);
  const name = request.operationName ?? only ?? null;
  const operation = { schema, definition, fragments, name, variables, coerced };
  requireValid(operation, (field) => origins.get(field)?.kind);
  return operation;
}

function requireSuchOperations(schema: GraphQLSchema, { operation }: OperationDefinitionNode): void {
  if (schema.getRootType(operation) == null) throw invalid(`no ${operation}s exist`);
  if (operation !== 'subscription') return;
  const where = 'subscriptions are not supported over HTTP, use websockets instead';
  throw refusal('unexpected-payload', where);
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
  const roleSchema = state.schemaFor(caller.session['x-hasura-role'] ?? '');
  const operation = readOperation(roleSchema, state.tables, request);
  const run = { state, operation, request, caller };
  const fields = rootFields(operation);
  const isOfTables = ({ name }: FieldNode) => roleSchema.origins.get(name.value)?.kind === 'tables';
  if (operation.definition.operation === 'mutation' && fields.every(isOfTables))
    return runTableMutation(run, fields);
  const data: Record<string, unknown> = {};
  const cookies: string[] = [];
  for (const field of fields) {
    const answer = await runRootField(run, field);
    data[keyOf(field)] = answer.value;
    cookies.push(...answer.cookies);
  }
  return { data, cookies };
}

/** Changes of tables alone are one transaction (hasura/README.md, "Table changes"); what they return is joined after it. */
async function runTableMutation(run: Run, fields: readonly FieldNode[]): Promise<EngineAnswer> {
  const targets = fields.map((field) => ({ field, target: targetOf(run, field) }));
  const data = await inTransaction(tableRequest(run), async (tx) => {
    const changed: Record<string, unknown> = {};
    for (const { field, target } of targets)
      changed[keyOf(field)] = await runTableField({ ...tableRequest(run), tx }, target, field);
    return changed;
  });
  for (const { field, target } of targets)
    await joinRemotes({ ...run, ...run.caller }, target.tracked, { field, rows: data[keyOf(field)] });
  return { data, cookies: [] };
}

function targetOf({ state }: Run, { name }: FieldNode): TableField {
  const target = tableField(state.tables, name.value);
  if (target === null) throw new Error(`No table answers ${name.value}.`);
  return target;
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
    const target = targetOf(run, field);
    const value = await runTableField(tableRequest(run), target, field);
    await joinRemotes({ ...run, ...caller }, target.tracked, { field, rows: value });
    return { value, cookies: [] };
  }
  const remote = state.remotes.get(origin.name);
  if (remote === undefined) throw new Error(`The remote schema ${origin.name} is missing.`);
  const presets = state.schemaFor(caller.session['x-hasura-role'] ?? '').presets.get(name) ?? [];
  const preset = applyPresets(presets, { operation, field }, caller.session, remote.upstream);
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
  const { schema, definition, variables } = operation;
  return {
    tables: state.tables,
    sql: state.sql,
    session: caller.session,
    rootType: rootTypeOf(operation),
    scope: { definition, variables, nullableColumns: nullableColumnsOf(state.tables) },
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
    isMutation: operation.definition.operation === 'mutation',
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
