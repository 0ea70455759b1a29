import { z } from 'zod';
import {
  type InconsistentObject,
  inconsistentObject,
  nameInconsistency,
  readAnswer,
  requireSuccess,
} from '../engine.ts';
import {
  type Answer,
  adminHeaders,
  type Bounds,
  callEngine,
  type EngineAccess,
  EngineError,
  shown,
} from '../engine-http.ts';
import { at, isObject, type Json, type JsonObject, parseJson, writeJson } from './json.ts';

/** A large application has some megabytes of metadata, and its engine builds the schema of every role before it answers. */
const bounds: Bounds = { timeoutMs: 300_000, maxBytes: 256 * 1024 * 1024 };

/** The metadata of an engine, with the number that grows at each change. */
export type Exported = { resourceVersion: Json; metadata: JsonObject };

const send = (engine: EngineAccess, body: Json | object): Promise<Answer> =>
  callEngine(
    engine,
    '/v1/metadata',
    {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...adminHeaders(engine) },
      body: writeJson(body),
    },
    bounds,
  );

function parsed(text: string): Json {
  try {
    return parseJson(text);
  } catch (cause) {
    throw new EngineError('The engine answers with JSON that cannot be read.', { cause });
  }
}

/** Reads the engine's metadata. @throws EngineError if it refuses, or has metadata of another version than 3 */
export async function exportMetadata(engine: EngineAccess): Promise<Exported> {
  const answer = await send(engine, { type: 'export_metadata', version: 2, args: {} });
  requireSuccess(answer);
  const exported = parsed(answer.text);
  const [resourceVersion, metadata] = [at(exported, 'resource_version'), at(exported, 'metadata')];
  if (resourceVersion === undefined || !isObject(metadata) || String(metadata.version) !== '3')
    throw new EngineError('The engine has no metadata of version 3: the installer needs Hasura v2.');
  return { resourceVersion, metadata };
}

/** An inconsistent object, with a text that stays the same while it is inconsistent. */
export type Inconsistency = InconsistentObject & { key: string };

const inconsistencies = z.array(inconsistentObject);

const withKeys = (objects: z.output<typeof inconsistencies>): Inconsistency[] =>
  objects.map((object) => {
    const named = nameInconsistency(object);
    const isNamed = object.name !== undefined || object.objects.length > 0;
    const key = `${object.type ?? ''} ${named.name}${isNamed ? '' : ` ${named.reason}`}`;
    return { ...named, reason: shown(named.reason), key };
  });

/** Lists what the engine leaves out of its API at present. @throws EngineError */
export async function readBaseline(engine: EngineAccess): Promise<Inconsistency[]> {
  const answer = await send(engine, { type: 'get_inconsistent_metadata', args: {} });
  requireSuccess(answer);
  return withKeys(
    readAnswer(answer, z.object({ inconsistent_objects: inconsistencies })).inconsistent_objects,
  );
}

/** Asks the engine for the introspection of one of its remote schemas; null if it has none, because the service is away. @throws EngineError */
export async function introspectRemoteSchema(engine: EngineAccess, name: string): Promise<unknown> {
  const answer = await send(engine, { type: 'introspect_remote_schema', args: { name } });
  return answer.status === 200 ? readAnswer(answer, z.unknown()) : null;
}

/** Lists the names of all cron triggers, hidden ones included. Null if the engine does not know the operation. @throws EngineError */
export async function readCronTriggerNames(engine: EngineAccess): Promise<string[] | null> {
  const answer = await send(engine, { type: 'get_cron_triggers', args: {} });
  const shape = z.object({ cron_triggers: z.array(z.object({ name: z.string() })) });
  if (answer.status !== 200) return null;
  return readAnswer(answer, shape).cron_triggers.map(({ name }) => name);
}

/** How the engine took a change of its metadata. */
export type Outcome =
  | { kind: 'done'; inconsistent: Inconsistency[] }
  /** Another client changed the metadata first. Nothing was written. */
  | { kind: 'conflict' }
  /** The engine refuses. Nothing was written. */
  | { kind: 'refused'; reason: string; inconsistent: Inconsistency[] };

/** The operation that replaces the metadata. It is also what the backup holds. */
export const replaceOperation = (metadata: JsonObject, allowInconsistent: boolean) => ({
  type: 'replace_metadata',
  version: 2,
  args: { allow_inconsistent_metadata: allowInconsistent, metadata },
});

/**
 * Replaces the metadata in one locked request: the engine writes all of it, or nothing. With `reload` it introspects that remote
 * schema before. Otherwise, new SDLs would meet the old introspection.
 */
export async function replaceMetadata(
  engine: EngineAccess,
  input: { resourceVersion: Json; metadata: JsonObject; allowInconsistent: boolean; reload: string | null },
): Promise<Outcome> {
  const { resourceVersion, metadata, allowInconsistent, reload } = input;
  const reloading = {
    type: 'reload_metadata',
    args: { reload_remote_schemas: [reload], reload_sources: false, recreate_event_triggers: false },
  };
  const args = [...(reload === null ? [] : [reloading]), replaceOperation(metadata, allowInconsistent)];
  const answer = await send(engine, { type: 'bulk', resource_version: resourceVersion, args });
  if (answer.status === 409) return { kind: 'conflict' };
  if (answer.status !== 200) return refused(answer);
  const shape = z.array(z.looseObject({ inconsistent_objects: inconsistencies.default([]) }));
  const [replaced] = readAnswer(answer, shape).slice(-1);
  return { kind: 'done', inconsistent: withKeys(replaced?.inconsistent_objects ?? []) };
}

function refused(answer: Answer): Outcome {
  if (answer.status === 401 || answer.status === 404) requireSuccess(answer);
  const shape = z.object({ error: z.string(), internal: z.unknown().optional() });
  const { error, internal } = readAnswer(answer, shape);
  const listed = inconsistencies.safeParse(internal);
  return { kind: 'refused', reason: shown(error), inconsistent: listed.success ? withKeys(listed.data) : [] };
}
