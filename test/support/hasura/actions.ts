import {
  type DocumentNode,
  type GraphQLOutputType,
  getNullableType,
  isNonNullType,
  isObjectType,
  parse,
  visit,
} from 'graphql';
import { Failure, isObject, refusal } from './failure.ts';
import type { Action, ActionRelationship, Metadata } from './metadata.ts';
import { type Caller, configuredHeaders, type EngineEnvironment, fromEnvironment } from './remote-schema.ts';
import { type Answer, forwardedHeaders, postJson } from './wire.ts';

/** The actions that a role may call; admin all of them (hasura/README.md, "Actions"). */
export const permittedActions = ({ actions }: Metadata, role: string): Action[] =>
  actions.filter(({ permissions }) => role === 'admin' || permissions.some((entry) => entry.role === role));

/** A handler's address with its environment variables filled in. */
export const handlerUrl = (env: EngineEnvironment, handler: string): string =>
  handler.replace(/\{\{(\w+)\}\}/g, (_, name: string) => fromEnvironment(env, name));

/**
 * The actions' SDL with the fields that the role may call. Extensions hold the relationships of the output types to tables;
 * the whole schema of the role decides whether the role sees those tables.
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

type ActionCall = {
  action: Action;
  env: EngineEnvironment;
  caller: Caller;
  /** The client's document, unchanged. */
  query: string;
  input: Readonly<Record<string, unknown>>;
  type: GraphQLOutputType;
};

const unexpected = (message: string) => refusal('unexpected', message);

/** Calls the handler. */
export async function runAction({
  action,
  env,
  caller: { session, client },
  query,
  input,
  type,
}: ActionCall): Promise<{ value: unknown; cookies: readonly string[] }> {
  const { handler, headers, forward_client_headers: forwards, timeout = 30 } = action.definition;
  const answer = await postJson({
    url: handlerUrl(env, handler),
    // The engine lets a client's header replace a configured one of the same name (hasura/README.md, "The shared secret").
    headers: { ...configuredHeaders(env, headers), ...(forwards ? forwardedHeaders(client) : {}) },
    body: { action: { name: action.name }, input, session_variables: session, request_query: query },
    timeoutSeconds: timeout,
  }).catch(() => {
    throw unexpected('http exception when calling webhook');
  });
  const value = readOutput(answer);
  requireFields(value, type);
  return { value, cookies: answer.headers['set-cookie'] ?? [] };
}

/** hasura/README.md, "Actions": JSON is checked before the status, a 4xx is passed on, any other failure is discarded. */
function readOutput({ status, text }: Answer): unknown {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw unexpected('not a valid json response from webhook');
  }
  if (status >= 200 && status < 300) return body;
  if (status < 400 || status >= 500 || !isObject(body)) throw unexpected('internal error');
  const { message, code = 'unexpected', extensions = { path: '$', code } } = body;
  throw new Failure({ errors: [{ message, extensions }] });
}

/** Every non-null field at the top must be present, even if the client did not select it. */
function requireFields(output: unknown, type: GraphQLOutputType): void {
  const nullable = getNullableType(type);
  if (!isObjectType(nullable)) throw new Error('An action that answers no object is not played.');
  if (!isObject(output)) throw unexpected(`expecting ${nullable.name} from the action webhook`);
  for (const field of Object.values(nullable.getFields()))
    if (isNonNullType(field.type) && output[field.name] == null)
      throw unexpected(`field "${field.name}" expected in webhook response, but not found`);
}
