import { nameClashes, namesakes, type RemoteSchemas } from './clashes/clashes.ts';
import { attachedPaths, dependentsOf, tableDependents, usesRole } from './dependents.ts';
import { facts } from './facts.ts';
import { ancestorsOf, withInheritedRoles } from './inherited-roles.ts';
import { type Change, changesBetween, differences, itemsOf } from './items.ts';
import { at, type JsonObject, objectOf, objectsOf, textOf } from './json.ts';
import { mergeByName } from './lists.ts';
import type { InstallOptions } from './options.ts';
import { makeOurs, type Target } from './ours.ts';
import { findPlace, isOurRemoteSchema, isOurSource, type Place } from './place.ts';
import { InstallRefusal } from './refusal.ts';
import { brokenQueries } from './saved-queries.ts';
import { type Split, split } from './split.ts';

/** What the installer would send, and how it proves that nothing else changed. */
export type Plan = {
  place: Place;
  target: Target;
  ours: JsonObject;
  /** The metadata to send. */
  metadata: JsonObject;
  changes: Change[];
  /** What an operator should know about what is theirs. */
  notes: string[];
  /** Lists what of theirs differs in other metadata; empty if nothing does. */
  foreignChanges: (after: JsonObject) => string[];
};

export type PlanInput = {
  metadata: JsonObject;
  options: Pick<InstallOptions, 'remove' | 'source' | 'namespace' | 'typePrefix'>;
  /** Generates our part of the metadata for a source of this name. */
  generate: (source: string) => object;
  unauthorizedRole: string;
  schemas: RemoteSchemas;
  /** The engine's naming convention for sources without one. */
  defaultConvention: string;
  /** The names of cron triggers that the export leaves out (`include_in_metadata: false`). */
  hiddenCronTriggers: readonly string[];
};

/** Our objects as this version makes them, for the place and the options. */
function ourObjects({ metadata, options, generate, unauthorizedRole }: PlanInput, place: Place) {
  const target: Target = {
    source: options.source ?? place.source ?? facts.source,
    namespace: options.namespace ?? place.namespace,
    typePrefix: options.typePrefix ?? place.typePrefix,
    unauthorizedRole,
  };
  const installed = {
    source: objectsOf(metadata.sources).find(isOurSource) ?? {},
    remoteSchema: objectsOf(metadata.remote_schemas).find(isOurRemoteSchema) ?? {},
  };
  return { target, ours: makeOurs(generate(target.source), target, installed) };
}

/**
 * Plans an installation, an upgrade or a removal on an engine's metadata.
 * @throws InstallRefusal with what stands in the way, and what resolves it
 */
export function planChanges(input: PlanInput): Plan {
  const { metadata, options } = input;
  const place = findPlace(metadata);
  const { target, ours: generated } = ourObjects(input, place);
  const parts = split(metadata, place, generated);
  const ours = withInheritedRoles(generated, metadata, parts.attached);
  const next = options.remove
    ? removal(input, { place, ours, parts })
    : installation(input, { place, target, ours, parts });
  const asIs = (state: JsonObject) => {
    const { theirs, attached } = split(state, findPlace(state), ours);
    return [...differences(parts.theirs, theirs), ...differences(parts.attached, attached)];
  };
  const lost = asIs(next);
  if (lost.length > 0) throw new Error(`The installer would change what is not ours: ${lost.join('; ')}.`);
  return {
    ...{ place, target, ours, metadata: next },
    changes: changesBetween(metadata, next),
    notes: [...(options.remove ? [] : notesOn(parts, ours)), ...brokenQueries(metadata, next, input)],
    foreignChanges: asIs,
  };
}

type Prepared = { place: Place; ours: JsonObject; parts: Split };

function removal({ metadata }: PlanInput, { place, ours, parts }: Prepared): JsonObject {
  const dependents = dependentsOf(metadata, parts, { place, ours });
  if (dependents.length > 0)
    throw new InstallRefusal(
      'Not removed: these objects of yours depend on objects of Portcullis. Remove them first.',
      dependents,
    );
  return parts.theirs;
}

function installation(input: PlanInput, prepared: Prepared & { target: Target }): JsonObject {
  const { place, target, ours, parts } = prepared;
  checkTarget(parts.theirs, target);
  const moving = place.source !== null && place.source !== target.source;
  const stranded = moving
    ? [...attachedPaths(parts.attached, `source ${place.source}`), ...tableDependents(parts.theirs, place)]
    : [];
  if (stranded.length > 0)
    throw new InstallRefusal(
      `Not moved from source ${place.source} to ${target.source}: these objects of yours depend on the tables of Portcullis there.`,
      stranded,
    );
  const { schemas, defaultConvention } = input;
  const { theirs } = parts;
  const clashes = [
    ...namesakes(ours, withHidden(theirs, input.hiddenCronTriggers)),
    ...relationshipClashes(ours, parts.attached),
    ...nameClashes({ ours, theirs, schemas, defaultConvention }),
  ];
  if (clashes.length > 0)
    throw new InstallRefusal('Not installed: names of yours would clash with Portcullis.', clashes);
  return mergeByName(mergeByName(theirs, ours), parts.attached);
}

/** Lists their relationships on our tables that have the name of one of ours. */
function relationshipClashes(ours: JsonObject, attached: JsonObject): string[] {
  const made = itemsOf(ours);
  return attachedPaths(attached)
    .filter((path) => /, relationship [^,]+$/.test(path) && made.has(path))
    .map((path) => `Your object has a name that Portcullis needs, rename it: ${path}.`);
}

/** Adds the cron triggers that the export leaves out: they keep their names. */
const withHidden = (theirs: JsonObject, hidden: readonly string[]): JsonObject => ({
  ...theirs,
  cron_triggers: [...objectsOf(theirs.cron_triggers), ...hidden.map((name) => ({ name }))],
});

/** Checks that the source that shall hold our tables can. */
function checkTarget(theirs: JsonObject, { source }: Target): void {
  if (source === facts.source) return;
  const names = objectsOf(theirs.sources).map(({ name }) => textOf(name));
  const holder = objectsOf(theirs.sources).find(({ name }) => name === source);
  if (holder === undefined)
    throw new InstallRefusal(`The engine has no source ${source}. It has: ${names.join(', ') || 'none'}.`);
  // An export may leave out the kind that is the default.
  if (holder.kind !== undefined && holder.kind !== 'postgres')
    throw new InstallRefusal(
      `The source ${source} is not of kind postgres: the tables of Portcullis are in Postgres.`,
    );
}

/** Says what of theirs is close to ours. */
function notesOn({ theirs, attached }: Split, ours: JsonObject): string[] {
  const [remoteSchema] = objectsOf(ours.remote_schemas);
  const roles = objectsOf(remoteSchema?.permissions).map(({ role }) => textOf(role));
  const shared = roles.filter((role) => usesRole(theirs, role));
  const inheritedRoles = objectsOf(theirs.inherited_roles);
  const inherited = inheritedRoles.filter(({ role_name: name }) => {
    const ancestors = ancestorsOf(textOf(name), inheritedRoles);
    return roles.some((role) => ancestors.has(role));
  });
  return [
    ...shared.map((role) => `Your role ${role} gains the fields of Portcullis.`),
    ...inherited.map(
      ({ role_name: role }) => `Your inherited role ${textOf(role)} gains them too, by its parents.`,
    ),
    ...attachedPaths(attached).map((path) => `Stays yours: ${path}.`),
    ...objectsOf(attached.sources).flatMap(watchedTables),
  ];
}

/** Event triggers send every column, and computed fields bypass row permissions in some engines. */
function watchedTables(source: JsonObject): string[] {
  return objectsOf(source.tables)
    .filter(({ table }) => at(table, 'schema') === facts.schema)
    .filter((table) =>
      [table.event_triggers, table.computed_fields].some((list) => objectsOf(list).length > 0),
    )
    .map(
      ({ table }) =>
        `Take care: ${textOf(objectOf(table).name)} of Portcullis has an event trigger or a computed field of yours (hasura/README.md, "Tables").`,
    );
}
