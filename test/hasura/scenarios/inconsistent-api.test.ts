import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { adminOf, anonymousAt, first, namesOf, type Spoil, table, withSpoiled } from './spoiled.ts';

// What vanishes from the API with a thing of the metadata that does not fit, and what does not.

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.close());

const refreshEns = 'mutation { refreshEns { success } }';
const missing = (field: string, type: string) => [
  {
    message: `field '${field}' not found in type: '${type}'`,
    extensions: { path: `$.selectionSet.${field}`, code: 'validation-failed' },
  },
];

test('an action that reads a variable that is not set is missing from the API, and no other', async () => {
  const spoil: Spoil = ({ actions }) => {
    first(first(actions).definition.headers).value_from_env = 'NOT_SET';
  };
  await withSpoiled(gateway, spoil, async (engine) => {
    expect(await engine.inconsistent()).toEqual([
      "action refreshEns: Inconsistent object: environment variable 'NOT_SET' not set",
    ]);
    expect(await adminOf(engine).refused(refreshEns)).toEqual(missing('refreshEns', 'mutation_root'));
    const made = await adminOf(engine).run('mutation { generateJwk { success } }');
    expect(made).toEqual({ generateJwk: { success: true } });
  });
});

test('a remote schema that meets an action’s type is missing as a whole, and the action is there', async () => {
  const spoil: Spoil = (metadata) => {
    metadata.actionsSdl = metadata.actionsSdl.replaceAll('GenerateJwkActionOutput', 'OkPayload');
    for (const type of metadata.actionsFile.custom_types.objects)
      type.name = type.name.replace('GenerateJwkActionOutput', 'OkPayload');
    metadata.actionRelationships.clear();
  };
  await withSpoiled(gateway, spoil, async (engine) => {
    for (const page of [adminOf(engine), anonymousAt(engine)])
      expect(await page.refused('{ authConfig { signup } }')).toEqual(missing('authConfig', 'query_root'));
    expect(await adminOf(engine).run('mutation { generateJwk { success } }')).toEqual({
      generateJwk: { success: true },
    });
    expect(await anonymousAt(engine).run('{ portcullis_cache { key } }')).toEqual({
      portcullis_cache: [],
    });
  });
});

test('what rests on a table that is missing is missing too', async () => {
  const spoil: Spoil = ({ tables }) => {
    for (const { table } of tables) if (table.name === 'jwks') table.name = 'keys';
  };
  await withSpoiled(gateway, spoil, async (engine) => {
    expect(await namesOf(engine)).toEqual([
      'table portcullis.keys in source default',
      'custom_types custom_types',
    ]);
    expect(await adminOf(engine).refused(refreshEns)).toEqual(missing('refreshEns', 'mutation_root'));
  });
});

test('what rests on a relationship that is missing is missing too', async () => {
  const spoil: Spoil = (metadata) => {
    const { array_relationships: arrays = [] } = table(metadata, 'teams');
    for (const { name, using } of arrays)
      if (name === 'memberships') using.foreign_key_constraint_on.column = 'group_id';
    table(metadata, 'teams').update_permissions = [];
  };
  await withSpoiled(gateway, spoil, async (engine) => {
    expect(await namesOf(engine)).toEqual(
      expect.arrayContaining([
        'array_relation memberships in table portcullis.teams in source default',
        'select_permission user in table portcullis.teams in source default',
      ]),
    );
  });
});
