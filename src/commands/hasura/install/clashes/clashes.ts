import type { GraphQLSchema } from 'graphql';
import { facts } from '../facts.ts';
import { at, type JsonObject, objectOf, objectsOf, textOf } from '../json.ts';
import { keyedList, tableKey } from '../lists.ts';
import { customTypes } from '../own-types.ts';
import type { Claim } from './claims.ts';
import { claimsOfRemoteSchema } from './remote-claims.ts';
import { claimsOfSource } from './table-claims.ts';

/** The schemas behind remote schemas, by name. One is missing if the engine could not introspect it. */
export type RemoteSchemas = ReadonlyMap<string, GraphQLSchema>;

function claimsOfActions(metadata: JsonObject): Claim[] {
  const actions = objectsOf(metadata.actions).map(({ name }): Claim => {
    const action = textOf(name);
    return { name: action, kind: 'root field', by: `action ${action}`, shape: null };
  });
  const scalars = objectsOf(at(metadata.custom_types, 'scalars'));
  const types = customTypes(metadata).map((type): Claim => {
    const name = textOf(type.name);
    return {
      name,
      kind: 'type',
      by: `the actions' type ${name}`,
      shape: scalars.includes(type) ? 'scalar' : null,
    };
  });
  return [...actions, ...types];
}

/** Lists the GraphQL names that the objects of the metadata use. */
export function claimsOf(metadata: JsonObject, schemas: RemoteSchemas, defaultConvention: string): Claim[] {
  return [
    ...objectsOf(metadata.sources).flatMap((source) => claimsOfSource(source, defaultConvention)),
    ...objectsOf(metadata.remote_schemas).flatMap((entry) => {
      const schema = schemas.get(textOf(entry.name));
      const customization = objectOf(at(entry.definition, 'customization'));
      return schema === undefined ? [] : claimsOfRemoteSchema(textOf(entry.name), schema, customization);
    }),
    ...claimsOfActions(metadata),
  ];
}

const OPTION = { 'root field': '--namespace <name>', type: '--type-prefix <prefix>' } as const;

/**
 * Lists the GraphQL names that are ours and theirs at once, each with the option that resolves it. One object of theirs gets one
 * line for its root fields and one for its types.
 */
export function nameClashes(input: {
  ours: JsonObject;
  theirs: JsonObject;
  schemas: RemoteSchemas;
  defaultConvention: string;
}): string[] {
  const { ours, theirs, schemas, defaultConvention } = input;
  // Our tables in a source of theirs follow its customization.
  const placed = { ...ours, sources: objectsOf(ours.sources).map((source) => inTheirSource(source, theirs)) };
  const claimed = new Map(
    claimsOf(placed, schemas, defaultConvention).map((claim) => [`${claim.kind} ${claim.name}`, claim]),
  );
  const byObject = new Map<string, { kind: Claim['kind']; by: string; names: string[] }>();
  // A remote schema of theirs with the name of ours is a namesake: `schemas` has ours under that name.
  const remoteSchemas = objectsOf(theirs.remote_schemas).filter(({ name }) => name !== facts.remoteSchema);
  const others = { ...theirs, remote_schemas: remoteSchemas };
  for (const { name, kind, by, shape } of claimsOf(others, schemas, defaultConvention)) {
    const own = claimed.get(`${kind} ${name}`);
    if (own === undefined || (shape !== null && shape === own.shape)) continue;
    const found = byObject.get(`${kind} ${by}`) ?? { kind, by, names: [] };
    if (!found.names.includes(name)) found.names.push(name);
    byObject.set(`${kind} ${by}`, found);
  }
  return [...byObject.values()].map(
    ({ kind, by, names }) =>
      `The ${kind}${names.length > 1 ? 's' : ''} ${names.join(', ')} of ${by} would clash with Portcullis: use ${OPTION[kind]}.`,
  );
}

function inTheirSource(source: JsonObject, theirs: JsonObject): JsonObject {
  const holder = objectsOf(theirs.sources).find(({ name }) => name === source.name);
  return holder?.customization === undefined ? source : { ...source, customization: holder.customization };
}

/** What an operator can do about an object of theirs that has the name of one of ours. */
const NAMESAKE_ADVICE: Readonly<Record<string, string>> = {
  sources: 'rename yours, or let it hold the tables of Portcullis with --source',
  remote_schemas: `rename yours. Ours reads its address from ${facts.remoteSchemaUrlFrom}`,
  actions: 'use --namespace <name>',
  cron_triggers: 'use --namespace <name>',
  objects: 'use --type-prefix <prefix>',
  input_objects: 'use --type-prefix <prefix>',
  enums: 'use --type-prefix <prefix>',
  scalars: 'use --type-prefix <prefix>',
};

/** Lists objects of theirs with the name of one of ours, in the same list of the metadata. */
export function namesakes(ours: JsonObject, theirs: JsonObject): string[] {
  const lists = (metadata: JsonObject): [string, JsonObject[]][] => [
    ...['sources', 'remote_schemas', 'actions', 'cron_triggers'].map((name): [string, JsonObject[]] => [
      name,
      objectsOf(metadata[name]),
    ]),
    ...['objects', 'input_objects', 'enums', 'scalars'].map((name): [string, JsonObject[]] => [
      name,
      objectsOf(at(metadata.custom_types, name)),
    ]),
  ];
  const present = new Map(lists(theirs));
  const found = lists(ours).flatMap(([list, entries]) =>
    // A source of theirs that shall hold our tables has its own name on purpose.
    entries
      .filter((entry) => list !== 'sources' || entry.name === facts.source)
      .filter((entry) => present.get(list)?.some(({ name }) => name === entry.name))
      .map(
        ({ name }) =>
          `Your ${keyedList(list)?.word} ${textOf(name)} has a name that Portcullis needs: ${NAMESAKE_ADVICE[list]}.`,
      ),
  );
  return [...found, ...trackedTables(ours, theirs)];
}

/** Lists our tables that a source of theirs tracks, although they were not installed there. */
function trackedTables(ours: JsonObject, theirs: JsonObject): string[] {
  const [source] = objectsOf(ours.sources);
  const own = objectsOf(source?.tables).map(({ table }) => tableKey(table));
  const holder = objectsOf(theirs.sources).find(({ name }) => name === source?.name);
  return objectsOf(holder?.tables)
    .map(({ table }) => tableKey(table))
    .filter((table) => own.includes(table))
    .map(
      (table) =>
        `Your source ${textOf(holder?.name)} tracks ${table}, a table of Portcullis: untrack it first.`,
    );
}
