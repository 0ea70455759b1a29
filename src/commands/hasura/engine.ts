import { z } from 'zod';

/** How to reach an engine: its base URL and its admin secret. Without the secret, the engine returns only public data. */
export type EngineAccess = { endpoint: string; adminSecret: string | null };

/** An object of the metadata that the engine leaves out of its API, and why. */
export type InconsistentObject = { name: string; reason: string };

export const describeInconsistency = ({ name, reason }: InconsistentObject): string => `${name}: ${reason}`;

/** Why a request to an engine failed. The message may be shown to an operator. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
}

/** In a reload, the engine introspects the gateway and the database before it answers. */
const TIMEOUT_MS = 60_000;
/** The maximum length of an engine's text that is shown. */
const MAX_TEXT_LENGTH = 200;
/**
 * The maximum size of an answer. Inconsistent objects come with their definitions; a server that sends more is not an
 * engine.
 */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** Objects that conflict with each other have no name of their own. */
const inconsistentObject = z.object({
  name: z.string().optional(),
  type: z.string().optional(),
  reason: z.string(),
  objects: z.array(z.object({ name: z.string().optional() })).default([]),
});
const metadataAnswer = z.object({
  is_consistent: z.boolean(),
  inconsistent_objects: z.array(inconsistentObject).default([]),
});
const graphqlAnswer = z.object({
  data: z.object({ authConfig: z.object({ issuer: z.string() }) }).nullish(),
  errors: z.array(z.object({ message: z.string() })).default([]),
});

/** How the engine refuses a request outside `/v1/graphql` (hasura/README.md, "Answers of the engine"). */
const refusal = z.object({ error: z.string(), path: z.string(), code: z.string() });

/**
 * Returns the origin of the engine's URL.
 * @throws EngineError if it is not the address of an engine. The message does not quote it, since it may hold a password.
 */
function originOf({ endpoint }: EngineAccess): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
  const isPlain = url !== null && `${url.username}${url.password}` === '' && !/[?#]/.test(endpoint);
  if (
    !isPlain ||
    !/^https?:$/.test(url.protocol) ||
    /\/v\d\w*(?:\/(?:graphql|metadata|query|relay|config|version))?\/*$/.test(url.pathname)
  )
    throw new EngineError(
      'HASURA_GRAPHQL_ENDPOINT must be a base URL like http://localhost:8080, without /v1/graphql.',
    );
  return url.origin;
}

type Answer = { status: number; text: string };

/** Calls the engine. It does not follow a redirect, which would send the admin secret to another server. */
async function call(engine: EngineAccess, path: string, init: RequestInit = {}): Promise<Answer> {
  const origin = originOf(engine);
  const options = { ...init, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) } as const;
  const base = engine.endpoint.replace(/\/+$/, '');
  const answer = await fetch(`${base}${path}`, options)
    .then(async (response) => ({ response, text: await readText(response) }))
    .catch((cause: unknown) => {
      throw new EngineError(`The engine does not answer at ${origin}.`, { cause });
    });
  const { response, text } = answer;
  if (response.status < 300 || response.status > 399) return { status: response.status, text };
  const location = response.headers.get('location') ?? '';
  const leadsTo = URL.canParse(location, base) ? new URL(location, base).origin : 'another address';
  throw new EngineError(
    `${origin} redirects to ${leadsTo}: set HASURA_GRAPHQL_ENDPOINT to the address of the engine.`,
  );
}

async function readText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES) throw new Error('The answer is too large.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const post = (engine: EngineAccess, path: string, body: object, headers: Record<string, string> = {}) =>
  call(engine, path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

const noEngine = (status: number) =>
  new EngineError(`The server that answers with status ${status} is not a graphql-engine.`);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readAnswer<T>({ status, text }: Answer, shape: z.ZodType<T>): T {
  const parsed = shape.safeParse(parseJson(text));
  if (!parsed.success) throw noEngine(status);
  return parsed.data;
}

/** Makes the headers of an admin's request. @throws EngineError if the secret is missing, or does not fit into a header */
function adminHeaders({ adminSecret }: EngineAccess): Record<string, string> {
  if (adminSecret === null) throw new EngineError('Set HASURA_GRAPHQL_ADMIN_SECRET to see why.');
  if (!/^[\x20-\x7e]+$/.test(adminSecret))
    throw new EngineError('HASURA_GRAPHQL_ADMIN_SECRET has characters that are not allowed in a header.');
  return { 'x-hasura-admin-secret': adminSecret };
}

/**
 * Checks that the engine accepted a request.
 * @throws EngineError with the engine's reason; if it is known, with what to change
 */
function requireSuccess(answer: Answer): void {
  if (answer.status < 400) return;
  const { error } = readAnswer(answer, refusal);
  if (answer.status === 404)
    throw new EngineError('The engine’s metadata API is off: HASURA_GRAPHQL_ENABLED_APIS lacks `metadata`.');
  if (answer.status === 401) throw new EngineError('The engine refuses HASURA_GRAPHQL_ADMIN_SECRET.');
  throw new EngineError(`The engine refuses: ${error.slice(0, MAX_TEXT_LENGTH)}`);
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
    throw new EngineError('The engine says that the metadata are inconsistent, but not which part.');
  return objects.map(({ name, type, reason, objects: conflicting }) => ({
    name: name ?? (conflicting.map((object) => object.name ?? '?').join(', ') || (type ?? 'metadata')),
    reason,
  }));
}

/**
 * Lists the objects that the engine could not make part of its API (hasura/README.md, "Using the metadata").
 * @throws EngineError if the engine does not answer or refuses
 */
export const readInconsistencies = (engine: EngineAccess): Promise<InconsistentObject[]> =>
  runMetadataOperation(engine, 'get_inconsistent_metadata', {});

/**
 * Makes the engine read the gateway's schema and the tables again (hasura/README.md, "Using the metadata"). Returns what is
 * inconsistent after that. The metadata stay as they were last applied.
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
  const { status, text } = await call(engine, '/healthz?strict=true');
  if (status === 200 && text.startsWith('OK')) return null;
  if (status === 500 && text.startsWith('ERROR')) return text.slice(0, MAX_TEXT_LENGTH);
  throw noEngine(status);
}

/**
 * Asks the gateway through the engine for public data: the `iss` of its tokens.
 * @throws EngineError with the engine's reason if that fails
 */
export async function askGatewayThroughEngine(engine: EngineAccess): Promise<string> {
  const answer = await post(engine, '/v1/graphql', { query: '{ authConfig { issuer } }' });
  const { data, errors } = readAnswer(answer, graphqlAnswer);
  if (data?.authConfig !== undefined) return data.authConfig.issuer;
  throw new EngineError(
    `The gateway cannot be reached through the engine: ${errors[0]?.message.slice(0, MAX_TEXT_LENGTH) ?? 'no answer'}`,
  );
}
