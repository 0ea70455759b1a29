import type { IncomingHttpHeaders } from 'node:http';
import {
  type DocumentNode,
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLOutputType,
  getNamedType,
  getNullableType,
  isListType,
  isNonNullType,
  isObjectType,
  parse,
  visit,
} from 'graphql';
import { fieldsOf, keyOf } from './document.ts';
import { Failure, refusal } from './failure.ts';
import type { HasuraSession } from './filters.ts';
import { kindOf } from './json.ts';
import type { Action, ActionRelationship, Metadata } from './metadata.ts';
import {
  configuredHeaders,
  type EngineEnvironment,
  fromEnvironment,
  type RootAnswer,
} from './remote-schema.ts';
import { traceHeaders } from './trace.ts';
import { type Answer, forwardedHeaders, postJson } from './wire.ts';

/** The actions that a role may call; admin all of them (hasura/README.md, "Actions"). */
export const permittedActions = ({ actions }: Metadata, role: string): Action[] =>
  actions.filter(({ permissions }) => role === 'admin' || permissions.some((entry) => entry.role === role));

/** A handler's address, which may name variables of the environment. */
export const handlerUrl = (env: EngineEnvironment, handler: string): string =>
  handler.replace(/\{\{(\w+)\}\}/g, (_, name: string) => fromEnvironment(env, name));

/**
 * The actions' SDL with the fields that the role may call, and as extensions the relationships of their types to tables.
 * Whether the role sees those tables is a matter of its whole schema.
 */
export function actionsDocument(
  { actionsSdl, actionRelationships }: Metadata,
  permitted: readonly Action[],
  tableNameOf: (relationship: ActionRelationship) => string,
): DocumentNode {
  const document: DocumentNode = visit(parse(actionsSdl), {
    ObjectTypeDefinition(node) {
      const { fields = [] } = node;
      if (node.name.value !== 'Mutation' && node.name.value !== 'Query') return undefined;
      return { ...node, fields: fields.filter(({ name }) => permitted.some((a) => a.name === name.value)) };
    },
  });
  const related = [...actionRelationships].flatMap(([type, relationships]) =>
    relationships.flatMap(
      (relationship) =>
        parse(`extend type ${type} { ${relationship.name}: ${tableNameOf(relationship)} }`).definitions,
    ),
  );
  return { ...document, definitions: [...document.definitions, ...related] };
}

export type ActionCall = {
  action: Action;
  env: EngineEnvironment;
  session: HasuraSession;
  client: IncomingHttpHeaders;
  /** The client's document, to the letter. */
  query: string;
  input: Record<string, unknown>;
  type: GraphQLOutputType;
  isMutation: boolean;
  field: FieldNode;
  metadata: Metadata;
  /** The row that a relationship of the output leads to, as the caller may see it. */
  related(relationship: ActionRelationship, value: unknown, field: FieldNode): Promise<unknown>;
};

/** Calls the handler. What it answers to a mutation that succeeds may set cookies, and to a query may not. */
export async function runAction(call: ActionCall): Promise<RootAnswer> {
  const { action, env, session, client, query, input } = call;
  const { handler, headers, forward_client_headers: forwards, timeout = 30 } = action.definition;
  const answer = await postJson({
    url: handlerUrl(env, handler),
    // The engine lets a client's header replace a configured one of the same name (hasura/README.md, "The shared secret").
    headers: {
      ...configuredHeaders(env, headers),
      ...(forwards ? forwardedHeaders(client) : {}),
      ...traceHeaders(),
    },
    body: { action: { name: action.name }, input, session_variables: session, request_query: query },
    timeoutSeconds: timeout,
  }).catch(() => {
    throw unexpected('http exception when calling webhook');
  });
  const output = readOutput(answer);
  requireType(output, call.type);
  const cookies = call.isMutation ? (answer.headers['set-cookie'] ?? []) : [];
  return { value: await selectOutput(call, output), cookies };
}

/** hasura/README.md, "Actions": JSON comes before the status, a 4xx is passed on, and any other failure is discarded. */
function readOutput({ status, text }: Answer): unknown {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw unexpected('not a valid json response from webhook');
  }
  if (status >= 200 && status < 300) return body;
  if (status < 400 || status >= 500) throw unexpected('internal error');
  const { message, code, extensions } = readRefusal(body);
  const added = extensions ?? { path: '$', code: code ?? 'unexpected' };
  throw new Failure({ errors: [{ message, extensions: added }] });
}

type HandlerRefusal = { message: string; code?: string | null; extensions?: unknown };

function readRefusal(body: unknown): HandlerRefusal {
  const type = 'Hasura.GraphQL.Execute.Action.Types.ActionWebhookErrorResponse(ActionWebhookErrorResponse)';
  const failed = (why: string, path = '$') => refusal('parse-failed', why, path);
  if (kindOf(body) !== 'Object')
    throw failed(`parsing ${type} failed, expected Object, but encountered ${kindOf(body)}`);
  const { message, code } = body as Record<string, unknown>;
  if (message === undefined) throw failed(`parsing ${type} failed, key "message" not found`);
  for (const [key, value] of Object.entries({ message, code: code ?? '' }))
    if (typeof value !== 'string')
      throw failed(`parsing Text failed, expected String, but encountered ${kindOf(value)}`, `$.${key}`);
  return body as HandlerRefusal;
}

const unexpected = (message: string) => refusal('unexpected', message);
/** A number is a String to the engine, where it is not what was expected. */
const SCALARS: Record<string, string> = { Number: 'String', Boolean: 'Boolean', String: 'String' };

/** Only the fields at the top are checked, and scalars of an application's own not at all. */
function requireType(output: unknown, type: GraphQLOutputType): void {
  const nullable = getNullableType(type);
  if (output === null) {
    if (isNonNullType(type)) throw unexpected('got null for the action webhook response');
  } else if (isListType(nullable)) {
    if (!Array.isArray(output)) throw unexpected('expecting array for the action webhook response');
    for (const item of output) requireType(item, nullable.ofType);
  } else if (isObjectType(nullable)) {
    const scalar = SCALARS[kindOf(output)];
    if (Array.isArray(output) || scalar !== undefined)
      throw unexpected(
        `got ${scalar === undefined ? 'array' : `scalar ${scalar}`} for the action webhook response, expecting ${nullable.name}`,
      );
    requireFields(output, nullable);
  }
}

function requireFields(output: unknown, type: GraphQLObjectType): void {
  for (const field of Object.values(type.getFields())) {
    if (!isNonNullType(field.type)) continue;
    const value = (output as Record<string, unknown>)[field.name];
    if (value === undefined)
      throw unexpected(`field "${field.name}" expected in webhook response, but not found`);
    if (value === null) throw unexpected(`expecting not null value for field "${field.name}"`);
  }
}

async function selectOutput(call: ActionCall, output: unknown): Promise<unknown> {
  const type = getNamedType(call.type);
  if (typeof output !== 'object' || output === null || !isObjectType(type)) return output;
  const relationships = call.metadata.actionRelationships.get(type.name) ?? [];
  const picked = pick(output, call.field, type.name) as Record<string, unknown>;
  for (const field of fieldsOf(call.field)) {
    const relationship = relationships.find(({ name }) => name === field.name.value);
    if (relationship === undefined) continue;
    const [from = ''] = Object.keys(relationship.field_mapping);
    const value = (output as Record<string, unknown>)[from];
    picked[keyOf(field)] = await call.related(relationship, value, field);
  }
  return picked;
}

/** What was asked for and is there: what the handler left out stays out, and so does a scalar in the place of an object. */
function pick(value: unknown, node: FieldNode, typename?: string): unknown {
  if (value === null || node.selectionSet === undefined) return value;
  if (Array.isArray(value))
    return value.map((item) => pick(item, node, typename)).filter((item) => item !== undefined);
  if (typeof value !== 'object') return undefined;
  return Object.fromEntries(
    fieldsOf(node).flatMap((field): [string, unknown][] => {
      if (field.name.value === '__typename' && typename !== undefined) return [[keyOf(field), typename]];
      const inner = pick((value as Record<string, unknown>)[field.name.value], field);
      return inner === undefined ? [] : [[keyOf(field), inner]];
    }),
  );
}
