import {
  type DocumentNode,
  type GraphQLOutputType,
  getNullableType,
  isNonNullType,
  isObjectType,
  parse,
  parseType,
  visit,
} from 'graphql';
import { Failure, isObject, refusal } from './failure.ts';
import type { Action, ActionRelationship, CustomField, EngineMetadata } from './metadata-types.ts';
import { type Caller, configuredHeaders, type EngineEnvironment, filledIn } from './remote-schema.ts';
import { type Answer, forwardedHeaders, postJson } from './wire.ts';

/** The actions that a role may call; admin all of them (hasura/README.md, "Actions"). */
export function permittedActions(
  { actions }: Pick<EngineMetadata, 'actions'>,
  role: string,
  parentsOf: (role: string) => readonly string[] = () => [],
): Action[] {
  const roles = [role, ...parentsOf(role)];
  return actions.filter(
    ({ permissions = [] }) => role === 'admin' || permissions.some((entry) => roles.includes(entry.role)),
  );
}

const blockOf = (head: string, lines: readonly string[]): string =>
  lines.length === 0 ? '' : `${head} {\n  ${lines.join('\n  ')}\n}`;
const fieldsOf = (fields: readonly CustomField[]): string[] =>
  fields.map(({ name, type }) => `${name}: ${type}`);

/** The custom types of all actions. */
export function typesSdl({ custom_types: types }: Pick<EngineMetadata, 'custom_types'>): string {
  return [
    ...(types.objects ?? []).map(({ name, fields }) => blockOf(`type ${name}`, fieldsOf(fields))),
    ...(types.input_objects ?? []).map(({ name, fields }) => blockOf(`input ${name}`, fieldsOf(fields))),
    ...(types.scalars ?? []).map(({ name }) => `scalar ${name}`),
    ...(types.enums ?? []).map(({ name, values }) =>
      blockOf(
        `enum ${name}`,
        values.map(({ value }) => value),
      ),
    ),
  ].join('\n');
}

/** The field of an action. An asynchronous one answers with its id at once. */
function fieldOf({ name, definition }: Action): string {
  const given = (definition.arguments ?? []).map((argument) => `${argument.name}: ${argument.type}`);
  const type = definition.kind === 'asynchronous' ? 'uuid!' : definition.output_type;
  return `${name}${given.length > 0 ? `(${given.join(', ')})` : ''}: ${type}`;
}

/**
 * The actions' types, and the fields that the role may call. Extensions hold the relationships of the output types to tables;
 * the whole schema of the role decides whether the role sees those tables.
 */
export function actionsDocument(
  metadata: Pick<EngineMetadata, 'custom_types'>,
  permitted: readonly Action[],
  tableTypeOf: (relationship: ActionRelationship) => string | null,
): DocumentNode {
  const isQuery = ({ definition }: Action) => definition.type === 'query';
  const related = (metadata.custom_types.objects ?? []).flatMap(({ name, relationships = [] }) =>
    relationships.flatMap((relationship) => {
      const type = tableTypeOf(relationship);
      return type === null ? [] : [`extend type ${name} { ${relationship.name}: ${type} }`];
    }),
  );
  const roots = [
    blockOf('type Query', permitted.filter(isQuery).map(fieldOf)),
    blockOf('type Mutation', permitted.filter((action) => !isQuery(action)).map(fieldOf)),
  ];
  return parse([typesSdl(metadata), ...roots, ...related].join('\n'));
}

/** The names of the types that an action uses. */
export function typesOf({ definition }: Action): string[] {
  const types = [...(definition.arguments ?? []).map(({ type }) => type), definition.output_type ?? ''];
  const names: string[] = [];
  for (const type of types) visit(parseType(type), { NamedType: ({ name }) => void names.push(name.value) });
  return names;
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
    url: filledIn(env, handler),
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
  if (!isObjectType(nullable)) return;
  if (!isObject(output)) throw unexpected(`expecting ${nullable.name} from the action webhook`);
  for (const field of Object.values(nullable.getFields()))
    if (isNonNullType(field.type) && output[field.name] == null)
      throw unexpected(`field "${field.name}" expected in webhook response, but not found`);
}
