import { kindOf, refusal } from '../failure.ts';
import { emptyMetadata, exportWhole, readWhole } from '../format/metadata.ts';
import { type JsonObject, parseFailed, requireKey } from '../format/parse.ts';
import { isSameJson } from '../json.ts';
import type { EngineMetadata } from '../metadata-types.ts';
import {
  alreadyExists,
  type Command,
  type Commands,
  type Draft,
  inconsistent,
  load,
  newIn,
  notExists,
  SUCCESS,
} from './draft.ts';

// Commands about the metadata as a whole (hasura/README.md, "Answers of the engine" and "Foreign metadata").

/** Hidden cron triggers are not in an export, and stay. */
function withHidden(given: EngineMetadata, { cron_triggers: known }: EngineMetadata): EngineMetadata {
  const hidden = known.filter((trigger) => !trigger.include_in_metadata);
  const twice = given.cron_triggers.find(({ name }) => hidden.some((trigger) => trigger.name === name));
  if (twice !== undefined) throw alreadyExists(`cron trigger with name "${twice.name}" already exists`);
  return { ...given, cron_triggers: [...given.cron_triggers, ...hidden] };
}

type Named = { name: string };
const eventTriggers = ({ sources }: EngineMetadata): Map<string, Named> =>
  new Map(
    sources.flatMap(({ name: source, tables }) =>
      tables.flatMap(({ table, event_triggers: triggers = [] }) =>
        triggers.map((trigger): [string, Named] => [
          `${source} ${table.schema}.${table.name} ${trigger.name}`,
          trigger,
        ]),
      ),
    ),
  );

/** What a replacement does in the databases, which its reverse does not undo. */
function noteEffects(draft: Draft, before: EngineMetadata): void {
  const after = eventTriggers(draft.metadata);
  for (const [key, trigger] of eventTriggers(before))
    if (!after.has(key)) draft.effects.push(`event trigger ${trigger.name}: dropped, its events are gone`);
  for (const trigger of before.cron_triggers) {
    const kept = draft.metadata.cron_triggers.find(({ name }) => name === trigger.name);
    if (kept === undefined || !isSameJson(kept, trigger))
      draft.effects.push(`cron trigger ${trigger.name}: its pending events are dropped`);
  }
}

/** Reads all sources again, and those remote schemas whose definition has changed. */
async function replaceWith(
  draft: Draft,
  given: EngineMetadata,
  allowsInconsistent: boolean,
): Promise<object> {
  const before = draft.metadata;
  draft.metadata = withHidden(given, before);
  await load(draft, { sources: given.sources.map(({ name }) => name) });
  const found = draft.state.inconsistent;
  if (!allowsInconsistent && found.length > 0)
    throw inconsistent('cannot continue due to inconsistent metadata', found);
  noteEffects(draft, before);
  return { is_consistent: found.length === 0, inconsistent_objects: found };
}

/** The chosen names: all for true, none for false, else a list. */
function readNames(given: unknown, known: readonly string[], { what, byDefault }: Choice): readonly string[] {
  if (given === undefined) return byDefault ? known : [];
  if (typeof given === 'boolean') return given ? known : [];
  if (!Array.isArray(given))
    throw parseFailed(`expected Array, but encountered ${kindOf(given)}`, `$.args.${what.key}`);
  for (const name of given)
    if (!known.includes(name)) throw notExists(`${what.name} with name "${name}" not found in metadata`);
  return given as string[];
}
type Choice = { what: { key: string; name: string }; byDefault: boolean };

/** Succeeds even if objects are inconsistent afterwards, and lists them. */
const reloadMetadata: Command = async (draft, args) => {
  const names = (items: readonly Named[]) => items.map(({ name }) => name);
  const remoteSchemas = readNames(args.reload_remote_schemas, names(draft.metadata.remote_schemas), {
    what: { key: 'reload_remote_schemas', name: 'Remote schema' },
    byDefault: true,
  });
  const source = (key: string, byDefault: boolean) =>
    readNames(args[key], names(draft.metadata.sources), { what: { key, name: 'Source' }, byDefault });
  source('recreate_event_triggers', false);
  await load(draft, { remoteSchemas, sources: source('reload_sources', true) });
  const found = draft.state.inconsistent;
  return {
    ...SUCCESS,
    is_consistent: found.length === 0,
    ...(found.length > 0 && { inconsistent_objects: found }),
  };
};

/** Fails without a change if the reload would make another object inconsistent. */
const reloadRemoteSchema: Command = async (draft, args) => {
  const name = requireKey(args, 'name', '$.args');
  if (!draft.metadata.remote_schemas.some((remoteSchema) => remoteSchema.name === name))
    throw notExists(`remote schema with name "${name}" does not exist`);
  const before = draft.state;
  await load(draft, { remoteSchemas: [String(name)] });
  if (newIn(draft.state, before).length > 0)
    throw refusal('unexpected', 'cannot continue due to newly found inconsistent metadata', '$.args', 500);
  return SUCCESS;
};

export const READ_COMMANDS: Commands = {
  async get_inconsistent_metadata({ state: { inconsistent: objects } }) {
    return { is_consistent: objects.length === 0, inconsistent_objects: objects };
  },
};

/** Version 2 of the export has the version of the metadata too. */
export const exportCommand = (resourceVersion: number, { metadata }: Draft, version: number): object =>
  version === 2
    ? { resource_version: resourceVersion, metadata: exportWhole(metadata) }
    : exportWhole(metadata);

export const WHOLE_COMMANDS: Commands = {
  /** Version 1 takes the metadata alone, and is as strict as version 2 unless that says otherwise. */
  async replace_metadata(draft, args, version) {
    if (version !== 2) {
      await replaceWith(draft, readWhole(args), false);
      return SUCCESS;
    }
    const given = readWhole(requireKey(args, 'metadata', '$.args'), '$.args.metadata');
    return replaceWith(draft, given, isAllowed(args, 'allow_inconsistent_metadata'));
  },
  async clear_metadata(draft) {
    await replaceWith(draft, emptyMetadata(), true);
    return SUCCESS;
  },
  reload_metadata: reloadMetadata,
  reload_remote_schema: reloadRemoteSchema,
};

function isAllowed(args: JsonObject, key: string): boolean {
  const given = args[key] ?? false;
  if (typeof given === 'boolean') return given;
  throw parseFailed(`parsing Bool failed, expected Bool, but encountered ${kindOf(given)}`, `$.args.${key}`);
}
