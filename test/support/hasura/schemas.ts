import { parse } from 'graphql';
import { actionsDocument, permittedActions } from './actions.ts';
import { Refusal } from './failure.ts';
import { findTracked, isTable } from './filters.ts';
import type { ActionRelationship, EngineMetadata, RemoteRelationship } from './metadata-types.ts';
import { type RoleParts, remoteTypesIn } from './remote-parts.ts';
import { Conflict, mergeSchemas, type Part, type RoleSchema } from './role-schema.ts';
import { parentsIn, rolesOf } from './roles.ts';
import type { OpenSource } from './sources.ts';
import { accessOf } from './table-access.ts';
import { tablesSdl } from './table-schema.ts';

/** What the schemas are made of; the metadata has its consistent actions only. */
type Content = {
  metadata: EngineMetadata;
  sources: ReadonlyMap<string, OpenSource>;
  remotes: ReadonlyMap<string, RoleParts>;
  /** Whether a remote schema that has a type of the actions is listed as inconsistent. */
  reportsTypes: boolean;
};
type Schemas = {
  schemaFor(role: string): RoleSchema;
  /** The remote schemas that are left out, with the error to list or null. */
  refused: ReadonlyMap<string, Error | null>;
};

/**
 * The schemas of the roles. A remote schema with a type conflict in one role is left out of all roles (hasura/README.md, "Names
 * that must not meet").
 * @throws Refusal with status 500 for root fields of one name, and for other conflicts without a remote schema
 */
export function openSchemas(content: Content): Schemas {
  const roles = rolesOf(content.metadata);
  const buildAll = (remotes: ReadonlyMap<string, RoleParts>) =>
    new Map(roles.map((role) => [role, build(content, remotes, role)]));
  const refused = new Map<string, Error | null>();
  let taken: ReadonlyMap<string, RoleParts> = new Map();
  let schemas = orFatal(() => buildAll(taken));
  for (const [name, parts] of content.remotes) {
    const more = new Map([...taken, [name, parts]]);
    try {
      schemas = buildAll(more);
      taken = more;
    } catch (error) {
      if (isFatal(error)) throw fatal(error);
      const isSilent = !content.reportsTypes && error instanceof Conflict && concernsActions(error);
      refused.set(name, isSilent ? null : (error as Error));
    }
  }
  return {
    refused,
    schemaFor(role) {
      const known = schemas.get(role) ?? build(content, taken, role);
      schemas.set(role, known);
      return known;
    },
  };
}

const concernsActions = ({ between }: Conflict): boolean => between.some(({ kind }) => kind === 'actions');

/** A root field of one remote schema may not be that of a table or action; between two remote schemas the later one is left out. */
const isFatal = (error: unknown): error is Conflict =>
  error instanceof Conflict &&
  error.kind === 'root field' &&
  error.between.some(({ kind }) => kind === 'tables' || kind === 'actions');

const fatal = ({ message }: Error): Refusal =>
  new Refusal({ error: message, path: '$.args', code: 'unexpected' }, 500);

function orFatal<Result>(run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    throw error instanceof Conflict ? fatal(error) : error;
  }
}

const build = (content: Content, remotes: ReadonlyMap<string, RoleParts>, role: string): RoleSchema =>
  mergeSchemas([
    ...[...content.sources.values()].flatMap(
      (source) => tablesPart(content, source, { remotes, role }) ?? [],
    ),
    ...actionsPart(content, role),
    ...[...remotes.values()].flatMap((parts) => parts(role) ?? []),
  ]);

type ForRole = { remotes: ReadonlyMap<string, RoleParts>; role: string };

function tablesPart(content: Content, source: OpenSource, { remotes, role }: ForRole): Part | null {
  const { namespace: field, naming, name } = source;
  const toRemote = remoteTypesIn(remotes, role);
  const remoteTypes = (relationship: RemoteRelationship) =>
    toRemote(relationship) ?? joinedTable(content, relationship, role);
  const sdl = tablesSdl({ tables: source, role, remoteTypes });
  if (sdl === '') return null;
  const types = { query: `${field}_query`, mutation: `${field}_mutation_frontend` };
  return {
    ...{ origin: { kind: 'tables', source: name }, document: parse(sdl) },
    ...{ query: 'query_root', mutation: 'mutation_root' },
    namespace:
      field === null
        ? null
        : { field, query: naming.shared(types.query), mutation: naming.shared(types.mutation) },
  };
}

/** A join with a table, also of another source, takes no arguments in the stand-in. Null if the role may not read the table. */
function joinedTable({ sources }: Content, { definition }: RemoteRelationship, role: string): string | null {
  const { to_source: to } = definition;
  const target = to === undefined ? undefined : sources.get(to.source);
  if (to === undefined || target === undefined) return null;
  const tracked = target.tables.find(isTable(to.table));
  if (tracked === undefined || accessOf(target, tracked, role).select === null) return null;
  const type = target.naming.type(tracked);
  return to.relationship_type === 'array' ? `[${type}!]!` : type;
}

function actionsPart({ metadata, sources }: Content, role: string): Part[] {
  const permitted = permittedActions(metadata, role, parentsIn(metadata.inherited_roles));
  if (permitted.length === 0) return [];
  const typeOf = ({ source = 'default', remote_table: table, type }: ActionRelationship) => {
    const target = sources.get(source);
    if (target === undefined) return null;
    const name = target.naming.type(findTracked(target.tables, table));
    return type === 'array' ? `[${name}!]` : name;
  };
  const document = actionsDocument(metadata, permitted, typeOf);
  return [{ origin: { kind: 'actions' }, document, query: 'Query', mutation: 'Mutation' }];
}
