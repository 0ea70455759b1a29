import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import type { Metadata, RemoteRelationship } from '../../support/hasura/metadata.ts';
import {
  adminOf,
  anonymousAt,
  first,
  namesOf,
  type Spoil,
  startSpoiled,
  table,
  withSpoiled,
} from './spoiled.ts';

// One thing of the metadata that does not fit: it is named, and nobody else's request suffers.

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.close());

const permission = (metadata: Metadata, name: string) =>
  first(table(metadata, name).select_permissions).permission;
const join = (metadata: Metadata): RemoteRelationship['definition']['to_remote_schema'] =>
  first(table(metadata, 'teams').remote_relationships).definition.to_remote_schema;
const JOIN = 'remote_relationship gateway_team in table portcullis.teams in source default';

describe('one thing that does not fit is inconsistent', () => {
  test.each<[string, Spoil, string[]]>([
    [
      'an action whose header is not set',
      ({ actions }) => Object.assign(first(actions[0]?.definition.headers), { value_from_env: 'NOT_SET' }),
      ['action refreshEns'],
    ],
    [
      'an action whose address is not set',
      ({ actions }) => Object.assign(first(actions).definition, { handler: '{{NOT_SET}}/handler' }),
      ['action refreshEns'],
    ],
    [
      'an action’s relationship to a column that is missing',
      ({ actionRelationships }) =>
        Object.assign(first(actionRelationships.get('GenerateJwkActionOutput')), {
          field_mapping: { id: 'kid' },
        }),
      ['custom_types custom_types'],
    ],
    [
      'an action’s relationship from a field that is missing',
      ({ actionRelationships }) =>
        Object.assign(first(actionRelationships.get('GenerateJwkActionOutput')), {
          field_mapping: { kid: 'id' },
        }),
      ['custom_types custom_types'],
    ],
    [
      'a permission on a column that is missing',
      (metadata) => permission(metadata, 'sessions').columns.push('device'),
      ['select_permission user in table portcullis.sessions in source default'],
    ],
    [
      'a filter by a column that is missing',
      (metadata) => Object.assign(permission(metadata, 'sessions'), { filter: { _not: { owner: {} } } }),
      ['select_permission user in table portcullis.sessions in source default'],
    ],
    [
      'a filter by a column that is missing behind a relationship',
      (metadata) =>
        Object.assign(permission(metadata, 'sessions'), { filter: { _or: [{ user: { owner: {} } }] } }),
      ['select_permission user in table portcullis.sessions in source default'],
    ],
    [
      'an update of a column that is missing',
      (metadata) => first(table(metadata, 'users').update_permissions).permission.columns.push('nick'),
      ['update_permission user in table portcullis.users in source default'],
    ],
    [
      'a check of a column that is missing',
      (metadata) =>
        Object.assign(first(table(metadata, 'users').update_permissions).permission, {
          check: { owner: {} },
        }),
      ['update_permission user in table portcullis.users in source default'],
    ],
    [
      'a table’s permission for admin',
      (metadata) => {
        const { select_permissions: granted = [] } = table(metadata, 'cache');
        granted.push({ ...first(granted), role: 'admin' });
      },
      ['select_permission admin in table portcullis.cache in source default'],
    ],
    [
      'a table that is missing',
      ({ tables }) => tables.push({ table: { schema: 'portcullis', name: 'nothing' } }),
      ['table portcullis.nothing in source default'],
    ],
    [
      'a relationship by a column that is missing',
      (metadata) =>
        Object.assign(table(metadata, 'cache'), {
          object_relationships: [{ name: 'owner', using: { foreign_key_constraint_on: 'owner_id' } }],
        }),
      ['object_relation owner in table portcullis.cache in source default'],
    ],
    [
      'a join with a field that is missing',
      (metadata) => Object.assign(join(metadata), { remote_field: { teem: { arguments: { id: '$id' } } } }),
      [JOIN],
    ],
    [
      'a join with an argument that is missing',
      (metadata) => Object.assign(join(metadata), { remote_field: { team: { arguments: { key: '$id' } } } }),
      [JOIN],
    ],
    [
      'a join by a column that it does not list',
      (metadata) => Object.assign(join(metadata), { remote_field: { team: { arguments: { id: '$name' } } } }),
      [JOIN],
    ],
    [
      'a join by a column that is missing',
      (metadata) => Object.assign(join(metadata), { lhs_fields: ['id', 'key'] }),
      [JOIN],
    ],
    [
      'a join with a remote schema that is missing',
      (metadata) => Object.assign(join(metadata), { remote_schema: 'other' }),
      [JOIN],
    ],
    [
      'a join with the name of a column',
      (metadata) => Object.assign(first(table(metadata, 'teams').remote_relationships), { name: 'name' }),
      [JOIN.replace('gateway_team', 'name')],
    ],
    [
      'a remote schema’s permission for admin',
      ({ remoteSchemas }) => {
        const { permissions } = first(remoteSchemas);
        permissions.push({ ...first(permissions), role: 'admin' });
      },
      ['remote_schema_permission admin permission in remote schema portcullis'],
    ],
    [
      'a remote schema that has the name of an action’s type',
      (metadata) => {
        metadata.actionsSdl = metadata.actionsSdl.replaceAll(
          'ContractAddressActionOutput',
          'ContractAddress',
        );
        first(metadata.actionsFile.custom_types.objects.slice(1)).name = 'ContractAddress';
      },
      ['remote_schema portcullis'],
    ],
    [
      'a remote schema that has the name of a table',
      (metadata) => Object.assign(table(metadata, 'cache'), { configuration: { custom_name: 'User' } }),
      ['remote_schema portcullis'],
    ],
  ])('%s', async (_what, spoil, expected) => {
    await withSpoiled(gateway, spoil, async (engine) => {
      expect(await namesOf(engine)).toEqual(expected);
      // Nobody else’s request suffers, not even from those who see everything.
      for (const page of [adminOf(engine), anonymousAt(engine)])
        expect(await page.run('{ __typename }')).toEqual({ __typename: 'query_root' });
    });
  });
});

describe('the metadata are not applied at all', () => {
  test.each<[string, Spoil, string]>([
    [
      'with an action that has no fields',
      ({ actions }) => actions.push({ ...first(actions), name: 'makeCoffee' }),
      'action makeCoffee is not present in actions.graphql',
    ],
    [
      'with a type that is not declared',
      ({ actionsFile }) => actionsFile.custom_types.objects.push({ name: 'Coffee' }),
      'custom type Coffee is not present in actions.graphql',
    ],
    [
      'with a field that is no action',
      ({ actions }) => actions.shift(),
      'action refreshEns is not present in actions.yaml',
    ],
  ])('%s', async (_what, spoil, message) => {
    await expect(startSpoiled(gateway, spoil)).rejects.toThrow(message);
  });
});
