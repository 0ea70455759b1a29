import { Refusal, refusal } from '../failure.ts';
import { isTable } from '../filters.ts';
import { type JsonObject, parseFailed } from '../format/parse.ts';
import { readTableName } from '../format/tables.ts';
import type { Inconsistency } from '../inconsistency.ts';
import { copyJson } from '../json.ts';
import type { EngineMetadata, Source, TrackedTable } from '../metadata-types.ts';
import { type EngineState, loadState, type Since, type Surroundings } from '../state.ts';

/** What the metadata API reads and replaces. */
export type MetadataStore = {
  state(): EngineState;
  resourceVersion(): number;
  /** The version rises by one. */
  take(state: EngineState): void;
  /** What changes of the metadata did beside them, which a backup does not undo. */
  effects: string[];
};

type Again = Partial<Omit<Since, 'state'>>;

/** The metadata that a request changes, before the request is written. */
export type Draft = {
  /** Commands change it in place, and then `build`. */
  metadata: EngineMetadata;
  state: EngineState;
  effects: string[];
  /** A command of `bulk_atomic` does not build; the bulk does at its end. */
  isDeferred: boolean;
};

export function draftOf(store: MetadataStore): Draft {
  const state = store.state();
  return { metadata: copyJson(state.metadata), state, effects: [], isDeferred: false };
}

/** Loads the changed metadata, whatever is inconsistent in it. */
export async function load(draft: Draft, again: Again = {}): Promise<void> {
  const { env, connections, version }: Surroundings = draft.state;
  const since = { remoteSchemas: [], sources: [], ...again, state: draft.state };
  draft.state = await loadState(copyJson(draft.metadata), { env, connections, version }, since);
}

const isSame = (one: Inconsistency, other: Inconsistency): boolean =>
  one.type === other.type && (one.name ?? one.reason) === (other.name ?? other.reason);

export const newIn = (after: EngineState, before: EngineState): Inconsistency[] =>
  after.inconsistent.filter((object) => !before.inconsistent.some((known) => isSame(known, object)));

/**
 * Loads the changed metadata and refuses inconsistencies that are new.
 * @param own the object that the command made, as in `remote_schema auth`
 * @throws Refusal naming the own object's reason (`invalid-configuration`), or that others are inconsistent (`unexpected`)
 */
export async function build(draft: Draft, own: string | null, again: Again = {}): Promise<void> {
  if (draft.isDeferred) return;
  const before = draft.state;
  await load(draft, again);
  const found = newIn(draft.state, before);
  const mine = found.find(({ name }) => name === own);
  if (mine !== undefined)
    throw refusal('invalid-configuration', mine.reason.replace('Inconsistent object: ', ''), '$.args');
  if (found.length > 0) throw inconsistent('cannot continue due to newly found inconsistent metadata', found);
}

export const inconsistent = (error: string, objects: readonly Inconsistency[]): Refusal =>
  new Refusal({ error, path: '$.args', code: 'unexpected' }, 400, objects);

export const notExists = (what: string): Refusal => refusal('not-exists', what, '$.args');
export const alreadyExists = (what: string): Refusal => refusal('already-exists', what, '$.args');

/** A source by its name in the arguments; without one it is `default`. */
export function sourceIn({ metadata }: Draft, args: JsonObject): Source {
  const name = args.source ?? 'default';
  if (typeof name !== 'string')
    throw parseFailed('parsing SourceName failed, expected String', '$.args.source');
  const source = metadata.sources.find((known) => known.name === name);
  if (source === undefined) throw notExists(`source with name "${name}" does not exist`);
  return source;
}

/** The tracked table in the arguments, and its source. */
export function trackedIn(
  draft: Draft,
  args: JsonObject,
): { source: Source; tracked: TrackedTable; at: string } {
  const source = sourceIn(draft, args);
  const table = readTableName(args.table, '$.args.table');
  const tracked = source.tables.find(isTable(table));
  if (tracked === undefined)
    throw notExists(`table "${table.schema}.${table.name}" does not exist in source: ${source.name}`);
  return { source, tracked, at: `table ${table.schema}.${table.name} in source ${source.name}` };
}

/** Removes an item of a list. @throws the refusal if it is not in the list */
export function removeFrom<Item>(
  items: readonly Item[] | undefined,
  isIt: (item: Item) => boolean,
  missing: () => Refusal,
): Item[] {
  if (!items?.some(isIt)) throw missing();
  return items.filter((item) => !isIt(item));
}

export const SUCCESS = { message: 'success' };
/** A command of the metadata API: it changes the draft and answers. */
export type Command = (draft: Draft, args: JsonObject, version: number) => Promise<object>;
export type Commands = Readonly<Record<string, Command>>;
