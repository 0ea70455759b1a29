import { describe, expect, test } from 'vitest';
import { generateFor } from '../../../src/commands/hasura/install/generated.ts';
import {
  canonical,
  type JsonObject,
  objectsOf,
  parseJson,
  writeJson,
} from '../../../src/commands/hasura/install/json.ts';
import { findEntry } from '../../../src/commands/hasura/install/lists.ts';
import { normalSdl } from '../../../src/commands/hasura/install/normal.ts';
import { edited, foreign, plan, refusal } from './planning.ts';

const find = (metadata: JsonObject, list: string, name: string) => {
  const found = findEntry(list, metadata[list], name);
  if (found === undefined) throw new Error(`${list} has no ${name}.`);
  return found;
};
const ourTable = (metadata: JsonObject, source = 'portcullis', table = 'portcullis.users') =>
  findEntry('tables', find(metadata, 'sources', source).tables, table) ?? {};

test('JSON keeps every digit and every key', () => {
  const text = '{"a":9007199254740993,"b":1.10,"__proto__":{"x":[1e400,-0]},"c":"\\u0000é"}';
  expect(writeJson(parseJson(text))).toBe(text);
  expect(canonical(parseJson('{"b":1.10,"a":{"d":1,"c":9007199254740993}}'))).toBe(
    '{"a":{"c":9007199254740993,"d":1},"b":1.10}',
  );
});

describe('an installation', () => {
  test('adds what is ours and leaves the text of everything else as it was', () => {
    const before = foreign();
    const { metadata, changes } = plan(before);
    expect(changes.every(({ kind }) => kind === 'add')).toBe(true);
    expect(changes.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        'source portcullis',
        'source portcullis, table portcullis.users, select permission of role user',
        'source portcullis, table portcullis.teams, join gateway_team',
        'remote schema portcullis, permission of role anonymous',
        'action refreshEns',
        'type RefreshEnsActionOutput',
        'cron trigger prune',
      ]),
    );
    for (const source of objectsOf(before.sources))
      expect(writeJson(find(metadata, 'sources', String(source.name)))).toBe(writeJson(source));
    for (const key of [
      'inherited_roles',
      'query_collections',
      'allowlist',
      'rest_endpoints',
      'opentelemetry',
    ])
      expect(metadata[key]).toBe(before[key]);
    expect(find(metadata, 'cron_triggers', 'nightly')).toBe(find(before, 'cron_triggers', 'nightly'));
  });

  test('pins the naming convention of our source, and reads every address and secret from variables', () => {
    const { metadata } = plan(foreign());
    const source = find(metadata, 'sources', 'portcullis');
    expect(source.customization).toEqual({ naming_convention: 'hasura-default' });
    const ours = [
      source,
      find(metadata, 'remote_schemas', 'portcullis'),
      find(metadata, 'actions', 'refreshEns'),
    ];
    expect(/https?:|"value":"/.test(ours.map((object) => writeJson(object)).join())).toBe(false);
  });

  test('repeated has nothing to change, also after the engine wrote the metadata in its own way', () => {
    const { metadata } = plan(foreign());
    expect(plan(metadata).changes).toEqual([]);
    const rewritten = edited(metadata, (copy) => {
      copy.sources?.reverse();
      for (const action of copy.actions ?? [])
        Object.assign(action.definition ?? {}, { ignored_client_headers: ['Host'] });
      const remote = copy.remote_schemas?.at(-1) as unknown as {
        permissions: { definition: { schema: string } }[];
      };
      for (const { definition } of remote.permissions)
        definition.schema = `schema { query: Query mutation: Mutation }\n${normalSdl(definition.schema)}`;
    });
    expect(plan(rewritten).changes).toEqual([]);
  });

  test('tells which roles of theirs gain the fields, inherited ones too', () => {
    expect(plan(foreign()).notes).toEqual([
      'Your role user gains the fields of Portcullis.',
      'Your inherited role chief gains them too, by its parents.',
    ]);
  });

  test('gives the role of clients without a token the name that the gateway has for it', () => {
    const { metadata } = plan(foreign(), { unauthorizedRole: 'public' });
    const roles = objectsOf(find(metadata, 'remote_schemas', 'portcullis').permissions).map(
      ({ role }) => role,
    );
    expect(roles).toEqual(['public', 'user']);
  });
});

test('declared roles get the permissions and the SDL of user, and lose them when they are no longer declared', () => {
  const generate = (source: string) => generateFor(source, ['editor']);
  const { metadata } = plan(foreign(), { generate });
  const permission = (role: string) => {
    const found = findEntry('select_permissions', ourTable(metadata).select_permissions, role);
    return { ...found, role: null };
  };
  expect(permission('editor')).toEqual(permission('user'));
  expect(plan(metadata, { generate }).changes).toEqual([]);
  const without = plan(metadata);
  expect(without.changes).toContainEqual({
    kind: 'remove',
    path: 'remote schema portcullis, permission of role editor',
  });
  expect(canonical(without.metadata)).toBe(canonical(plan(foreign()).metadata));
});

describe('an upgrade', () => {
  test('renews ours, removes what this version no longer makes, and keeps what they hung onto our objects', () => {
    const installed = edited(plan(foreign()).metadata, (copy) => {
      const users = findEntry(
        'tables',
        copy.sources?.at(-1)?.tables as never,
        'portcullis.users',
      ) as never as Record<string, unknown[]>;
      const { select_permissions: selects = [], array_relationships: relationships = [] } = users;
      Object.assign(selects[0] as object, { permission: { columns: ['id'], filter: {} } });
      selects.push({
        role: 'gone',
        permission: { columns: ['id'], filter: {} },
        comment: '(managed by Portcullis)',
      });
      selects.push({ role: 'auditor', permission: { columns: ['id'], filter: {} } });
      relationships.push({
        name: 'notes',
        using: {
          manual_configuration: {
            remote_table: { schema: 'public', name: 'notes' },
            column_mapping: { id: 'author_id' },
          },
        },
      });
      copy.cron_triggers?.push({
        name: 'old',
        webhook: '{{PORTCULLIS_URL}}/hasura/cron/old',
        schedule: '* * * * *',
      } as never);
    });
    const { changes, metadata, notes } = plan(installed);
    expect(changes).toEqual([
      { kind: 'remove', path: 'source portcullis, table portcullis.users, select permission of role gone' },
      { kind: 'remove', path: 'cron trigger old' },
      { kind: 'change', path: 'source portcullis, table portcullis.users, select permission of role user' },
    ]);
    expect(findEntry('select_permissions', ourTable(metadata).select_permissions, 'auditor')).toBeDefined();
    expect(findEntry('array_relationships', ourTable(metadata).array_relationships, 'notes')).toBeDefined();
    expect(notes).toContain('Stays yours: source portcullis, table portcullis.users, relationship notes.');
  });

  test('keeps their tables in our source, its pool settings and their joins on our remote schema', () => {
    const join = {
      type_name: 'User',
      relationships: [
        {
          name: 'notes',
          definition: { to_source: { source: 'default', table: { schema: 'public', name: 'notes' } } },
        },
      ],
    };
    const installed = edited(plan(foreign()).metadata, (copy) => {
      const source = copy.sources?.at(-1) as never as {
        tables: unknown[];
        configuration: { connection_info: object };
      };
      source.tables.push({ table: { schema: 'app', name: 'things' } });
      Object.assign(source.configuration.connection_info, { pool_settings: { max_connections: 7 } });
      Object.assign(copy.remote_schemas?.at(-1) as object, { remote_relationships: [join] });
    });
    expect(plan(installed).changes).toEqual([]);
    expect(writeJson(plan(installed).metadata)).toContain('"max_connections":7');
  });

  test('without options keeps source, namespace and prefix; an empty option takes them away', () => {
    const first = plan(foreign(), { source: 'default', namespace: 'auth', typePrefix: 'Auth' });
    expect(first.metadata.sources).toHaveLength(2);
    const again = plan(first.metadata);
    expect(again.changes).toEqual([]);
    expect(again.target).toEqual({
      source: 'default',
      namespace: 'auth',
      typePrefix: 'Auth',
      unauthorizedRole: 'anonymous',
    });
    const { metadata, changes } = plan(first.metadata, { namespace: '', typePrefix: '' });
    expect(changes).toContainEqual({ kind: 'remove', path: 'action auth_refreshEns' });
    expect(changes).toContainEqual({ kind: 'add', path: 'action refreshEns' });
    expect(canonical(metadata)).toBe(canonical(plan(foreign(), { source: 'default' }).metadata));
  });

  test('finds what Hasura’s CLI applied without marks, in a source of theirs', () => {
    const applied = edited(plan(foreign(), { source: 'default' }).metadata, (copy) => {
      const json = JSON.parse(
        writeJson(copy as unknown as JsonObject)
          .replaceAll('"comment":"(managed by Portcullis)",', '')
          .replaceAll(',"comment":"(managed by Portcullis)"', '')
          .replaceAll(' (managed by Portcullis)', ''),
      );
      Object.assign(copy, json);
    });
    expect(writeJson(applied)).not.toContain('managed by Portcullis');
    const { target, changes, metadata } = plan(applied);
    expect(target.source).toBe('default');
    expect(changes.every(({ kind }) => kind === 'change')).toBe(true);
    expect(plan(metadata).changes).toEqual([]);
  });

  test('moves our tables to another source, unless something of theirs would be left behind', () => {
    const installed = plan(foreign()).metadata;
    const { metadata, changes } = plan(installed, { source: 'default' });
    expect(changes).toContainEqual({ kind: 'remove', path: 'source portcullis' });
    expect(canonical(metadata)).toBe(canonical(plan(foreign(), { source: 'default' }).metadata));
    const used = edited(installed, (copy) => {
      (copy.sources?.at(-1)?.tables as unknown as unknown[] | undefined)?.push({
        table: { schema: 'app', name: 'things' },
      });
    });
    expect(refusal(() => plan(used, { source: 'default' }))).toEqual(['source portcullis, table app.things']);
  });
});

describe('the target', () => {
  test('in a source of theirs, joins, types of actions and relationships of actions follow', () => {
    const { metadata } = plan(foreign(), { source: 'default', namespace: 'auth', typePrefix: 'Auth' });
    expect(ourTable(metadata, 'default', 'portcullis.jwks').configuration).toMatchObject({
      custom_name: 'auth_jwks',
    });
    const [join] = objectsOf(ourTable(metadata, 'default', 'portcullis.teams').remote_relationships);
    // Joins and role SDLs keep the gateway's own names.
    expect(join?.definition).toMatchObject({
      to_remote_schema: { remote_schema: 'portcullis', remote_field: { team: {} } },
    });
    const objects = objectsOf((metadata.custom_types as JsonObject).objects);
    const generated = objects.find(({ name }) => name === 'AuthGenerateJwkActionOutput');
    expect(generated).toMatchObject({ relationships: [{ name: 'jwk', source: 'default' }] });
    const action = find(metadata, 'actions', 'auth_generateJwk');
    expect(action.definition).toMatchObject({
      handler: '{{PORTCULLIS_URL}}/hasura/actions/generateJwk',
      output_type: 'AuthGenerateJwkActionOutput!',
    });
    expect(find(metadata, 'remote_schemas', 'portcullis').definition).toMatchObject({
      customization: { root_fields_namespace: 'auth', type_names: { prefix: 'Auth' } },
    });
  });

  test('in our own source, namespace and prefix go before the names of tables', () => {
    const { metadata } = plan(foreign(), { namespace: 'auth', typePrefix: 'Auth' });
    expect(find(metadata, 'sources', 'portcullis').customization).toEqual({
      root_fields: { prefix: 'auth_' },
      type_names: { prefix: 'Auth' },
      naming_convention: 'hasura-default',
    });
  });

  test('must be a source of the engine, of kind postgres', () => {
    expect(refusal(() => plan(foreign(), { source: 'other' }))).toEqual([
      'The engine has no source other. It has: default, warehouse.',
    ]);
    expect(refusal(() => plan(foreign(), { source: 'warehouse' }))).toEqual([
      'The source warehouse is not of kind postgres: the tables of Portcullis are in Postgres.',
    ]);
  });
});
