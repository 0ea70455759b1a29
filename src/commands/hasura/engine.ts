import { z } from 'zod';

/** How to reach an engine: its base URL, and its admin secret, without which it tells only what it tells anybody. */
export type EngineAccess = { endpoint: string; adminSecret: string | null };

/** Something of the metadata that the engine leaves out of its API, and why. */
export type InconsistentObject = { name: string; reason: string };

export const describeInconsistency = ({ name, reason }: InconsistentObject): string => `${name}: ${reason}`;

/** Why an engine could not be asked; the sentence is fit for an operator. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
}

/** A reload introspects the gateway and the database before it answers. */
const TIMEOUT_MS = 60_000;
/** Of what the engine says of itself, how much is passed on. */
const MAX_WORDS = 200;
/** Inconsistent objects come with their definitions; whoever sends more is no engine. */
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

/** How the engine says no beside `/v1/graphql` (hasura/README.md, "Answers of the engine"). */
const refusal = z.object({ error: z.string(), path: z.string(), code: z.string() });

/** @throws EngineError for what is no address of an engine: nothing of it may show up, since it may hold a password */
function originOf({ endpoint }: EngineAccess): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
  const isPlain = url !== null && `${url.username}${url.password}` === '' && !/[?#]/.test(endpoint);
  if (
    !isPlain ||
    !/^https?:$/.test(url.protocol) ||
    /\/v\d\w*(?:\/(?:graphql|metadata|query|relay|config|version))?\/*$/.test(url.pathname)
  )
    throw new EngineError(
      'HASURA_GRAPHQL_ENDPOINT is no base URL such as http://localhost:8080, without /v1/graphql.',
    );
  return url.origin;
}

type Answer = { status: number; text: string };

/** Follows no redirect: the admin secret would go along to wherever it leads. */
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
  const leadsTo = URL.canParse(location, base) ? new URL(location, base).origin : 'elsewhere';
  throw new EngineError(`${origin} leads to ${leadsTo}: set HASURA_GRAPHQL_ENDPOINT to where the engine is.`);
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
  new EngineError(`What answers with status ${status} is no graphql-engine.`);

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

/** The headers that make somebody admin. @throws EngineError where they cannot */
function adminHeaders({ adminSecret }: EngineAccess): Record<string, string> {
  if (adminSecret === null) throw new EngineError('Set HASURA_GRAPHQL_ADMIN_SECRET to be told why.');
  if (!/^[\x20-\x7e]+$/.test(adminSecret))
    throw new EngineError('HASURA_GRAPHQL_ADMIN_SECRET has characters that no header may have.');
  return { 'x-hasura-admin-secret': adminSecret };
}

/** @throws EngineError with the engine's reason, and with what to change where that is known */
function requireSuccess(answer: Answer): void {
  if (answer.status < 400) return;
  const { error } = readAnswer(answer, refusal);
  if (answer.status === 404)
    throw new EngineError('The engine’s metadata API is off: HASURA_GRAPHQL_ENABLED_APIS lacks `metadata`.');
  if (answer.status === 401) throw new EngineError('The engine refuses HASURA_GRAPHQL_ADMIN_SECRET.');
  throw new EngineError(`The engine refuses: ${error.slice(0, MAX_WORDS)}`);
}

/** Runs an operation of the metadata API. @throws EngineError with what to change so that it is allowed */
async function runMetadataOperation(
  engine: EngineAccess,
  type: string,
  args: object,
): Promise<InconsistentObject[]> {
  const answer = await post(engine, '/v1/metadata', { type, args }, adminHeaders(engine));
  requireSuccess(answer);
  const { is_consistent: isConsistent, inconsistent_objects: objects } = readAnswer(answer, metadataAnswer);
  if (!isConsistent && objects.length === 0)
    throw new EngineError('The engine says that something is inconsistent, and not what.');
  return objects.map(({ name, type, reason, objects: conflicting }) => ({
    name: name ?? (conflicting.map((object) => object.name ?? '?').join(', ') || (type ?? 'metadata')),
    reason,
  }));
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
  const { status, text } = await call(engine, '/healthz?strict=true');
  if (status === 200 && text.startsWith('OK')) return null;
  if (status === 500 && text.startsWith('ERROR')) return text.slice(0, MAX_WORDS);
  throw noEngine(status);
}

/**
 * Asks the gateway something that anybody may ask, through the engine: the `iss` of its tokens.
 * @throws EngineError with the engine's reason where that fails
 */
export async function askGatewayThroughEngine(engine: EngineAccess): Promise<string> {
  const answer = await post(engine, '/v1/graphql', { query: '{ authConfig { issuer } }' });
  const { data, errors } = readAnswer(answer, graphqlAnswer);
  if (data?.authConfig !== undefined) return data.authConfig.issuer;
  throw new EngineError(
    `The gateway cannot be reached through the engine: ${errors[0]?.message.slice(0, MAX_WORDS) ?? 'no answer'}`,
  );
}
