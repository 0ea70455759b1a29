import { describe, expect, test } from 'vitest';
import { type JsonObject, objectsOf } from '../../../src/commands/hasura/install/json.ts';
import { findEntry } from '../../../src/commands/hasura/install/lists.ts';
import { edited, foreign, plan } from './planning.ts';

describe('inherited roles', () => {
  const rolesOf = (metadata: JsonObject) =>
    objectsOf(findEntry('remote_schemas', metadata.remote_schemas, 'portcullis')?.permissions).map(
      ({ role }) => role,
    );
  const inherits = (role: string, ...parents: string[]) => ({ role_name: role, role_set: parents });
  const before = (...roles: object[]) =>
    foreign((metadata) => void (metadata.inherited_roles as unknown as object[]).push(...roles));

  test('get the operations of user if their parents see different ones, also through another role', () => {
    const { metadata, notes } = plan(
      before(inherits('everyone', 'anonymous', 'user'), inherits('head', 'chief', 'anonymous')),
    );
    expect(rolesOf(metadata)).toEqual(expect.arrayContaining(['user', 'everyone', 'head']));
    expect(rolesOf(metadata)).not.toContain('chief');
    expect(notes).toContain('Your inherited role head gains them too, by its parents.');
    expect(plan(metadata).changes).toEqual([]);
    expect(plan(metadata, { remove: true }).metadata).toEqual(
      before(inherits('everyone', 'anonymous', 'user'), inherits('head', 'chief', 'anonymous')),
    );
  });

  test('lose them with the inherited role, and keep a permission that an operator gave', () => {
    const { metadata } = plan(before(inherits('everyone', 'anonymous', 'user')));
    const without = edited(metadata, (copy) => void (copy.inherited_roles as unknown as object[]).pop());
    expect(plan(without).changes).toEqual([
      { kind: 'remove', path: 'remote schema portcullis, permission of role everyone' },
    ]);
    const given = {
      role: 'everyone',
      definition: { schema: 'type Query { me: User } type User { id: ID }' },
    };
    const own = edited(metadata, (copy) => {
      const permissions = copy.remote_schemas?.at(-1)?.permissions as unknown as { role: string }[];
      permissions[permissions.findIndex(({ role }) => role === 'everyone')] = given;
    });
    expect(plan(own).changes).toEqual([]);
  });

  test('named in a circle end the search', () => {
    expect(plan(before(inherits('a', 'b', 'user'), inherits('b', 'a'))).changes).not.toEqual([]);
  });
});
