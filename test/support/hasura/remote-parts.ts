import { Kind, parse, print, printSchema } from 'graphql';
import type { RemoteSchema } from './metadata.ts';
import type { EngineEnvironment, Remote } from './remote-schema.ts';
import { mergeSchemas, type Part } from './role-schema.ts';
import { readRoleSdl } from './role-sdl.ts';
import type { RemoteTypes } from './table-schema.ts';

/** The part of a remote schema that each role sees; null if it sees nothing. */
export type RoleParts = (role: string) => Part | null;

type RefusePermission = (permission: RemoteSchema['permissions'][number], error: Error) => void;

/**
 * Admin sees everything, and other roles see their SDL. If HASURA_GRAPHQL_ENABLE_REMOTE_SCHEMA_PERMISSIONS is not true, every
 * role sees everything (hasura/README.md, "Remote schema permissions").
 */
export function partsByRole(remote: Remote, env: EngineEnvironment, refuse: RefusePermission): RoleParts {
  const { metadata, upstream } = remote;
  const partOf = (document: Part['document']): Part => ({
    ...{ origin: { kind: 'remote', name: metadata.name }, document },
    query: upstream.getQueryType()?.name ?? 'Query',
    mutation: upstream.getMutationType()?.name ?? 'Mutation',
  });
  const parts = new Map<string, Part>();
  for (const permission of metadata.permissions) {
    const { role, definition } = permission;
    try {
      if (role === 'admin') throw new Error('cannot define permission for admin role');
      const part = partOf(readRoleSdl(definition.schema, upstream));
      mergeSchemas([part]);
      parts.set(role, part);
    } catch (error) {
      const context = `in remote schema permission for role "${role}"`;
      refuse(permission, new Error(`${context}: ${(error as Error).message}`));
    }
  }
  const document = parse(printSchema(upstream));
  const definitions = document.definitions.filter(({ kind }) => !/^(Schema|Directive)Definition$/.test(kind));
  const whole = partOf({ ...document, definitions });
  const isOpen = env.HASURA_GRAPHQL_ENABLE_REMOTE_SCHEMA_PERMISSIONS !== 'true';
  return (role) => (role === 'admin' || isOpen ? whole : (parts.get(role) ?? null));
}

/** A remote relationship is nullable, even if the type of its field is not. */
export function remoteTypesIn(roles: ReadonlyMap<string, RoleParts>, role: string): RemoteTypes {
  return ({ definition: { to_remote_schema: to } }) => {
    const part = roles.get(to.remote_schema)?.(role) ?? null;
    const query = part?.document.definitions.find(
      (node) => node.kind === Kind.OBJECT_TYPE_DEFINITION && node.name.value === part.query,
    );
    const [name] = Object.keys(to.remote_field);
    const fields = query?.kind === Kind.OBJECT_TYPE_DEFINITION ? query.fields : [];
    const type = fields?.find((field) => field.name.value === name)?.type;
    return type === undefined ? null : print(type).replace(/!$/, '');
  };
}
