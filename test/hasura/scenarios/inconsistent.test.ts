import { expect, test } from 'vitest';
import { forFile } from '../../support/for-file.ts';
import { startGateway } from '../../support/gateway.ts';
import { adminOf, anonymousAt, first, namesOf, type Spoil, table, withSpoiled } from './spoiled.ts';

// Hasura names an inconsistent object of the metadata and serves every other request. `hasura:status`, `hasura:reload` and
// the scenario "start" rely on it.

const gateway = forFile(() => startGateway());

const cases: Record<string, { spoil: Spoil; names: string[] }> = {
  'an action whose header is not set': {
    spoil: ({ actions }) => {
      first(actions[0]?.definition.headers).value_from_env = 'NOT_SET';
    },
    names: ['action refreshEns'],
  },
  'an action’s relationship to a column that is missing': {
    spoil: ({ actionRelationships }) => {
      first(actionRelationships.get('GenerateJwkActionOutput')).field_mapping = { id: 'kid' };
    },
    names: ['custom_types custom_types'],
  },
  'a permission on a column that is missing': {
    spoil: (metadata) => {
      first(table(metadata, 'sessions').select_permissions).permission.columns = ['id', 'device'];
    },
    names: ['select_permission user in table portcullis.sessions in source portcullis'],
  },
  'a filter by a column that is missing behind a relationship': {
    spoil: (metadata) => {
      const { permission } = first(table(metadata, 'sessions').select_permissions);
      permission.filter = { _or: [{ user: { owner: {} } }] };
    },
    names: ['select_permission user in table portcullis.sessions in source portcullis'],
  },
  'a check of a column that is missing': {
    spoil: (metadata) => {
      first(table(metadata, 'users').update_permissions).permission.check = { owner: {} };
    },
    names: ['update_permission user in table portcullis.users in source portcullis'],
  },
  'a table that is missing': {
    spoil: ({ tables }) => tables.push({ table: { schema: 'portcullis', name: 'nothing' } }),
    names: ['table portcullis.nothing in source portcullis'],
  },
  'a relationship by a column that is missing': {
    spoil: (metadata) => {
      const using = { foreign_key_constraint_on: 'owner_id' };
      table(metadata, 'cache').object_relationships = [{ name: 'owner', using }];
    },
    names: ['object_relation owner in table portcullis.cache in source portcullis'],
  },
  'a join with a field that is missing': {
    spoil: (metadata) => {
      const { definition } = first(table(metadata, 'teams').remote_relationships);
      const remote_field = { teem: { arguments: { id: '$id' } } };
      definition.to_remote_schema = { remote_schema: 'portcullis', lhs_fields: ['id'], remote_field };
    },
    names: ['remote_relationship gateway_team in table portcullis.teams in source portcullis'],
  },
  'a remote schema’s permission for admin': {
    spoil: ({ remoteSchemas }) => {
      const { permissions } = first(remoteSchemas);
      permissions.push({ ...first(permissions), role: 'admin' });
    },
    names: ['remote_schema_permission admin permission in remote schema portcullis'],
  },
  'a remote schema that has the name of a table': {
    spoil: (metadata) => {
      table(metadata, 'cache').configuration = { custom_name: 'User' };
    },
    names: ['remote_schema portcullis'],
  },
};

test.each(Object.entries(cases))(
  'Hasura names %s as inconsistent and serves other requests',
  async (_what, { spoil, names }) => {
    await withSpoiled(gateway, spoil, async (engine) => {
      expect(await namesOf(engine)).toEqual(names);
      for (const page of [adminOf(engine), anonymousAt(engine)])
        expect(await page.run('{ __typename }')).toEqual({ __typename: 'query_root' });
    });
  },
);
