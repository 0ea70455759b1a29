import { isObject, kindOf, refusal } from './failure.ts';
import type { Inconsistency } from './inconsistency.ts';
import type { EngineState, Reload } from './state.ts';

/** The state that the metadata API reads and replaces. */
export type MetadataTarget = {
  state(): EngineState;
  /** Reads the named parts again. The result takes effect only by `take`. */
  load(reload: Reload): Promise<EngineState>;
  take(state: EngineState): void;
};

type Args = Readonly<Record<string, unknown>>;
type Operation = { type: string; args: unknown };

const parseFailed = (message: string, path?: string) => refusal('parse-failed', message, path);

function requireObject(value: unknown, name: string, path?: string): Args {
  if (isObject(value)) return value;
  throw parseFailed(`parsing ${name} failed, expected Object, but encountered ${kindOf(value)}`, path);
}

function requireKey(object: Args, key: string, path?: string): unknown {
  if (!(key in object)) throw parseFailed(`key "${key}" not found`, path);
  return object[key];
}

/** Reads the type and arguments of a request, before its role is checked. */
export function readOperation(body: unknown): Operation {
  const request = requireObject(body, 'RQLMetadata');
  const type = String(requireKey(request, 'type'));
  if (!Object.hasOwn(OPERATIONS, type)) {
    const [backend = ''] = type.split('_');
    throw parseFailed(
      `unknown metadata command "${type}"; "${backend}" was not recognized as a valid backend name`,
    );
  }
  return { type, args: requireKey(request, 'args') };
}

/**
 * Runs an operation of `POST /v1/metadata` that hasura/README.md, "Answers of the engine", describes: they list inconsistent
 * objects and reload metadata.
 */
export function runMetadataOperation(target: MetadataTarget, { type, args }: Operation): Promise<object> {
  const run = OPERATIONS[type];
  if (run === undefined) throw new Error(`The metadata operation ${type} is not played.`);
  return run(target, args);
}

const OPERATIONS: Record<string, (target: MetadataTarget, args: unknown) => Promise<object>> = {
  async get_inconsistent_metadata(target) {
    const { inconsistent } = target.state();
    return { is_consistent: inconsistent.length === 0, inconsistent_objects: inconsistent };
  },
  reload_metadata: reloadMetadata,
  reload_remote_schema: reloadRemoteSchema,
};

/** The chosen names: all for true, none for false, else a list. */
function readNames(given: unknown, known: readonly string[], { what, byDefault }: Choice): readonly string[] {
  if (given === undefined) return byDefault ? known : [];
  if (typeof given === 'boolean') return given ? known : [];
  if (!Array.isArray(given))
    throw parseFailed(`expected Array, but encountered ${kindOf(given)}`, `$.args.${what.key}`);
  for (const name of given)
    if (!known.includes(name))
      throw refusal('not-exists', `${what.name} with name "${name}" not found in metadata`, '$.args');
  return given as string[];
}
type Choice = { what: { key: string; name: string }; byDefault: boolean };

const SOURCES = ['portcullis'];

/** Succeeds even if objects are inconsistent afterwards, and lists them. */
async function reloadMetadata(target: MetadataTarget, given: unknown): Promise<object> {
  const args = requireObject(given, 'ReloadMetadata', '$.args');
  const known = target.state().metadata.remoteSchemas.map(({ name }) => name);
  const remoteSchemas = readNames(args.reload_remote_schemas, known, {
    what: { key: 'reload_remote_schemas', name: 'Remote schema' },
    byDefault: true,
  });
  const source = (key: string, byDefault: boolean) =>
    readNames(args[key], SOURCES, { what: { key, name: 'Source' }, byDefault });
  source('recreate_event_triggers', false);
  const state = await target.load({ remoteSchemas, sources: source('reload_sources', true).length > 0 });
  target.take(state);
  const { inconsistent } = state;
  return {
    message: 'success',
    is_consistent: inconsistent.length === 0,
    ...(inconsistent.length > 0 && { inconsistent_objects: inconsistent }),
  };
}

/** Fails without a change if the reload would make another object inconsistent. */
async function reloadRemoteSchema(target: MetadataTarget, given: unknown): Promise<object> {
  const name = requireKey(requireObject(given, 'RemoteSchemaNameQuery', '$.args'), 'name', '$.args');
  const before = target.state();
  if (!before.metadata.remoteSchemas.some((remoteSchema) => remoteSchema.name === name))
    throw refusal('not-exists', `remote schema with name "${name}" does not exist`, '$.args');
  const after = await target.load({ remoteSchemas: [String(name)], sources: false });
  const known = (object: Inconsistency) => before.inconsistent.some((other) => other.name === object.name);
  if (!after.inconsistent.every(known))
    throw refusal('unexpected', 'cannot continue due to newly found inconsistent metadata', '$.args', 500);
  target.take(after);
  return { message: 'success' };
}
