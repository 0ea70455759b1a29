import { introspectionFromSchema } from 'graphql';
import { refusal } from '../failure.ts';
import { readRemotePermission, readRemoteSchema } from '../format/objects.ts';
import { requireText } from '../format/parse.ts';
import { readRemoteRelationship } from '../format/tables.ts';
import type { RemoteSchema } from '../metadata-types.ts';
import { hasRemotePermissions } from '../remote-parts.ts';
import { cascadeOrRefuse, joinsWith } from './dependents.ts';
import { alreadyExists, build, type Commands, type Draft, notExists, removeFrom, SUCCESS } from './draft.ts';

// Remote schemas (hasura/README.md, "Commands of the metadata API").

function remoteIn({ metadata }: Draft, name: string): RemoteSchema {
  const found = metadata.remote_schemas.find((remoteSchema) => remoteSchema.name === name);
  if (found === undefined) throw notExists(`remote schema with name "${name}" does not exist`);
  return found;
}

/** Permissions of remote schemas exist only if the engine's environment has them switched on. */
function requirePermissions({ state }: Draft): void {
  if (!hasRemotePermissions(state.env))
    throw refusal(
      'constraint-violation',
      'remote schema permissions can only be added when remote schema permissions are enabled in the graphql-engine',
      '$.args',
    );
}

const addressOf = ({ definition: { url, url_from_env: variable } }: RemoteSchema) => `${url} ${variable}`;

export const REMOTE_SCHEMA_COMMANDS: Commands = {
  async add_remote_schema(draft, args) {
    const { permissions: _, remote_relationships: __, ...remoteSchema } = readRemoteSchema(args, '$.args');
    if (draft.metadata.remote_schemas.some(({ name }) => name === remoteSchema.name))
      throw alreadyExists(`remote schema with name "${remoteSchema.name}" already exists`);
    draft.metadata.remote_schemas.push(remoteSchema);
    await build(draft, `remote_schema ${remoteSchema.name}`, { remoteSchemas: [remoteSchema.name] });
    return SUCCESS;
  },

  /** Keeps the permissions and empties the relationships. It introspects again only at another address. */
  async update_remote_schema(draft, args) {
    const { permissions: _, remote_relationships: __, ...given } = readRemoteSchema(args, '$.args');
    const known = remoteIn(draft, given.name);
    const { permissions } = known;
    const kept = addressOf(known) === addressOf(given) ? [given.name] : [];
    draft.metadata.remote_schemas = draft.metadata.remote_schemas.map((remoteSchema) =>
      remoteSchema === known ? { ...given, ...(permissions && { permissions }) } : remoteSchema,
    );
    await build(draft, `remote_schema ${given.name}`, { kept });
    return SUCCESS;
  },

  async remove_remote_schema(draft, args) {
    const name = requireText(args, 'name');
    remoteIn(draft, name);
    cascadeOrRefuse(joinsWith(draft.metadata, name), false);
    draft.metadata.remote_schemas = draft.metadata.remote_schemas.filter((remote) => remote.name !== name);
    await build(draft, null);
    return SUCCESS;
  },

  async introspect_remote_schema(draft, args) {
    const name = requireText(args, 'name');
    remoteIn(draft, name);
    const remote = draft.state.remotes.get(name);
    if (remote === undefined) throw notExists(`remote schema: "${name}" is inconsistent`);
    return { data: introspectionFromSchema(remote.upstream) };
  },

  async add_remote_schema_permissions(draft, args) {
    requirePermissions(draft);
    const remoteSchema = remoteIn(draft, requireText(args, 'remote_schema'));
    const permission = readRemotePermission(args);
    const known = remoteSchema.permissions ?? [];
    if (known.some(({ role }) => role === permission.role))
      throw alreadyExists(
        `permissions for role: "${permission.role}" for remote schema: "${remoteSchema.name}" already exists`,
      );
    remoteSchema.permissions = [...known, permission];
    await build(
      draft,
      `remote_schema_permission ${permission.role} permission in remote schema ${remoteSchema.name}`,
    );
    return SUCCESS;
  },

  async drop_remote_schema_permissions(draft, args) {
    const remoteSchema = remoteIn(draft, requireText(args, 'remote_schema'));
    const role = requireText(args, 'role');
    remoteSchema.permissions = removeFrom(
      remoteSchema.permissions,
      (entry) => entry.role === role,
      () =>
        notExists(`permissions for role: "${role}" for remote schema: "${remoteSchema.name}" doesn't exist`),
    );
    await build(draft, null);
    return SUCCESS;
  },

  async create_remote_schema_remote_relationship(draft, args) {
    const remoteSchema = remoteIn(draft, requireText(args, 'remote_schema'));
    const type = requireText(args, 'type_name');
    const relationship = readRemoteRelationship(args);
    const types = remoteSchema.remote_relationships ?? [];
    const known = types.find(({ type_name: name }) => name === type) ?? {
      type_name: type,
      relationships: [],
    };
    const others = known.relationships.filter(({ name }) => name !== relationship.name);
    remoteSchema.remote_relationships = [
      ...types.filter((other) => other !== known),
      { type_name: type, relationships: [...others, relationship] },
    ];
    await build(draft, null);
    return SUCCESS;
  },
};
