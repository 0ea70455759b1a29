import { GATEWAY_ROLE } from '../../../config/groups/roles.ts';
import { at, type JsonObject, objectsOf, textOf } from './json.ts';
import { findEntry } from './lists.ts';
import { normalSdl } from './normal.ts';

/** Finds the roles that an inherited role gets permissions from, through other inherited roles too. */
export function ancestorsOf(role: string, inherited: readonly JsonObject[]): ReadonlySet<string> {
  const found = new Set<string>();
  const queue = [role];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const entry = inherited.find(({ role_name: name }) => name === next);
    const parents = Array.isArray(entry?.role_set) ? entry.role_set.map(textOf) : [];
    for (const parent of parents.filter((name) => !found.has(name))) {
      found.add(parent);
      queue.push(parent);
    }
  }
  found.delete(role);
  return found;
}

const sdlOf = (permission: JsonObject): string => normalSdl(textOf(at(permission.definition, 'schema')));

/**
 * Gives the SDL of `user` to inherited roles of theirs whose parents see different operations of ours. The engine merges no SDLs,
 * and would find the role inconsistent.
 * @param given permissions of theirs on our remote schema: these stay
 */
export function withInheritedRoles(ours: JsonObject, theirs: JsonObject, given: JsonObject): JsonObject {
  const [remoteSchema] = objectsOf(ours.remote_schemas);
  const present = objectsOf(objectsOf(given.remote_schemas)[0]?.permissions);
  const permissions = [...objectsOf(remoteSchema?.permissions), ...present];
  const served = findEntry('permissions', permissions, GATEWAY_ROLE);
  const inherited = objectsOf(theirs.inherited_roles);
  if (remoteSchema === undefined || served === undefined) return ours;
  const added = inherited.flatMap((entry): JsonObject[] => {
    const role = textOf(entry.role_name);
    if (findEntry('permissions', permissions, role) !== undefined) return [];
    const ancestors = ancestorsOf(role, inherited);
    const seen = permissions.filter((permission) => ancestors.has(textOf(permission.role))).map(sdlOf);
    return new Set(seen).size > 1 ? [{ ...served, role }] : [];
  });
  const all = [...objectsOf(remoteSchema.permissions), ...added];
  return { ...ours, remote_schemas: [{ ...remoteSchema, permissions: all }] };
}
