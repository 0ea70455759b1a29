import { z } from 'zod';

/** How to reach an engine: its base URL without a slash at the end, and its admin secret. */
export type EngineAccess = { endpoint: string; adminSecret: string };

/** Something of the metadata that the engine leaves out of its API, and why. */
export type InconsistentObject = { name: string; reason: string };

/** Why an engine could not be asked; the sentence is fit for an operator. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
}

const TIMEOUT_MS = 60_000;

const metadataAnswer = z.object({
  is_consistent: z.boolean(),
  inconsistent_objects: z.array(z.object({ name: z.string(), reason: z.string() })).default([]),
});
const graphqlAnswer = z.object({
  data: z.object({ authConfig: z.object({ issuer: z.string() }) }).nullish(),
  errors: z.array(z.object({ message: z.string() })).default([]),
});

async function call(engine: EngineAccess, path: string, init: RequestInit = {}): Promise<Response> {
  try {
    return await fetch(`${engine.endpoint}${path}`, { signal: AbortSignal.timeout(TIMEOUT_MS), ...init });
  } catch (cause) {
    throw new EngineError(`The engine does not answer at ${engine.endpoint}.`, { cause });
  }
}

const post = (engine: EngineAccess, path: string, body: object, headers: Record<string, string> = {}) =>
  call(engine, path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

async function readAnswer<T>(response: Response, shape: z.ZodType<T>): Promise<T> {
  const parsed = shape.safeParse(await response.json().catch(() => null));
  if (parsed.success) return parsed.data;
  throw new EngineError(`What answers with status ${response.status} is no graphql-engine.`);
}

/** Runs an operation of the metadata API. @throws EngineError with what to change so that it is allowed */
async function runMetadataOperation(
  engine: EngineAccess,
  type: string,
  args: object,
): Promise<InconsistentObject[]> {
  const headers = { 'x-hasura-admin-secret': engine.adminSecret };
  const response = await post(engine, '/v1/metadata', { type, args }, headers);
  if (response.status === 404)
    throw new EngineError('The engine’s metadata API is off: HASURA_GRAPHQL_ENABLED_APIS lacks `metadata`.');
  if (response.status === 401) throw new EngineError('The engine refuses HASURA_GRAPHQL_ADMIN_SECRET.');
  return (await readAnswer(response, metadataAnswer)).inconsistent_objects;
}

/**
 * What the engine could not make part of its API (hasura/README.md, "Using the metadata").
 * @throws EngineError where the engine cannot be asked
 */
export const readInconsistencies = (engine: EngineAccess): Promise<InconsistentObject[]> =>
  runMetadataOperation(engine, 'get_inconsistent_metadata', {});

/**
 * Lets the engine read the gateway's schema and the tables anew, and returns what is inconsistent after that
 * (hasura/README.md, "Using the metadata"). The metadata stay as they were last applied.
 * @throws EngineError where the engine cannot be asked
 */
export const reloadMetadata = (engine: EngineAccess): Promise<InconsistentObject[]> =>
  runMetadataOperation(engine, 'reload_metadata', { reload_remote_schemas: true, reload_sources: true });

/**
 * What the engine says of its own health: null where all is well, else its words. It counts inconsistent metadata as
 * unhealthy, and needs no metadata API to say so (hasura/README.md, "Using the metadata").
 * @throws EngineError where the engine cannot be asked
 */
export async function readIllness(engine: EngineAccess): Promise<string | null> {
  const response = await call(engine, '/healthz?strict=true');
  if (response.status === 200) return null;
  if (response.status === 500) return await response.text();
  throw new EngineError(`What answers with status ${response.status} is no graphql-engine.`);
}

/**
 * Asks the gateway something that anybody may ask, through the engine: the `iss` of its tokens.
 * @throws EngineError with the engine's reason where that fails
 */
export async function askGatewayThroughEngine(engine: EngineAccess): Promise<string> {
  const response = await post(engine, '/v1/graphql', { query: '{ authConfig { issuer } }' });
  const { data, errors } = await readAnswer(response, graphqlAnswer);
  if (data?.authConfig !== undefined) return data.authConfig.issuer;
  throw new EngineError(
    `The gateway cannot be reached through the engine: ${errors[0]?.message ?? 'no answer'}`,
  );
}
