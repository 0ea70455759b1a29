import { z } from 'zod';
import {
  type Answer,
  adminHeaders,
  callEngine,
  type EngineAccess,
  EngineError,
  noEngine,
  shown,
} from './engine-http.ts';

/** An object of the metadata that the engine leaves out of its API, and why. */
export type InconsistentObject = { name: string; reason: string };

export const describeInconsistency = ({ name, reason }: InconsistentObject): string => `${name}: ${reason}`;

/** Objects that conflict with each other have no name of their own. */
const optionalText = z
  .string()
  .nullish()
  .transform((text) => text ?? undefined);
export const inconsistentObject = z.object({
  name: optionalText,
  type: optionalText,
  reason: z.string(),
  objects: z.array(z.object({ name: optionalText })).default([]),
});
const metadataAnswer = z.object({
  is_consistent: z.boolean(),
  inconsistent_objects: z.array(inconsistentObject).default([]),
});
const publicData = z.object({ authConfig: z.object({ issuer: z.string() }).optional() });
const graphqlAnswer = z.object({
  data: publicData.extend({ namespaced: publicData.optional() }).nullish(),
  errors: z.array(z.object({ message: z.string() })).default([]),
});

/** How the engine refuses a request outside `/v1/graphql` (hasura/README.md, "Answers of the engine"). */
const refusal = z.object({ error: z.string(), path: z.string(), code: z.string() });

const post = (engine: EngineAccess, path: string, body: object, headers: Record<string, string> = {}) =>
  callEngine(engine, path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

/** Parses an answer; undefined if it is not JSON, for example a page of a proxy. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function readAnswer<T>({ status, text }: Answer, shape: z.ZodType<T>): T {
  const parsed = shape.safeParse(parseJson(text));
  if (!parsed.success) throw noEngine(status);
  return parsed.data;
}

/**
 * Checks that the engine accepted a request.
 * @throws EngineError with the engine's reason; if it is known, with what to change
 */
export function requireSuccess(answer: Answer): void {
  if (answer.status < 400) return;
  const { error } = readAnswer(answer, refusal);
  if (answer.status === 404)
    throw new EngineError('The engine’s metadata API is off: HASURA_GRAPHQL_ENABLED_APIS lacks `metadata`.');
  if (answer.status === 401) throw new EngineError('The engine refuses HASURA_GRAPHQL_ADMIN_SECRET.');
  throw new EngineError(`The engine refuses: ${shown(error)}`);
}

/** Runs an operation of the metadata API, and returns the inconsistent objects. @throws EngineError saying what to change */
async function runMetadataOperation(
  engine: EngineAccess,
  type: string,
  args: object,
): Promise<InconsistentObject[]> {
  const answer = await post(engine, '/v1/metadata', { type, args }, adminHeaders(engine));
  requireSuccess(answer);
  const { is_consistent: isConsistent, inconsistent_objects: objects } = readAnswer(answer, metadataAnswer);
  if (!isConsistent && objects.length === 0)
    throw new EngineError('The engine says that the metadata is inconsistent, but not which part.');
  return objects.map(nameInconsistency);
}

/** Names an inconsistent object. For objects that conflict, these are the names of all of them. */
export const nameInconsistency = ({
  name,
  type,
  reason,
  objects,
}: z.output<typeof inconsistentObject>): InconsistentObject => ({
  name: name ?? (objects.map((object) => object.name ?? '?').join(', ') || (type ?? 'metadata')),
  reason,
});

/**
 * Lists the objects that the engine could not make part of its API (hasura/README.md, "Using the metadata").
 * @throws EngineError if the engine does not answer or refuses
 */
export const readInconsistencies = (engine: EngineAccess): Promise<InconsistentObject[]> =>
  runMetadataOperation(engine, 'get_inconsistent_metadata', {});

/**
 * Makes the engine read the gateway's schema and the tables again (hasura/README.md, "Using the metadata"). Returns what is
 * inconsistent after that. The metadata stays as it was last applied.
 * @throws EngineError if the engine does not answer or refuses
 */
export const reloadMetadata = (engine: EngineAccess): Promise<InconsistentObject[]> =>
  runMetadataOperation(engine, 'reload_metadata', { reload_remote_schemas: true, reload_sources: true });

/**
 * Asks the engine for its health. Null if it is healthy, otherwise its own words. It counts inconsistent metadata as
 * unhealthy, and needs no metadata API to say so (hasura/README.md, "Using the metadata").
 * @throws EngineError if the engine does not answer
 */
export async function readIllness(engine: EngineAccess): Promise<string | null> {
  const { status, text } = await callEngine(engine, '/healthz?strict=true');
  if (status === 200 && text.startsWith('OK')) return null;
  if (status === 500 && text.startsWith('ERROR')) return shown(text);
  throw noEngine(status);
}

/**
 * Asks the gateway through the engine for public data: the `iss` of its tokens.
 * @param namespace the field around the gateway's root fields; empty without one
 * @throws EngineError with the engine's reason if that fails
 */
export async function askGatewayThroughEngine(engine: EngineAccess, namespace = ''): Promise<string> {
  const config = 'authConfig { issuer }';
  const query = namespace === '' ? `{ ${config} }` : `{ namespaced: ${namespace} { ${config} } }`;
  const answer = await post(engine, '/v1/graphql', { query });
  const { data, errors } = readAnswer(answer, graphqlAnswer);
  const found = data?.namespaced?.authConfig ?? data?.authConfig;
  if (found !== undefined) return found.issuer;
  throw new EngineError(
    `The gateway cannot be reached through the engine: ${shown(errors[0]?.message ?? 'no answer')}`,
  );
}
