import { expect, test } from 'vitest';
import { type JsonObject, writeJson } from '../../../src/commands/hasura/install/json.ts';
import { type Edited, edited, foreign, plan, refusal } from './planning.ts';

const remove = { remove: true };

test.each([
  ['with a source of its own', {}],
  ['in a source of theirs', { source: 'default' }],
  ['with namespace and prefix', { namespace: 'auth', typePrefix: 'Auth' }],
])('what was installed %s is removed without a trace', (_case, options) => {
  const before = foreign();
  const { metadata } = plan(before, options);
  const removed = plan(metadata, remove);
  expect(writeJson(removed.metadata)).toBe(writeJson(before));
  expect(removed.changes.every(({ kind }) => kind === 'remove')).toBe(true);
});

test('a removal from an engine without Portcullis has nothing to do', () => {
  expect(plan(foreign(), remove).changes).toEqual([]);
});

const push = (list: unknown, entry: object) => void (list as object[]).push(entry);
const notes = (metadata: Edited) =>
  metadata.sources?.find(({ name }) => String(name) === 'default')?.tables?.[0];
const users = { schema: 'portcullis', name: 'users' };

/** The dependents that a removal names, after an edit of an installation. */
const dependentsAfter = (edit: (metadata: Edited) => void, options: Parameters<typeof plan>[1] = {}) =>
  refusal(() => plan(edited(plan(foreign(), options).metadata, edit), remove));

test('a removal names their relationship to our table, their filter and their join through it', () => {
  expect(
    dependentsAfter(
      (metadata) => {
        push(notes(metadata)?.array_relationships, {
          name: 'readers',
          using: { manual_configuration: { remote_table: users, column_mapping: {} } },
        });
        push(notes(metadata)?.select_permissions, {
          role: 'auditor',
          permission: { columns: '*', filter: { _exists: { _table: users, _where: {} } } },
        });
      },
      { source: 'default' },
    ),
  ).toEqual([
    'source default, table public.notes, relationship readers',
    'source default, table public.notes, select permission of role auditor',
  ]);
  expect(
    dependentsAfter((metadata) =>
      push(notes(metadata)?.remote_relationships, {
        name: 'owner',
        definition: { to_source: { source: 'portcullis', table: users, field_mapping: {} } },
      }),
    ),
  ).toEqual(['source default, table public.notes, join owner']);
});

test('a removal names their join to our remote schema and the relation of their action', () => {
  expect(
    dependentsAfter((metadata) => {
      push(notes(metadata)?.remote_relationships, {
        name: 'me',
        definition: {
          to_remote_schema: {
            remote_schema: 'portcullis',
            lhs_fields: [],
            remote_field: { me: { arguments: {} } },
          },
        },
      });
      push(metadata.custom_types?.objects?.[0]?.relationships, {
        name: 'user',
        type: 'object',
        source: 'portcullis',
        remote_table: users,
        field_mapping: {},
      });
      push(metadata.actions, {
        name: 'theirs',
        definition: { handler: '{{APP_URL}}/x', output_type: 'RefreshEnsActionOutput!' },
      });
    }),
  ).toEqual([
    'type Published, relationship user',
    'source default, table public.notes, join me',
    'action theirs (type RefreshEnsActionOutput, ContractAddressActionOutput)',
  ]);
});

test('a removal names what they hung onto our objects', () => {
  const join = {
    type_name: 'User',
    relationships: [
      {
        name: 'notes',
        definition: { to_source: { source: 'default', table: { schema: 'public', name: 'notes' } } },
      },
    ],
  };
  expect(
    dependentsAfter((metadata) => {
      const source = metadata.sources?.at(-1) as unknown as { tables: Record<string, unknown>[] };
      Object.assign(source.tables.at(-1) ?? {}, { event_triggers: [{ name: 'mine' }] });
      source.tables.push({ table: { schema: 'app', name: 'things' } });
      Object.assign(metadata.remote_schemas?.at(-1) as object, { remote_relationships: [join] });
      push(metadata.actions?.at(-1)?.permissions, { role: 'auditor' });
    }),
  ).toEqual([
    'source portcullis, table app.things',
    'source portcullis, table portcullis.users, event trigger mine',
    'remote schema portcullis, join of type User, relationship notes',
    'action deleteUserAction, permission of role auditor',
  ]);
});

test('their other data of the schema’s name in another source do not depend on ours', () => {
  const metadata = edited(plan(foreign()).metadata, (copy) =>
    push(notes(copy)?.array_relationships, {
      name: 'copies',
      using: { manual_configuration: { remote_table: users, column_mapping: {} } },
    }),
  );
  const removed = plan(metadata, remove).metadata as unknown as JsonObject;
  expect(writeJson(removed)).toContain('"copies"');
});
