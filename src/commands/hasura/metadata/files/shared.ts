import { isTypeDefinitionNode, parse } from 'graphql';
import type { Declaration } from '../declaration-types.ts';
import { GENERATED, SHARED } from '../generated-mark.ts';
import type { ActionMetadata, HasuraMetadata, SourceMetadata } from '../objects/types.ts';
import { putActionSdl, writtenActionSdl } from './action-sdl.ts';
import { type OwnEntries, putEntries } from './lists.ts';
import { mergeRemoteSchema } from './merge.ts';

/** A file under `hasura/`. `write` returns its text with our part in it; `present` is undefined if it does not exist. */
export type GeneratedFile = { path: string; write: (present: string | undefined) => string };

const nameOf = (entry: unknown): unknown => (entry as { name?: unknown } | null)?.name;

/** Whether an address is one of the gateway's routes for Hasura. */
const isOurRoute = (address: unknown, { gateway }: Declaration): boolean =>
  typeof address === 'string' && address.startsWith(`{{${gateway.urlFrom}}}/hasura/`);

/** A file of lists. A file of version 0.1 says that it may not be edited: that line goes. */
export function listFile(path: string, empty: string, lists: readonly OwnEntries[]): GeneratedFile {
  const write = (present = `${SHARED}\n${empty}`) =>
    lists.reduce(
      (text, list) => putEntries(path, text, list),
      present.startsWith(GENERATED) ? present.replace(GENERATED, SHARED) : present,
    );
  return { path, write };
}

/** Returns files that Hasura's CLI expects. They hold nothing of ours, and are made if they are missing. */
export function emptyFiles(): GeneratedFile[] {
  const lists = ['inherited_roles', 'allow_list', 'query_collections', 'rest_endpoints'];
  const contents = [
    ['version', 'version: 3\n'],
    ...lists.map((name) => [name, '[]\n']),
    ['network', '{}\n'],
    ['api_limits', '{}\n'],
    ['graphql_schema_introspection', 'disabled_for_roles: []\n'],
  ];
  return contents.map(([name, content = '']) => ({
    path: `metadata/${name}.yaml`,
    write: (present = content) => present.replace(`${GENERATED}\n`, ''),
  }));
}

/** Returns the file of the sources, with an entry for ours. Its tables are in files of their own. */
export function databasesFile({ name, kind, configuration }: SourceMetadata): GeneratedFile {
  const path = 'metadata/databases/databases.yaml';
  const entry = { name, kind, configuration, tables: `!include ${name}/tables/tables.yaml` };
  const merge = (present: unknown) => {
    const { tables = entry.tables, configuration: set, ...rest } = present as Record<string, unknown>;
    if (tables !== entry.tables)
      throw new Error(`hasura/${path}: the tables of ${name} must be "${entry.tables}".`);
    const { connection_info, ...settings } = (set ?? {}) as Record<string, unknown>;
    const connection = { ...(connection_info as object), ...configuration.connection_info };
    return { ...rest, name, kind, configuration: { ...settings, connection_info: connection }, tables };
  };
  return listFile(path, '', [{ at: [], entries: [entry], keyOf: nameOf, merge }]);
}

/** Returns the file of the remote schemas. */
export const remoteSchemasFile = ({ remote_schemas }: HasuraMetadata, { roles }: Declaration) =>
  listFile('metadata/remote_schemas.yaml', '', [
    { at: [], entries: remote_schemas, keyOf: nameOf, merge: mergeRemoteSchema(roles) },
  ]);

/** Returns the file of the cron triggers. Another trigger that calls the gateway was ours. */
export const cronTriggersFile = ({ cron_triggers }: HasuraMetadata, declaration: Declaration) => {
  const isOurTrigger = (entry: unknown) =>
    isOurRoute((entry as { webhook?: unknown } | null)?.webhook, declaration);
  return listFile('metadata/cron_triggers.yaml', '', [
    { at: [], entries: cron_triggers, keyOf: nameOf, isStale: isOurTrigger },
  ]);
};

/** Returns an action as the CLI reads it: its types are in `actions.graphql` alone. */
function actionEntry({ name, definition, permissions, comment }: ActionMetadata) {
  const { kind, handler, forward_client_headers, timeout, headers } = definition;
  return {
    ...{ name, definition: { kind, handler, forward_client_headers, timeout, headers } },
    ...{ permissions, comment },
  };
}

const typeNames = (sdl: string): unknown[] =>
  sdl === ''
    ? []
    : parse(sdl)
        .definitions.filter(isTypeDefinitionNode)
        .map(({ name }) => name.value);

/**
 * Returns the files of the actions and their types. The CLI reads the types from the SDL, and their relationships and descriptions
 * from the YAML file. It requires every name there.
 */
export function actionFiles(
  { actions, custom_types }: HasuraMetadata,
  declaration: Declaration,
  presentSdl: string,
): GeneratedFile[] {
  const { sdl } = declaration.actions;
  const written = typeNames(writtenActionSdl(presentSdl));
  const types = (['enums', 'input_objects', 'objects', 'scalars'] as const).map((kind) => ({
    at: ['custom_types', kind],
    entries: custom_types[kind].map(({ name, description, ...type }) => ({
      name,
      ...(description !== undefined && { description }),
      ...('relationships' in type && { relationships: type.relationships }),
    })),
    keyOf: nameOf,
    isStale: (entry: unknown) => written.includes(nameOf(entry)),
  }));
  const empty =
    'actions: []\ncustom_types:\n  enums: []\n  input_objects: []\n  objects: []\n  scalars: []\n';
  const entries = actions.map(actionEntry);
  const isStale = (entry: unknown) =>
    isOurRoute((entry as Partial<ActionMetadata> | null)?.definition?.handler, declaration);
  return [
    {
      path: 'metadata/actions.graphql',
      write: (present = '') => putActionSdl(present.replace(`${GENERATED}\n`, ''), sdl),
    },
    listFile('metadata/actions.yaml', empty, [
      { at: ['actions'], entries, keyOf: nameOf, isStale },
      ...types,
    ]),
  ];
}
