import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newPerson, signUp } from '../../support/gateway.ts';
import { type Frontend, join, openStage, type Stage } from './frontend.ts';

// What a page reads of the tables, and how it may ask.

let stage: Stage;
let ada: { email: string; id: string };
let page: Frontend;
beforeAll(async () => {
  stage = await openStage();
  const { sql } = stage.gateway;
  const { accessToken, user } = await signUp(stage.gateway, newPerson());
  ada = user;
  page = stage.as(accessToken);
  await sql`delete from portcullis.projects`;
  await sql`insert into portcullis.projects (id, team_id, name, created_at)
    select gen_random_uuid(), team_id, p.name, p.at from portcullis.memberships,
      (values ('Looms', '2026-01-01Z'::timestamptz), ('Cards', '2026-02-01Z'), ('Cards', '2026-03-01Z')) p (name, at)
    where user_id = ${ada.id}`;
});
afterAll(() => stage.close());

/** The names of projects in the order in which they come. */
async function names(args: string, variables: object = {}, declared = ''): Promise<string[]> {
  const document = `query Names${declared} { portcullis_projects${args} { name created_at } }`;
  const { portcullis_projects: found } = await page.run<{
    portcullis_projects: { name: string; created_at: string }[];
  }>(document, variables);
  return found.map(({ name, created_at }) => `${name} ${created_at.slice(5, 7)}`);
}
const refused = (args: string, variables: object = {}, declared = '') =>
  page.refused(`query Names${declared} { portcullis_projects${args} { name } }`, variables);
const invalid = (message: string, at: string) => [
  { message, extensions: { path: `$.selectionSet.portcullis_projects${at}`, code: 'validation-failed' } },
];

describe('the order', () => {
  test('is by one column after the other, up or down', async () => {
    const sorted = '(order_by: [{ name: asc }, { created_at: desc }])';
    expect(await names(sorted)).toEqual(['Cards 03', 'Cards 02', 'Looms 01']);
    expect(await names('(order_by: { created_at: asc })')).toEqual(['Looms 01', 'Cards 02', 'Cards 03']);
  });

  test('has nulls last on the way up, first on the way down, and where one asks for them', async () => {
    const [known, never] = [new Date(Date.now() + 1000).toISOString(), null];
    const bob = await join(stage);
    await stage.gateway.sql`update portcullis.sessions set revoked_at = ${known}
      where user_id = ${bob.user.id} and id <> ${String(decodeJwt(bob.accessToken).sid)}`;
    const revoked = async (way: string) => {
      const { portcullis_sessions: found } = await stage
        .as(bob.accessToken)
        .run<{ portcullis_sessions: { revoked_at: string | null }[] }>(
          `{ portcullis_sessions(order_by: { revoked_at: ${way} }) { revoked_at } }`,
        );
      return found.map(({ revoked_at }) => (revoked_at === null ? never : 'known'));
    };
    for (const way of ['asc', 'asc_nulls_last', 'desc_nulls_last'])
      expect(await revoked(way), way).toEqual(['known', never]);
    for (const way of ['desc', 'desc_nulls_first', 'asc_nulls_first'])
      expect(await revoked(way), way).toEqual([never, 'known']);
  });

  test('may come from a row behind a relationship, which counts as null where it may not be read', async () => {
    const bob = await join(stage, { teamName: 'Bobbins' });
    await stage.gateway.sql`insert into portcullis.memberships (team_id, user_id, role)
      select team_id, ${ada.id}, 'MEMBER' from portcullis.memberships where user_id = ${bob.user.id}`;
    const teams =
      '{ portcullis_memberships(order_by: [{ team: { name: asc } }, { role: asc }]) { role team { name } } }';
    expect(await page.run(teams)).toEqual({
      portcullis_memberships: [
        { role: 'MEMBER', team: { name: 'Bobbins' } },
        { role: 'OWNER', team: { name: 'Bobbins' } },
        { role: 'OWNER', team: { name: 'Engines' } },
      ],
    });
    // Of the users Ada sees herself alone.
    const users =
      '{ portcullis_memberships(order_by: [{ user: { email: asc } }, { role: asc }]) { user { email } } }';
    const { portcullis_memberships: found } = await page.run<{ portcullis_memberships: object[] }>(users);
    const own = { user: { email: ada.email } };
    expect(found).toEqual([own, own, { user: null }]);
    await stage.gateway.sql`delete from portcullis.memberships where user_id = ${ada.id} and role = 'MEMBER'`;
  });

  test('of nothing is no order, and neither is null', async () => {
    const unsorted = (await names('')).sort();
    for (const none of ['[]', 'null', '[{}]', '[{ name: null }]', '{ team: null }'])
      expect((await names(`(order_by: ${none})`)).sort(), none).toEqual(unsorted);
  });

  test('by what is no way to sort is refused', async () => {
    const ways =
      "['asc', 'asc_nulls_first', 'asc_nulls_last', 'desc', 'desc_nulls_first', 'desc_nulls_last']";
    expect(await refused('(order_by: { name: up })')).toEqual(
      invalid(
        `expected one of the values ${ways} for type 'order_by', but found 'up'`,
        '.args.order_by[0].name',
      ),
    );
    expect(await refused('(order_by: { name: "asc" })')).toEqual(
      invalid("expected an enum value for type 'order_by', but found a string", '.args.order_by[0].name'),
    );
    expect(await refused('(order_by: { email: asc })')).toEqual(
      invalid("field 'email' not found in type: 'portcullis_projects_order_by'", '.args.order_by[0].email'),
    );
  });
});

describe('a part of the rows', () => {
  const SORTED = 'order_by: { created_at: asc }';

  test('is so many, after so many; of 0 it is none', async () => {
    expect(await names(`(${SORTED}, limit: 2)`)).toEqual(['Looms 01', 'Cards 02']);
    expect(await names(`(${SORTED}, limit: 2, offset: 2)`)).toEqual(['Cards 03']);
    expect(await names(`(${SORTED}, offset: "1")`)).toEqual(['Cards 02', 'Cards 03']);
    expect(await names(`(${SORTED}, limit: 0)`)).toEqual([]);
    expect(
      await names(`(${SORTED}, limit: null, offset: null, where: null, distinct_on: null)`),
    ).toHaveLength(3);
  });

  test('is never more than the permission’s limit, whatever is asked; a limit counts for each list', async () => {
    const spoiled = await openStage({
      engine: {
        spoil({ tables }) {
          for (const { select_permissions: granted = [] } of tables)
            for (const { permission } of granted) permission.limit = 2;
        },
      },
    });
    const bob = await join(spoiled);
    await spoiled.gateway.sql`insert into portcullis.projects (id, team_id, name)
      select gen_random_uuid(), team_id, 'P' || n from portcullis.memberships, generate_series(1, 4) n
      where user_id = ${bob.user.id}`;
    const count = async (args: string) => {
      const document = `{ portcullis_projects${args} { id } portcullis_teams { projects${args} { id } } }`;
      const data = await spoiled.as(bob.accessToken).run<{
        portcullis_projects: object[];
        portcullis_teams: { projects: object[] }[];
      }>(document);
      return [
        data.portcullis_projects.length,
        ...data.portcullis_teams.map(({ projects }) => projects.length),
      ];
    };
    expect(await count('')).toEqual([2, 2]);
    expect(await count('(limit: 100)')).toEqual([2, 2]);
    expect(await count('(limit: 1)')).toEqual([1, 1]);
    expect(await count('(offset: 4)')).toEqual([1, 1]);
    await spoiled.close();
  });

  test('of less than nothing is refused', async () => {
    const natural = "expected a non-negative 32-bit integer for type 'Int', but found";
    expect(await refused('(limit: -1)')).toEqual(invalid(`${natural} an integer`, '.args.limit'));
    expect(await refused('(limit: $n)', { n: -1 }, '($n: Int)')).toEqual(
      invalid(`${natural} a number`, '.args.limit'),
    );
    expect(await refused('(limit: "1")')).toEqual(invalid(`${natural} a string`, '.args.limit'));
    expect(await refused('(offset: -1)')).toEqual([
      { message: 'OFFSET must not be negative', extensions: { path: '$', code: 'data-exception' } },
    ]);
    expect(await refused('(offset: "x")')).toEqual(
      invalid(
        "expected a 32-bit integer, or a 64-bit integer represented as a string for type 'Int', but found a string",
        '.args.offset',
      ),
    );
    const inside = '.selectionSet.team.selectionSet.projects.args.limit';
    const nested = '{ portcullis_projects { team { projects(limit: -1) { name } } } }';
    expect(await page.refused(nested)).toEqual(invalid(`${natural} an integer`, inside));
    const path = '$.selectionSet.portcullis_projects.args.limit';
    const why =
      'lies outside the bounds or is not an integer. Maybe it is a float, or is there integer overflow?';
    expect(await refused('(limit: 3000000000)')).toEqual([
      { message: `The value 3.0e9 ${why}`, extensions: { path, code: 'parse-failed' } },
    ]);
  });

  test('is one row of each kind, of those that come first', async () => {
    const first = '(distinct_on: name, order_by: [{ name: asc }, { created_at: desc }])';
    expect(await names(first)).toEqual(['Cards 03', 'Looms 01']);
    expect(await names('(distinct_on: [name])')).toHaveLength(2);
    expect(await refused('(distinct_on: name, order_by: { created_at: asc })')).toEqual(
      invalid('"distinct_on" columns must match initial "order_by" columns', '.args'),
    );
  });
});

describe('one row by its key', () => {
  test('is null where there is none that may be read', async () => {
    const bob = await join(stage);
    const find = 'query ($id: uuid!) { portcullis_users_by_pk(id: $id) { email } }';
    expect(await page.run(find, { id: ada.id })).toEqual({
      portcullis_users_by_pk: { email: ada.email },
    });
    expect(await page.run(find, { id: bob.user.id })).toEqual({ portcullis_users_by_pk: null });
  });

  test('needs the whole key', async () => {
    const at = (path: string) => ({
      path: `$.selectionSet.portcullis_memberships_by_pk${path}`,
      code: 'validation-failed',
    });
    expect(await page.refused(`{ portcullis_memberships_by_pk(team_id: "${ada.id}") { role } }`)).toEqual([
      { message: "missing required field 'user_id'", extensions: at('.args.user_id') },
    ]);
    const none = '{ portcullis_memberships_by_pk(team_id: null, user_id: null) { role } }';
    expect(await page.refused(none)).toEqual([
      { message: "unexpected null value for type 'uuid'", extensions: at('.args.team_id') },
    ]);
    expect(await page.refused('{ portcullis_memberships_by_pk(id: 1) { role } }')).toEqual([
      { message: "'portcullis_memberships_by_pk' has no argument named 'id'", extensions: at('') },
    ]);
  });
});

test('a subscription needs a web socket', async () => {
  for (const subscription of [
    '{ portcullis_teams { name } }',
    '{ portcullis_teams_stream(batch_size: 1, cursor: []) { id } }',
  ])
    expect(await page.refused(`subscription ${subscription}`)).toEqual([
      {
        message: 'subscriptions are not supported over HTTP, use websockets instead',
        extensions: { path: '$', code: 'unexpected-payload' },
      },
    ]);
});
