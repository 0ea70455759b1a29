import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newPerson, signUp } from '../../support/gateway.ts';
import { toFailure } from '../../support/hasura/table-errors.ts';
import { codes, type Frontend, openStage, type Stage } from './frontend.ts';

// What a page and the console change in the tables, and what neither can.

let stage: Stage;
let ada: { email: string; id: string };
let team: string;
let page: Frontend;
beforeAll(async () => {
  stage = await openStage({
    engine: {
      spoil({ tables }) {
        // For the check: in the shipped metadata it repeats the filter, which no editable column can leave.
        for (const { table, update_permissions: granted = [] } of tables)
          if (table.name === 'projects')
            for (const { permission } of granted) permission.check = { name: { _neq: 'Forbidden' } };
      },
    },
  });
  const { accessToken, user } = await signUp(stage.gateway, newPerson({ teamName: 'Engines' }));
  ada = user;
  page = stage.as(accessToken);
  const [row] = await stage.gateway.sql`select team_id from portcullis.memberships where user_id = ${ada.id}`;
  team = String(row?.team_id);
});
afterAll(() => stage.close());
beforeEach(async () => {
  await stage.gateway.sql`delete from portcullis.projects`;
  await stage.gateway.sql`insert into portcullis.projects (id, team_id, name)
    select gen_random_uuid(), ${team}, unnest(array['Looms', 'Cards'])`;
  await stage.gateway.sql`update portcullis.users set name = 'Ada' where id = ${ada.id}`;
});

const projects = async () => {
  const rows = await stage.gateway.sql`select name from portcullis.projects order by name`;
  return rows.map(({ name }) => String(name));
};
const rename = (from: string, to: string, alias = 'update_portcullis_projects') =>
  `${alias}: update_portcullis_projects(where: { name: { _eq: "${from}" } }, _set: { name: "${to}" }) { affected_rows }`;
const failure = (code: string, message: unknown, path = '$') => [{ message, extensions: { path, code } }];
const BAD_NAME = failure(
  'permission-error',
  expect.stringMatching(
    /^Check constraint violation\. The name breaks the rule \w+_name_length: it has 1 to 255 /,
  ),
);
const DENIED = failure('unexpected', 'database query error');

describe('an update', () => {
  test('changes the rows that pass, and returns them as they are then, with what is behind them', async () => {
    const document = `mutation { update_portcullis_projects(where: { name: { _like: "%s" } }, _set: { name: "Mills" }) {
      affected_rows returning { name team { name memberships { role } } }
    } }`;
    const row = { name: 'Mills', team: { name: 'Engines', memberships: [{ role: 'OWNER' }] } };
    expect(await page.run(document)).toEqual({
      update_portcullis_projects: { affected_rows: 2, returning: [row, row] },
    });
  });

  test('by key is the row, or null where there is none that may be changed', async () => {
    const document = `mutation ($id: uuid!) {
      update_portcullis_teams_by_pk(pk_columns: { id: $id }, _set: { name: "Engines" }) { name }
    }`;
    expect(await page.run(document, { id: team })).toEqual({
      update_portcullis_teams_by_pk: { name: 'Engines' },
    });
    expect(await page.run(document, { id: ada.id })).toEqual({ update_portcullis_teams_by_pk: null });
  });

  test('of many takes one after the other, each with an answer of its own', async () => {
    const document = `mutation ($updates: [portcullis_projects_updates!]!) {
      update_portcullis_projects_many(updates: $updates) { affected_rows returning { name } }
    }`;
    const update = (from: string, to: string) => ({ where: { name: { _eq: from } }, _set: { name: to } });
    const updates = [update('Looms', 'Mills'), update('Mills', 'Wheels'), update('?', 'x')];
    expect(await page.run(document, { updates })).toEqual({
      update_portcullis_projects_many: [
        { affected_rows: 1, returning: [{ name: 'Mills' }] },
        { affected_rows: 1, returning: [{ name: 'Wheels' }] },
        { affected_rows: 0, returning: [] },
      ],
    });
    expect(
      await page.refused(document, { updates: [update('Cards', 'x'), update('Wheels', ' ')] }),
    ).toMatchObject([{ extensions: { code: 'permission-error' } }]);
    expect(await projects()).toEqual(['Cards', 'Wheels']);
  });

  test('of many is joined with the gateway like any other', async () => {
    const document = `mutation { update_portcullis_teams_many(updates: { where: {}, _set: { name: "Engines" } }) {
      returning { gateway_team { name myRole } }
    } }`;
    expect(await page.run(document)).toEqual({
      update_portcullis_teams_many: [{ returning: [{ gateway_team: { name: 'Engines', myRole: 'OWNER' } }] }],
    });
  });

  test('of nothing changes nothing', async () => {
    const nothing = (operators: string) =>
      `mutation { update_portcullis_projects(where: {}${operators}) { affected_rows returning { name } } }`;
    const none = { update_portcullis_projects: { affected_rows: 0, returning: [] } };
    expect(await page.run(nothing(''))).toEqual(none);
    expect(await page.run(nothing(', _set: {}'))).toEqual(none);
    const byKey = `mutation { update_portcullis_teams_by_pk(pk_columns: { id: "${team}" }, _set: {}) { name } }`;
    expect(await page.run(byKey)).toEqual({ update_portcullis_teams_by_pk: {} });
  });

  test('clears no name: neither by null, nor by a variable without a value', async () => {
    const clear = 'update_portcullis_users(where: {}, _set: { name: $name }) { affected_rows }';
    for (const mutation of [
      `mutation ($name: String) { ${clear} }`,
      `mutation { ${clear} }`.replace('$name', 'null'),
    ])
      expect(await page.refused(mutation)).toEqual(BAD_NAME);
    const path = '$.selectionSet.update_portcullis_projects.args';
    expect(
      await page.refused(
        'mutation { update_portcullis_projects(where: {}, _set: { name: null }) { affected_rows } }',
      ),
    ).toEqual(failure('validation-failed', "unexpected null value for type 'String'", `${path}._set.name`));
    expect(
      await page.refused('mutation { update_portcullis_projects(_set: { name: "x" }) { affected_rows } }'),
    ).toEqual(failure('validation-failed', "missing required field 'where'", `${path}.where`));
    const other =
      'mutation { update_portcullis_projects(where: {}, _set: { team_id: "x" }) { affected_rows } }';
    expect(await page.refused(other)).toEqual(
      failure(
        ...([
          'validation-failed',
          "field 'team_id' not found in type: 'portcullis_projects_set_input'",
        ] as const),
        `${path}._set.team_id`,
      ),
    );
  });

  test('that leaves the permission’s check, or the table’s, is taken back', async () => {
    expect(await page.refused(`mutation { ${rename('Looms', 'Forbidden')} }`)).toEqual(
      failure('permission-error', 'check constraint of an insert/update permission has failed'),
    );
    for (const name of [' ', 'Looms ', '\u3164'])
      expect(await page.refused(`mutation { ${rename('Looms', name)} }`), name).toEqual(BAD_NAME);
    expect(await projects()).toEqual(['Cards', 'Looms']);
  });
});

describe('several changes in one mutation', () => {
  test('are all taken back where one fails', async () => {
    const both = `mutation { ${rename('Looms', 'Mills', 'a')} ${rename('Cards', ' ', 'b')} }`;
    expect(await codes(page.refused(both))).toEqual(['permission-error']);
    expect(await projects()).toEqual(['Cards', 'Looms']);
    const good = `mutation { ${rename('Looms', 'Mills', 'a')} ${rename('Mills', 'Wheels', 'b')} }`;
    expect(await page.run(good)).toEqual({ a: { affected_rows: 1 }, b: { affected_rows: 1 } });
  });

  test('but not those before one that the gateway refuses', async () => {
    const leave = `leaveTeam(input: { teamId: "${ada.id}" }) { id }`;
    expect(await codes(page.refused(`mutation { ${rename('Looms', 'Mills')} ${leave} }`))).toEqual([
      'not_found',
    ]);
    expect(await projects()).toEqual(['Cards', 'Mills']);
  });
});

describe('the console', () => {
  const key = '{ id: { _is_null: false } }';
  test.each([
    ['an insert', 'insert_portcullis_teams(objects: [{ id: $id, name: "x" }]) { affected_rows }'],
    ['an insert of defaults', 'insert_portcullis_teams(objects: [{}]) { returning { id } }'],
    [
      'an insert that would change what is there',
      `insert_portcullis_cache_one(object: { key: "x", value: "y" },
        on_conflict: { constraint: cache_pkey, update_columns: [value], where: { key: { _eq: "x" } } }) { key }`,
    ],
    [
      'an insert that would do nothing',
      'insert_jwks_one(object: { id: "x" }, on_conflict: { constraint: jwks_pkey }) { id }',
    ],
    ['a delete', 'delete_portcullis_teams(where: {}) { affected_rows }'],
    ['a delete of no row', 'delete_jwks(where: { id: { _in: [] } }) { affected_rows returning { id } }'],
    ['a delete by key', 'delete_portcullis_users_by_pk(id: $id) { id }'],
    [
      'an update of a role',
      `update_portcullis_memberships(where: {}, _set: { role: "OWNER" }) { affected_rows }`,
    ],
    [
      'an update of JSON',
      `update_jwks(where: ${key}, _append: { public_jwk: { d: "x" } }) { affected_rows }`,
    ],
    [
      'an update of JSON in front',
      `update_jwks(where: ${key}, _prepend: { public_jwk: [] }) { affected_rows }`,
    ],
    [
      'a key removed from JSON',
      `update_jwks(where: ${key}, _delete_key: { public_jwk: "kid" }) { affected_rows }`,
    ],
    [
      'an item removed from JSON',
      `update_jwks(where: ${key}, _delete_elem: { public_jwk: 0 }) { affected_rows }`,
    ],
    [
      'a path removed from JSON',
      `update_jwks(where: ${key}, _delete_at_path: { public_jwk: ["kid"] }) { affected_rows }`,
    ],
  ])('may not do %s: the database has no such grant', async (_what, change) => {
    const [declared, variables] = change.includes('$id') ? ['($id: uuid!)', { id: ada.id }] : ['', {}];
    expect(await stage.console().refused(`mutation${declared} { ${change} }`, variables)).toEqual(DENIED);
  });

  test('inserts no rows at all without asking the database', async () => {
    const nothing = 'mutation { insert_portcullis_teams(objects: []) { affected_rows returning { id } } }';
    expect(await stage.console().run(nothing)).toEqual({
      insert_portcullis_teams: { affected_rows: 0, returning: [] },
    });
  });

  test('changes a column in one way', async () => {
    const twice = `mutation { update_jwks(where: {}, _set: { public_jwk: {} }, _append: { public_jwk: {} }) { affected_rows } }`;
    expect(await stage.console().refused(twice)).toEqual(
      failure(
        ...(['validation-failed', "Column found in multiple operators: ['public_jwk']."] as const),
        '$.selectionSet.update_jwks.args',
      ),
    );
  });
});

// Grants and checks keep these from happening through the shipped metadata; an application's own tables meet them.
test.each([
  ['23505', 'constraint-violation', 'Uniqueness violation. x'],
  ['23503', 'constraint-violation', 'Foreign key violation. x'],
  ['23502', 'constraint-violation', 'Not-NULL violation. x'],
  ['23P01', 'constraint-violation', 'Exclusion violation. x'],
  ['23001', 'constraint-violation', 'Can not delete or update due to data being referred. x'],
  ['23514', 'permission-error', 'Check constraint violation. x'],
  ['22P02', 'data-exception', 'x'],
  ['22025', 'bad-request', 'x'],
  ['42704', 'constraint-error', 'x'],
  ['42P10', 'constraint-error', 'there is no unique or exclusion constraint on target column(s)'],
  ['42501', 'unexpected', 'database query error'],
  ['40001', 'unexpected', 'database query error'],
])('what Postgres calls %s is %s', async (state, code, message) => {
  expect(toFailure(await raised(state))).toMatchObject({ answer: { errors: failure(code, message) } });
});

test.each(['42601', '42703', '42P01', '42883', '54023'])(
  '%s is nothing that Hasura would say',
  async (state) => {
    const error = await raised(state);
    expect(error).toMatchObject({ code: state });
    expect(toFailure(error)).toBe(error);
  },
);

const raised = (state: string): Promise<unknown> =>
  stage.gateway.sql
    .unsafe(`do $$ begin raise exception 'x' using errcode = '${state}'; end $$`)
    .catch((error: unknown) => error);
