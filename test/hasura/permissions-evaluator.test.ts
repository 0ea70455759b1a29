import { describe, expect, test } from 'vitest';
import type { Catalogue } from '../support/hasura/catalogue.ts';
import { compileFilter, Refused } from '../support/hasura/filters.ts';
import { type BoolExp, readTrackedTables } from '../support/hasura/metadata.ts';

// The evaluator that other tests lean on: what it makes of a filter, and that it gives up on what it does not know.

const catalogue: Catalogue = {
  columnType: (_table, column) => (column.endsWith('id') ? 'uuid' : 'text'),
  foreignKey: (_table, column) => ({
    ...{ schema: 'portcullis', name: `${column.replace(/_id$/, '')}s`, column: 'id' },
  }),
};

async function compiled(table: string, filter: BoolExp, session = { 'x-hasura-user-id': 'me' }) {
  const tables = await readTrackedTables();
  const tracked = tables.find(({ table: { name } }) => name === table)!;
  const parameters: string[] = [];
  const sql = compileFilter({ tables, catalogue, session, parameters }, tracked, 'r', filter);
  return { sql: sql.replace(/\s+/g, ' '), parameters };
}

describe('a filter', () => {
  test('follows relationships by their foreign keys, and holds for one and the same row', async () => {
    const filter = {
      team: { memberships: { user_id: { _eq: 'X-Hasura-User-Id' }, role: { _in: ['OWNER'] } } },
    };
    expect(await compiled('projects', filter)).toEqual({
      sql:
        '(exists (select 1 from "portcullis"."teams" as r1 where r1."id" = r."team_id" and ' +
        '(exists (select 1 from "portcullis"."memberships" as r2 where r2."team_id" = r1."id" and ' +
        '((r2."user_id" = ($1)::text::uuid) and (r2."role" in (($2)::text::text)))))))',
      parameters: ['me', 'OWNER'],
    });
  });

  test('combines conditions, and holds where there are none', async () => {
    expect((await compiled('teams', {})).sql).toBe('true');
    expect((await compiled('teams', { _and: [] })).sql).toBe('(true)');
    expect((await compiled('teams', { _or: [] })).sql).toBe('((false))');
    expect((await compiled('teams', { _not: { name: { _is_null: true } } })).sql).toBe(
      '(not ((r."name" is null)))',
    );
    expect((await compiled('teams', { name: { _in: [] } })).sql).toBe('((false))');
  });

  test('fails for want of a session variable, whatever its case', async () => {
    const filter = { id: { _eq: 'x-HASURA-user-ID' } };
    expect((await compiled('teams', filter)).parameters).toEqual(['me']);
    await expect(compiled('teams', filter, {} as never)).rejects.toThrow(Refused);
  });

  test('with an operator that is not known here is an error, not a pass', async () => {
    await expect(compiled('teams', { name: { _st_within: '%' } })).rejects.toThrow('_st_within');
    await expect(compiled('teams', { name: { _eq: null } })).rejects.toThrow('no scalar');
  });
});
