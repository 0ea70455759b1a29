import { describe, expect, test } from 'vitest';
import { type JsonObject, parseJson, writeJson } from '../../../src/commands/hasura/install/json.ts';
import { type Edited, foreign, plan, refusal } from './planning.ts';

const clashesAfter = (edit: (metadata: Edited) => void) => refusal(() => plan(foreign(edit)));

describe('a name of another kind of source', () => {
  const add = (kind: string, table: object | unknown[]) => (metadata: Edited) =>
    void (metadata.sources as unknown as object[]).push({
      name: 'other',
      kind,
      configuration: {},
      tables: [{ table }],
    });

  test.each([
    ['a dataset of BigQuery', 'bigquery', { dataset: 'sales', name: 'sessions' }],
    ['the schema dbo of Postgres', 'postgres', { schema: 'dbo', name: 'sessions' }],
    ['the schema public of SQL Server', 'mssql', { schema: 'public', name: 'sessions' }],
  ])('does not meet ours with %s before it', (_case, kind, table) => {
    expect(plan(foreign(add(kind, table))).changes).not.toEqual([]);
  });

  test.each([
    ['a data connector', 'sqlite', ['sessions']],
    ['SQL Server', 'mssql', { schema: 'dbo', name: 'sessions' }],
  ])('meets ours in %s, and --namespace resolves it', (_case, kind, table) => {
    expect(clashesAfter(add(kind, table))[0]).toMatch(
      /^The root field sessions of table .* of source other would clash with Portcullis: use --namespace <name>\.$/,
    );
    expect(plan(foreign(add(kind, table)), { namespace: 'auth' }).changes).not.toEqual([]);
  });

  test('meets ours as a stored procedure', () => {
    const edit = (metadata: Edited) =>
      Object.assign(metadata.sources?.[0] ?? {}, {
        stored_procedures: [{ stored_procedure: { schema: 'public', name: 'me' } }],
      });
    expect(clashesAfter(edit)).toEqual([
      'The root field me of stored procedure public.me of source default would clash with Portcullis: use --namespace <name>.',
    ]);
  });
});

test('a source of theirs without a kind is one of Postgres', () => {
  const before = foreign((metadata) => {
    const [source] = metadata.sources as unknown as { kind?: string }[];
    delete source?.kind;
  });
  expect(plan(before, { source: 'default' }).changes).not.toEqual([]);
});

test.each([
  ['an engine without an application', '{"version":3,"sources":[]}'],
  [
    'data connectors, Citus and unknown keys',
    '{"version":3,"backend_configs":{"dataconnector":{"sqlite":{"uri":"http://x"}}},"sources":[{"name":"lite","kind":"sqlite","configuration":{"value":{"db":"/x"}},"tables":[{"table":["Artist"]}],"functions":[{"function":["f"]}]},{"name":"shards","kind":"citus","tables":[{"table":"notes"}],"configuration":{}}],"later":[1,{"sources":[]}],"__proto__":{"a":1}}',
  ],
])('installation and removal leave the text of %s', (_case, text) => {
  const installed = plan(parseJson(text) as JsonObject, { namespace: 'auth', typePrefix: 'Auth' }).metadata;
  expect(plan(installed).changes).toEqual([]);
  expect(writeJson(plan(installed, { remove: true }).metadata)).toBe(text);
});
