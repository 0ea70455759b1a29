import { SESSIONS_FILTER, USERS_FILTER } from './metadata-broken-sessions.ts';
import { type BrokenExample, broken, edited, lines, tableFile } from './metadata-example.ts';
import { fixtureDeclaration } from './metadata-fixture.ts';

const users = tableFile('users');
const teams = tableFile('teams');
const sessions = tableFile('sessions');
const jwks = tableFile('jwks');
const cache = tableFile('cache');
const databases = 'databases/databases.yaml';
const tableList = 'databases/portcullis/tables/tables.yaml';
const remote = 'remote_schemas.yaml';

const treeAndTables: BrokenExample[] = [
  { ...broken('include-tree', 'a missing file'), remove: 'network.yaml' },
  { ...broken('include-tree', 'a missing table file'), remove: users },
  edited(
    tableList,
    'include-tree',
    'a file of ours that is not included',
    '- "!include portcullis_cache.yaml"\n',
    '',
    ['table-tracked'],
  ),
  edited('version.yaml', 'include-tree', 'broken YAML', 'version: 3', 'version: [3'),
  edited('version.yaml', 'include-tree', 'a key twice', 'version: 3', 'version: 3\nversion: 3'),
  edited(tableList, 'include-tree', 'a circular include', 'portcullis_cache.yaml', 'tables.yaml'),
  edited(users, 'shape', 'a misspelt key', 'select_permissions', 'selct_permissions'),
  edited(
    'inherited_roles.yaml',
    'role-known',
    'an inherited role with the name of ours',
    '[]',
    '- role_name: user\n  role_set: [staff, guest]',
  ),
  edited('version.yaml', 'version', 'version 2', '3', '2'),
  edited('cron_triggers.yaml', 'in-step', 'another schedule of a trigger', '17 * * * *', '18 * * * *'),
  edited(databases, 'source', 'a source of another kind', 'postgres', 'citus'),
  edited(
    users,
    'computed-fields',
    'a computed field',
    'select_permissions:',
    'computed_fields: []\nselect_permissions:',
  ),
  edited(
    users,
    'event-triggers',
    'an event trigger',
    'select_permissions:',
    'event_triggers: [{name: x}]\nselect_permissions:',
  ),
  {
    ...broken('table-tracked', 'a declared table that is not tracked'),
    remove: cache,
    edit: [tableList, '- "!include portcullis_cache.yaml"\n', ''],
  },
  {
    ...broken('table-schema', 'a table of a private schema'),
    add: [tableFile('x'), 'table: {schema: portcullis_private, name: x}\n'],
    edit: [
      tableList,
      '- "!include portcullis_cache',
      '- "!include portcullis_x.yaml"\n- "!include portcullis_cache',
    ],
  },
  {
    ...broken('table-known', 'a table that no migration creates'),
    add: [tableFile('x'), 'table: {schema: portcullis, name: x}\n'],
    edit: [
      tableList,
      '- "!include portcullis_cache',
      '- "!include portcullis_x.yaml"\n- "!include portcullis_cache',
    ],
  },
  edited(jwks, 'jwks-table', 'another name of the table', 'custom_name: jwks', 'custom_name: signing_keys'),
  {
    ...broken('jwks-table', 'a permission of the table'),
    add: [
      jwks,
      'table: {schema: portcullis, name: jwks}\nconfiguration: {custom_name: jwks}\nselect_permissions: [{role: user, permission: {columns: [id], filter: {id: {_eq: X-Hasura-User-Id}}, limit: 1}}]\n',
    ],
    also: ['filter-live-session'],
  },
  edited(users, 'column-known', 'a column name in camel case', '- email_verified_at', '- emailVerifiedAt'),
  {
    ...broken('column-readable', 'a column that the database role cannot read'),
    declaration: {
      ...fixtureDeclaration,
      tables: fixtureDeclaration.tables.map((declared) => ({
        ...declared,
        readable: declared.readable.filter((column) => column !== 'disabled_at'),
      })),
    },
  },
  edited(
    sessions,
    'relationship',
    'a column without a foreign key',
    'foreign_key_constraint_on: active_team_id',
    'foreign_key_constraint_on: address',
  ),
  edited(
    users,
    'relationship',
    'an array relationship without a foreign key',
    'column: user_id\n        table:\n          schema: portcullis\n          name: sessions',
    'column: id\n        table:\n          schema: portcullis\n          name: sessions',
  ),
  edited(sessions, 'relationship', 'the name of a column', 'name: active_team\n', 'name: address\n'),
];

const permissions: BrokenExample[] = [
  edited(users, 'role-known', 'an unknown role', 'role: user', 'role: staff'),
  edited(users, 'role-known', 'a permission for admin', 'role: user', 'role: admin'),
  edited(cache, 'role-single', 'two permissions of one role', 'role: anonymous', 'role: user'),
  edited(users, 'select-limit', 'a missing limit', '      limit: 100\n', ''),
  edited(users, 'select-limit', 'a limit above 100', 'limit: 100', 'limit: 1000'),
  edited(users, 'select-aggregations', 'aggregations', 'aggregations: false', 'aggregations: true'),
  edited(
    users,
    'no-insert-delete',
    'an insert permission',
    'select_permissions:',
    'insert_permissions: [{role: user, permission: {check: {}, columns: [name]}}]\nselect_permissions:',
  ),
  edited(
    users,
    'no-insert-delete',
    'a delete permission',
    'select_permissions:',
    'delete_permissions: [{role: user, permission: {filter: {}}}]\nselect_permissions:',
  ),
  edited(
    teams,
    'update-columns',
    'an additional column',
    'columns:\n        - name\n      filter',
    'columns:\n        - name\n        - id\n      filter',
  ),
  edited(teams, 'update-columns', 'a preset', 'set: {}', 'set: {id: x}'),
  edited(users, 'update-check', 'a missing check', `check:\n${lines(8, ...USERS_FILTER)}`, 'check: null\n'),
  edited(
    users,
    'update-check',
    'a check without the live session',
    `check:\n${lines(8, ...USERS_FILTER)}`,
    `check:\n${lines(8, ...USERS_FILTER.slice(0, 2))}`,
  ),
  edited(
    sessions,
    'filter-required',
    'a missing filter',
    `      filter:\n${lines(8, ...SESSIONS_FILTER)}`,
    '',
  ),
  edited(
    sessions,
    'filter-required',
    'an empty filter',
    `filter:\n${lines(8, ...SESSIONS_FILTER)}`,
    'filter: {}\n',
  ),
  edited(
    sessions,
    'filter-required',
    'an empty comparison',
    'user_id:\n          _eq: X-Hasura-User-Id',
    'user_id: {}',
  ),
  edited(
    sessions,
    'filter-required',
    'an empty _and',
    'user_id:\n          _eq: X-Hasura-User-Id',
    '_and: []',
  ),
  edited(sessions, 'filter-required', 'a comparison with null', '_eq: X-Hasura-User-Id', '_eq: null'),
  {
    ...edited(
      users,
      'filter-name',
      'an unknown relationship',
      `filter:\n${lines(8, 'id:')}`,
      `filter:\n${lines(8, 'unknown: {id: {_eq: X-Hasura-User-Id}}', 'id:')}`,
    ),
    firstOnly: true,
  },
  {
    ...edited(
      users,
      'filter-name',
      'an unknown column behind a relationship',
      `filter:\n${lines(8, 'id:')}`,
      `filter:\n${lines(8, 'memberships: {userId: {_eq: X-Hasura-User-Id}}', 'id:')}`,
    ),
    firstOnly: true,
  },
  edited(
    sessions,
    'filter-name',
    'an unknown operator',
    'user_id:\n          _eq',
    'user_id:\n          _equals',
  ),
  edited(
    sessions,
    'filter-variable',
    'a variable that no token carries',
    'X-Hasura-User-Id',
    'X-Hasura-Account-Id',
  ),
  {
    ...edited(
      cache,
      'anonymous-variable',
      'a session variable in a filter of anonymous',
      'filter: {}',
      'filter: {key: {_eq: X-Hasura-User-Id}}',
    ),
    firstOnly: true,
  },
  {
    ...edited(
      remote,
      'anonymous-variable',
      'a session variable in a preset of anonymous',
      'first: Int = 10',
      'first: Int = 10 @preset(value: "x-hasura-user-id")',
    ),
    firstOnly: true,
  },
];

export const brokenTables: readonly BrokenExample[] = [...treeAndTables, ...permissions];
