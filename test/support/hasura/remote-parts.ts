import { Kind, parse, print, printSchema } from 'graphql';
import type { RemoteSchema } from './metadata-types.ts';
import { serveDocument } from './remote-naming.ts';
import type { EngineEnvironment, Remote } from './remote-schema.ts';
import { mergeSchemas, type Part } from './role-schema.ts';
import { readRoleSdl } from './role-sdl.ts';
import type { RemoteTypes } from './table-schema.ts';

/** The part of a remote schema that each role sees; null if it sees nothing. */
export type RoleParts = (role: string) => RemotePart | null;
/** A part that knows the served name of a field of `Query`. */
type RemotePart = Part & { served(field: string): string };

type Permission = NonNullable<RemoteSchema['permissions']>[number];
type RefusePermission = (permission: Permission, error: Error) => void;

/** Whether the roles of remote schemas are separate; by default they are not. */
export const hasRemotePermissions = (env: EngineEnvironment): boolean =>
  env.HASURA_GRAPHQL_ENABLE_REMOTE_SCHEMA_PERMISSIONS === 'true';

/** The served names of a remote schema's document. */
function toPart({ metadata, upstream, naming }: Remote, document: Part['document']): RemotePart {
  const [query, mutation] = [
    upstream.getQueryType()?.name ?? 'Query',
    upstream.getMutationType()?.name ?? 'Mutation',
  ].map(naming.type);
  const served = { query: query ?? '', mutation: mutation ?? '' };
  const { namespace } = naming;
  return {
    ...{
      origin: { kind: 'remote', name: metadata.name },
      document: serveDocument(document, naming),
      ...served,
    },
    served: (field) => naming.field(upstream.getQueryType()?.name ?? 'Query', field),
    namespace: namespace === null ? null : { field: namespace, ...served },
  };
}

/**
 * Admin sees everything, and other roles see their SDL, which has the names of the remote schema. If
 * HASURA_GRAPHQL_ENABLE_REMOTE_SCHEMA_PERMISSIONS is not true, every role sees everything (hasura/README.md, "Remote schema
 * permissions").
 */
export function partsByRole(remote: Remote, env: EngineEnvironment, refuse: RefusePermission): RoleParts {
  const parts = new Map<string, RemotePart>();
  for (const permission of remote.metadata.permissions ?? []) {
    const { role, definition } = permission;
    try {
      if (role === 'admin') throw new Error('cannot define permission for admin role');
      const document = readRoleSdl(definition.schema, remote.upstream);
      const part = toPart(remote, document);
      mergeSchemas([part]);
      parts.set(role, part);
    } catch (error) {
      const context = `in remote schema permission for role "${role}"`;
      refuse(permission, new Error(`${context}: ${(error as Error).message}`));
    }
  }
  const document = parse(printSchema(remote.upstream));
  const definitions = document.definitions.filter(({ kind }) => !/^(Schema|Directive)Definition$/.test(kind));
  const whole = toPart(remote, { ...document, definitions });
  const isOpen = !hasRemotePermissions(env);
  return (role) => (role === 'admin' || isOpen ? whole : (parts.get(role) ?? null));
}

/** A remote relationship is nullable, even if the type of its field is not. */
export function remoteTypesIn(roles: ReadonlyMap<string, RoleParts>, role: string): RemoteTypes {
  return ({ definition: { to_remote_schema: to } }) => {
    if (to === undefined) return null;
    const part = roles.get(to.remote_schema)?.(role) ?? null;
    const query = part?.document.definitions.find(
      (node) => node.kind === Kind.OBJECT_TYPE_DEFINITION && node.name.value === part.query,
    );
    const [name] = Object.keys(to.remote_field);
    const fields = query?.kind === Kind.OBJECT_TYPE_DEFINITION ? query.fields : [];
    const type = fields?.find((field) => field.name.value === part?.served(name ?? ''))?.type;
    return type === undefined ? null : print(type).replace(/!$/, '');
  };
}
