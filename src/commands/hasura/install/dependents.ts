import { facts } from './facts.ts';
import { itemsOf } from './items.ts';
import { at, isObject, type Json, type JsonObject, objectsOf, textOf } from './json.ts';
import { ownTypes, typesReachedBy } from './own-types.ts';
import type { Place } from './place.ts';
import type { Split } from './split.ts';

/** Keys that only name an object. */
const NAMES: readonly string[] = ['name', 'table', 'type_name'];

/**
 * Lists what is theirs inside our objects: it would vanish with them.
 * @param within only what is inside objects whose path begins so
 */
export function attachedPaths(attached: JsonObject, within = ''): string[] {
  const items = itemsOf(attached);
  const paths = [...items.keys()].filter((path) => path.startsWith(within));
  return paths.filter((path) => {
    const isEmptyShell = Object.keys(items.get(path) as JsonObject).every((key) => NAMES.includes(key));
    return !isEmptyShell || !paths.some((other) => other.startsWith(`${path}, `));
  });
}

/** Whether a value holds an object that fits, at any depth. */
function holds(value: Json, fits: (object: JsonObject) => boolean): boolean {
  if (Array.isArray(value)) return value.some((entry) => holds(entry, fits));
  return isObject(value) && (fits(value) || Object.values(value).some((entry) => holds(entry, fits)));
}

const namesOurTable = (object: JsonObject): boolean =>
  object.schema === facts.schema && typeof object.name === 'string';

/** A join of a source, or a relationship of an action, to one of our tables. */
const leadsToOurTable = (source: string | null) => (object: JsonObject) =>
  object.source === source && holds(object, namesOurTable);

const namesOurRemoteSchema = (object: JsonObject): boolean => object.remote_schema === facts.remoteSchema;

/** Lists objects of theirs that name one of our tables. */
export function tableDependents(theirs: JsonObject, { source }: Pick<Place, 'source'>): string[] {
  return [...itemsOf(theirs)].flatMap(([path, value]) => {
    const fits = path.startsWith(`source ${source}, `) ? namesOurTable : leadsToOurTable(source);
    return holds(value, fits) ? [path] : [];
  });
}

/** Lists actions of theirs that use a type of ours. */
function actionDependents(metadata: JsonObject, { theirs }: Split, ours: JsonObject): string[] {
  const own = ownTypes(metadata, ours);
  return objectsOf(theirs.actions).flatMap((action) => {
    const used = [...typesReachedBy(metadata, [action])].filter((type) => own.has(type));
    return used.length === 0 ? [] : [`action ${textOf(action.name)} (type ${used.join(', ')})`];
  });
}

/**
 * Lists what of theirs depends on ours, as far as the metadata shows it. The engine finds the rest: a relationship by a column's
 * foreign key, and a filter that goes through it.
 */
export function dependentsOf(
  metadata: JsonObject,
  parts: Split,
  input: { place: Place; ours: JsonObject },
): string[] {
  const joins = [...itemsOf(parts.theirs)].flatMap(([path, value]) =>
    holds(value, namesOurRemoteSchema) ? [path] : [],
  );
  return [
    ...new Set([
      ...attachedPaths(parts.attached),
      ...tableDependents(parts.theirs, input.place),
      ...joins,
      ...actionDependents(metadata, parts, input.ours),
    ]),
  ];
}

/** Whether an object of theirs has the role of the gateway's users, for the report. */
export const usesRole = (theirs: JsonObject, role: string): boolean =>
  holds(theirs, (object) => object.role === role && at(object, 'permission') !== undefined);
