import { Kind, parse, print, printSchema } from 'graphql';
import type postgres from 'postgres';
import { actionsDocument, permittedActions } from './actions.ts';
import { readCatalogue } from './catalogue.ts';
import { Refusal } from './failure.ts';
import { findTracked } from './filters.ts';
import { introspect } from './introspection.ts';
import type { Metadata, RemoteSchema } from './metadata.ts';
import { configuredHeaders, type EngineEnvironment, fromEnvironment, type Remote } from './remote-schema.ts';
import { mergeSchemas, type Part, type RoleSchema } from './role-schema.ts';
import { readRoleSdl } from './role-sdl.ts';
import { type Tables, tableName } from './table-access.ts';
import { tablesSdl } from './table-schema.ts';
import type { RemoteTypes } from './table-types.ts';

/** What the engine knows since it started, or since its metadata was last reloaded. */
export type EngineState = {
  metadata: Metadata;
  env: EngineEnvironment;
  sql: postgres.Sql;
  tables: Tables;
  remotes: ReadonlyMap<string, Remote>;
  introspections: ReadonlyMap<string, Introspection>;
  /** What is missing from the API, and why (hasura/README.md, "Using the metadata"). */
  inconsistent: readonly Inconsistency[];
  schemaFor(role: string): RoleSchema;
};

/** An object of the metadata that is missing from the API, as `get_inconsistent_metadata` lists it. */
export type Inconsistency = {
  type: string;
  name: string;
  definition: unknown;
  reason: string;
  /** Of a request that failed, all that the engine knows: its headers too. */
  message?: object;
};

/** What is to be read anew: the remote schemas by name, and the sources' tables. */
export type Reload = { remoteSchemas: readonly string[]; sources: boolean };
/** The same, and what is known already. */
export type Since = Reload & { state: EngineState };

/** A remote schema, or the reason for which there is none. */
type Introspection = { of: string; remote: Remote } | { of: string; error: Error };

async function openRemote(metadata: RemoteSchema, env: EngineEnvironment): Promise<Introspection> {
  const { url_from_env: variable, headers } = metadata.definition;
  const of = JSON.stringify(metadata.definition);
  try {
    const known = {
      metadata,
      url: fromEnvironment(env, variable),
      configured: configuredHeaders(env, headers),
    };
    return { of, remote: { ...known, upstream: await introspect(known) } };
  } catch (error) {
    return { of, error: error as Error };
  }
}

/**
 * Asks only where it was told to, or where the definition is another one: a failure is remembered like a success. That newer
 * engines try again by themselves is not played (hasura/README.md, "Answers of the engine").
 */
async function introspections(
  { remoteSchemas }: Metadata,
  env: EngineEnvironment,
  since: Since | null,
): Promise<Map<string, Introspection>> {
  const found = new Map<string, Introspection>();
  for (const metadata of remoteSchemas) {
    const { name } = metadata;
    const known = since?.remoteSchemas.includes(name) ? undefined : since?.state.introspections.get(name);
    const isKnown = known?.of === JSON.stringify(metadata.definition);
    found.set(name, isKnown ? known : await openRemote(metadata, env));
  }
  return found;
}

/** Reads everything, or what is asked for. A remote schema that is away only makes its fields vanish. */
export async function loadState(
  metadata: Metadata,
  { env, sql }: Pick<EngineState, 'env' | 'sql'>,
  since: Since | null,
): Promise<EngineState> {
  const inconsistent: Inconsistency[] = [];
  const note = (type: string, what: string, definition: unknown, error: Error) =>
    void inconsistent.push({
      ...{ type, name: `${type} ${what}`, definition },
      reason: `Inconsistent object: ${error instanceof Refusal ? error.reason.error : error.message}`,
      ...(error instanceof Refusal && error.internal !== null && { message: error.internal }),
    });
  const remotes = new Map<string, Remote>();
  const rolesOf = new Map<string, Map<string, Part>>();
  const known = await introspections(metadata, env, since);
  for (const remoteSchema of metadata.remoteSchemas) {
    const { name } = remoteSchema;
    const introspection = known.get(name);
    if (introspection === undefined) continue;
    if ('error' in introspection) {
      note('remote_schema', name, remoteSchema, introspection.error);
      continue;
    }
    const remote = { ...introspection.remote, metadata: remoteSchema };
    remotes.set(name, remote);
    const refuse: RefusePermission = ({ role, definition }, error) =>
      note('remote_schema_permission', `${role} permission in remote schema ${name}`, definition, error);
    rolesOf.set(name, partsByRole(remote, refuse));
  }
  const catalogue = since === null || since.sources ? await readCatalogue(sql) : since.state.tables.catalogue;
  const tables: Tables = { tables: metadata.tables, catalogue };
  const remotePartsFor = (role: string) => [...rolesOf.values()].flatMap((parts) => parts.get(role) ?? []);
  const schemas = new Map<string, RoleSchema>();
  return {
    ...{ metadata, env, sql, tables, remotes, inconsistent, introspections: known },
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

type RefusePermission = (permission: RemoteSchema['permissions'][number], error: Error) => void;

/** What each role sees of a remote schema: admin everything, the others what their SDL holds. */
function partsByRole(remote: Remote, refuse: RefusePermission): Map<string, Part> {
  const parts = new Map([['admin', adminPart(remote)]]);
  for (const permission of remote.metadata.permissions) {
    const { role, definition } = permission;
    try {
      parts.set(role, {
        ...remotePart(remote.metadata.name),
        ...readRoleSdl(definition.schema, remote.upstream),
      });
    } catch (error) {
      const context = `in remote schema permission for role "${role}"`;
      refuse(permission, new Error(`${context}: ${(error as Error).message}`));
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
