import { Kind, parse, print, printSchema } from 'graphql';
import type postgres from 'postgres';
import { actionsDocument, permittedActions } from './actions.ts';
import { readCatalogue } from './catalogue.ts';
import { findTracked } from './filters.ts';
import { introspect } from './introspection.ts';
import type { Metadata, RemoteSchema } from './metadata.ts';
import { configuredHeaders, type EngineEnvironment, fromEnvironment, type Remote } from './remote-schema.ts';
import { mergeSchemas, type Part, type RoleSchema } from './role-schema.ts';
import { readRoleSdl } from './role-sdl.ts';
import { type RemoteTypes, type Tables, tableName, tablesSdl } from './table-schema.ts';

/** What the engine knows since it started, or since its metadata was last reloaded. */
export type EngineState = {
  metadata: Metadata;
  env: EngineEnvironment;
  sql: postgres.Sql;
  tables: Tables;
  remotes: ReadonlyMap<string, Remote>;
  /** What is missing from the API, and why (hasura/README.md, "Using the metadata"). */
  inconsistent: readonly string[];
  schemaFor(role: string): RoleSchema;
};

async function openRemote(metadata: RemoteSchema, env: EngineEnvironment): Promise<Remote> {
  const { url_from_env: variable, headers } = metadata.definition;
  const configured = configuredHeaders(env, headers);
  const url = fromEnvironment(env, variable);
  return { metadata, url, configured, upstream: await introspect(url, configured) };
}

/** Reads everything once. A remote schema that is away only makes its fields vanish. */
export async function loadState(
  metadata: Metadata,
  { env, sql }: Pick<EngineState, 'env' | 'sql'>,
): Promise<EngineState> {
  const inconsistent: string[] = [];
  const note = (what: string, error: unknown) =>
    void inconsistent.push(`${what}: ${(error as Error).message}`);
  const remotes = new Map<string, Remote>();
  const rolesOf = new Map<string, Map<string, Part>>();
  for (const remoteSchema of metadata.remoteSchemas) {
    const { name } = remoteSchema;
    const remote = await openRemote(remoteSchema, env).catch((error) => note(`remote_schema ${name}`, error));
    if (remote === undefined) continue;
    remotes.set(name, remote);
    rolesOf.set(
      name,
      partsByRole(remote, (role, error) => note(`remote_schema_permission ${name}, ${role}`, error)),
    );
  }
  const tables: Tables = { tables: metadata.tables, catalogue: await readCatalogue(sql) };
  const remotePartsFor = (role: string) => [...rolesOf.values()].flatMap((parts) => parts.get(role) ?? []);
  const schemas = new Map<string, RoleSchema>();
  return {
    ...{ metadata, env, sql, tables, remotes, inconsistent },
    schemaFor(role) {
      const known = schemas.get(role);
      if (known !== undefined) return known;
      const made = mergeSchemas([
        ...remotePartsFor(role),
        ...ownParts(metadata, tables, role, remoteTypesIn(rolesOf, role)),
      ]);
      schemas.set(role, made);
      return made;
    },
  };
}

/** What each role sees of a remote schema: admin everything, the others what their SDL holds. */
function partsByRole(remote: Remote, note: (role: string, error: unknown) => void): Map<string, Part> {
  const parts = new Map([['admin', adminPart(remote)]]);
  for (const { role, definition } of remote.metadata.permissions) {
    try {
      parts.set(role, {
        ...remotePart(remote.metadata.name),
        ...readRoleSdl(definition.schema, remote.upstream),
      });
    } catch (error) {
      note(role, error);
    }
  }
  return parts;
}

const remotePart = (name: string): Omit<Part, 'document'> => ({
  origin: () => ({ kind: 'remote', name }),
  query: 'Query',
  mutation: 'Mutation',
});

/** Admin sees the whole remote schema. */
function adminPart({ metadata: { name }, upstream }: Remote): Part {
  const document = parse(printSchema(upstream));
  const definitions = document.definitions.filter(({ kind }) => !/^(Schema|Directive)Definition$/.test(kind));
  return { ...remotePart(name), document: { ...document, definitions } };
}

/** A remote relationship gives null where it finds nothing, whatever its field's type says. */
function remoteTypesIn(roles: ReadonlyMap<string, ReadonlyMap<string, Part>>, role: string): RemoteTypes {
  return ({ definition: { to_remote_schema: to } }) => {
    const definitions = roles.get(to.remote_schema)?.get(role)?.document.definitions ?? [];
    const query = definitions.find(
      (node) => node.kind === Kind.OBJECT_TYPE_DEFINITION && node.name.value === 'Query',
    );
    const [name] = Object.keys(to.remote_field);
    const fields = query?.kind === Kind.OBJECT_TYPE_DEFINITION ? query.fields : [];
    const type = fields?.find((field) => field.name.value === name)?.type;
    return type === undefined ? null : print(type).replace(/!$/, '');
  };
}

/** The tables and the actions. */
function ownParts(metadata: Metadata, tables: Tables, role: string, remoteTypes: RemoteTypes): Part[] {
  const sdl = tablesSdl(tables, role, remoteTypes);
  const parts: Part[] = [];
  if (sdl !== '')
    parts.push({
      origin: () => ({ kind: 'tables' }),
      document: parse(sdl),
      query: 'query_root',
      mutation: 'mutation_root',
    });
  const permitted = permittedActions(metadata, role);
  if (permitted.length > 0)
    parts.push({
      origin: (name) => ({ kind: 'action', name }),
      document: actionsDocument(metadata, permitted, ({ remote_table }) =>
        tableName(findTracked(metadata.tables, remote_table)),
      ),
      query: 'Query',
      mutation: 'Mutation',
    });
  return parts;
}
