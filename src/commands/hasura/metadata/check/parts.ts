import { isTypeDefinitionNode, Kind, parse } from 'graphql';
import type { Declaration } from '../declaration-types.ts';
import { sourceMetadata } from '../objects/tables.ts';
import type { TableMetadata } from '../objects/types.ts';
import { isCondition } from './context.ts';
import type { Tree } from './tree.ts';

/** An entry of a list in the files, before its shape is checked. */
export type Entry = Readonly<Record<string, unknown>>;
type Documents = Tree['documents'];

/** Reads a list of objects, and leaves out what is not an object. */
export const listOf = (value: unknown): Entry[] => (Array.isArray(value) ? value.filter(isCondition) : []);

/** Keeps some entries of a list. Another value stays, and its shape is reported. */
const keep = (list: unknown, isOurs: (entry: Entry) => boolean): unknown =>
  Array.isArray(list) ? list.filter((entry) => isCondition(entry) && isOurs(entry)) : list;

const pick = (entry: unknown, keys: readonly string[]): unknown =>
  isCondition(entry)
    ? Object.fromEntries(Object.entries(entry).filter(([key]) => keys.includes(key)))
    : entry;

/** The names of our actions and of their types. */
export function actionNames({ actions }: Declaration): { actions: string[]; types: string[] } {
  const types = parse(actions.sdl).definitions.filter(isTypeDefinitionNode);
  return {
    actions: actions.list.map(({ name }) => name),
    types: types.map(({ name }) => name.value).filter((name) => name !== 'Query' && name !== 'Mutation'),
  };
}

/** The schema of a tracked table; undefined for one of another kind of database. */
export function tableOf(entry: Entry): { schema: string; name: string } | undefined {
  const { schema, name } = isCondition(entry.table) ? entry.table : {};
  return typeof schema === 'string' && typeof name === 'string' ? { schema, name } : undefined;
}

const RELATIONSHIPS = ['object_relationships', 'array_relationships', 'remote_relationships'] as const;

/** Leaves out the relationships that an application adds to a table of ours. */
function ownTable(entry: Entry, declared: readonly TableMetadata[]): Entry {
  const ours = declared.find(({ table }) => table.name === tableOf(entry)?.name);
  const lists = RELATIONSHIPS.filter((key) => key in entry).map((key) => {
    const names = (ours?.[key] ?? []).map(({ name }) => name);
    return [key, keep(entry[key], ({ name }) => names.some((known) => known === name))];
  });
  return { ...entry, ...Object.fromEntries(lists) };
}

const CONNECTION = ['database_url', 'isolation_level', 'use_prepared_statements'];

function ownSource(source: Entry, declaration: Declaration): unknown {
  const { configuration, tables } = source;
  const connection = isCondition(configuration) ? pick(configuration.connection_info, CONNECTION) : {};
  const own = keep(tables, (entry) => tableOf(entry)?.schema === declaration.databaseSchema);
  const declared = sourceMetadata(declaration).tables;
  return {
    ...(pick(source, ['name', 'kind']) as Entry),
    ...(configuration !== undefined && { configuration: { connection_info: connection } }),
    tables: Array.isArray(own) ? own.map((entry: Entry) => ownTable(entry, declared)) : own,
  };
}

function ownRemoteSchema({ remote_relationships: _, definition, ...schema }: Entry): Entry {
  if (!isCondition(definition)) return { ...schema, definition };
  const { customization: __, ...rest } = definition;
  return { ...schema, definition: rest };
}

function ownActions(file: unknown, declaration: Declaration): unknown {
  if (!isCondition(file)) return file;
  const names = actionNames(declaration);
  const types = isCondition(file.custom_types) ? file.custom_types : {};
  const own = Object.entries(types).map(([kind, list]) => [
    kind,
    keep(list, ({ name }) => names.types.some((known) => known === name)),
  ]);
  return {
    ...file,
    actions: keep(file.actions, ({ name }) => names.actions.some((known) => known === name)),
    ...('custom_types' in file && { custom_types: Object.fromEntries(own) }),
  };
}

/** Returns our part of the files: what the generator writes, and what an application adds to a table or remote schema of ours. */
export function ownPart(documents: Documents, declaration: Declaration): Documents {
  const { databases, remote_schemas, actions, cron_triggers } = documents;
  const sources = keep(databases, ({ name }) => name === declaration.source.name);
  const schemas = keep(remote_schemas, ({ name }) => name === declaration.remoteSchema.name);
  const triggers = declaration.cronTriggers.map(({ name }) => name);
  return {
    version: documents.version,
    databases: Array.isArray(sources)
      ? sources.map((entry: Entry) => ownSource(entry, declaration))
      : sources,
    remote_schemas: Array.isArray(schemas) ? schemas.map(ownRemoteSchema) : schemas,
    actions: ownActions(actions, declaration),
    cron_triggers: keep(cron_triggers, ({ name }) => triggers.some((known) => known === name)),
  };
}

/** Returns our part of the SDL of the actions: our types, and our fields of the roots. */
export function ownActionSdl(sdl: string, declaration: Declaration): string {
  const names = actionNames(declaration);
  const own = parse(sdl).definitions.flatMap((node): string[] => {
    if (!isTypeDefinitionNode(node) || node.loc === undefined) return [];
    const text = sdl.slice(node.loc.start, node.loc.end);
    if (names.types.includes(node.name.value)) return [text];
    const isRoot = node.name.value === 'Query' || node.name.value === 'Mutation';
    if (node.kind !== Kind.OBJECT_TYPE_DEFINITION || !isRoot) return [];
    const fields = (node.fields ?? []).filter(({ name }) => names.actions.includes(name.value));
    const lines = fields.map(({ loc }) => sdl.slice(loc?.start, loc?.end));
    return lines.length === 0 ? [] : [`type ${node.name.value} {\n${lines.join('\n')}\n}`];
  });
  return `${own.join('\n\n')}\n`;
}
