import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { forFile } from '../../support/for-file.ts';
import { type SignedInAnswer, signUp } from '../../support/gateway.ts';
import { codes, openStage } from './frontend.ts';

// Which rows people read and change under the shipped permissions, one table at a time.

type Rows = Record<string, unknown>[];

const stage = forFile(() => openStage());
let people: Record<'owner' | 'admin' | 'member' | 'stranger', SignedInAnswer>;
const [team, elsewhere] = [randomUUID(), randomUUID()];

beforeAll(async () => {
  const newUser = () => signUp(stage.gateway);
  const [owner, admin, member, stranger] = [
    await newUser(),
    await newUser(),
    await newUser(),
    await newUser(),
  ];
  people = { owner, admin, member, stranger };
  await stage.gateway.sql`delete from portcullis.teams`;
  await addTeam(team, 'Engines', { OWNER: owner, ADMIN: admin, MEMBER: member });
  await addTeam(elsewhere, 'Looms', { OWNER: stranger });
});

async function addTeam(id: string, name: string, members: Record<string, SignedInAnswer>): Promise<void> {
  const { sql } = stage.gateway;
  await sql`insert into portcullis.teams (id, name) values (${id}, ${name})`;
  for (const [role, { user }] of Object.entries(members))
    await sql`insert into portcullis.memberships (team_id, user_id, role) values (${id}, ${user.id}, ${role})`;
  await sql`insert into portcullis.projects (id, team_id, name) values (${randomUUID()}, ${id}, ${`${name} I`})`;
  await sql`insert into portcullis.invites (id, team_id, email, role, expires_at)
    values (${randomUUID()}, ${id}, 'guest@example.com', 'MEMBER', now() + interval '1 day')`;
}

const pageOf = (who: keyof typeof people) => stage.as(people[who].accessToken);

async function rowsOf(who: keyof typeof people, table: string, column: string): Promise<unknown[]> {
  const data = await pageOf(who).run<Record<string, Rows>>(`{ ${table}: portcullis_${table} { ${column} } }`);
  return (data[table] ?? []).map((row) => row[column]).sort();
}

describe('the select permissions', () => {
  const teammates = ['owner', 'admin', 'member'] as const;
  const idOf = (who: keyof typeof people) => people[who].user.id;

  test('show a person only their own rows of users and sessions', async () => {
    for (const who of teammates) {
      expect(await rowsOf(who, 'users', 'id'), who).toEqual([idOf(who)]);
      expect(new Set(await rowsOf(who, 'sessions', 'user_id')), who).toEqual(new Set([idOf(who)]));
    }
  });

  test('show a person only the teams, memberships and projects of their teams', async () => {
    for (const who of teammates) {
      expect(await rowsOf(who, 'teams', 'id'), who).toEqual([team]);
      expect(await rowsOf(who, 'memberships', 'user_id'), who).toEqual(teammates.map(idOf).sort());
      expect(await rowsOf(who, 'projects', 'name'), who).toEqual(['Engines I']);
    }
    expect(await rowsOf('stranger', 'teams', 'id')).toEqual([elsewhere]);
    expect(await rowsOf('stranger', 'projects', 'name')).toEqual(['Looms I']);
  });

  test('show a person only the invites of the teams that they manage', async () => {
    expect(await rowsOf('owner', 'invites', 'team_id')).toEqual([team]);
    expect(await rowsOf('admin', 'invites', 'team_id')).toEqual([team]);
    expect(await rowsOf('member', 'invites', 'team_id')).toEqual([]);
    expect(await rowsOf('stranger', 'invites', 'team_id')).toEqual([elsewhere]);
  });

  test('show at most 100 rows, also for a higher limit', async () => {
    const { sql } = stage.gateway;
    const ada = await signUp(stage.gateway);
    await sql`with made as (
        insert into portcullis.teams (id, name) select gen_random_uuid(), 'T' from generate_series(1, 101) returning id
      ), joined as (
        insert into portcullis.memberships (team_id, user_id, role) select id, ${ada.user.id}, 'OWNER' from made
      ), invited as (
        insert into portcullis.invites (id, team_id, email, role, expires_at)
        select gen_random_uuid(), id, 'guest@example.com', 'MEMBER', now() from made
      ), opened as (
        insert into portcullis.sessions (id, user_id, expires_at)
        select gen_random_uuid(), ${ada.user.id}, now() + interval '1 day' from made
      ), cached as (insert into portcullis.cache (key, value) select id::text, 'x' from made)
      insert into portcullis.projects (id, team_id, name) select gen_random_uuid(), id, 'P' from made`;
    const tables = ['cache', 'invites', 'memberships', 'projects', 'sessions', 'teams'];
    const page = stage.as(ada.accessToken);
    for (const table of tables)
      for (const given of ['', '(limit: 1000)']) {
        const { rows } = await page.run<{ rows: Rows }>(
          `{ rows: portcullis_${table}${given} { __typename } }`,
        );
        expect(rows.length, `${table}${given}`).toBe(100);
      }
    const { rows } = await stage.anonymous().run<{ rows: Rows }>('{ rows: portcullis_cache { key } }');
    expect(rows.length).toBe(100);
  });
});

describe('the update permissions', () => {
  const rename = async (who: keyof typeof people, table: string) => {
    const { done } = await pageOf(who).run<{ done: { affected_rows: number } }>(
      `mutation { done: update_portcullis_${table}(where: {}, _set: { name: "Again" }) { affected_rows } }`,
    );
    return done.affected_rows;
  };

  test('let owner and admin rename their team and its projects, and a member no row', async () => {
    for (const table of ['teams', 'projects']) {
      expect(await rename('owner', table), table).toBe(1);
      expect(await rename('admin', table), table).toBe(1);
      expect(await rename('member', table), table).toBe(0);
    }
    expect(await rowsOf('stranger', 'projects', 'name')).toEqual(['Looms I']);
    expect(await rowsOf('stranger', 'teams', 'name')).toEqual(['Looms']);
  });

  test('match renameTeam, which answers insufficient_permissions to a member and not_found to a stranger', async () => {
    const RENAME = 'mutation ($input: RenameTeamInput!) { renameTeam(input: $input) { name } }';
    const input = { teamId: team, name: 'Once more' };
    expect(await pageOf('admin').run(RENAME, { input })).toEqual({ renameTeam: { name: 'Once more' } });
    expect(await codes(pageOf('member').refused(RENAME, { input }))).toEqual(['insufficient_permissions']);
    expect(await codes(pageOf('stranger').refused(RENAME, { input }))).toEqual(['not_found']);
  });

  test('let a person rename only themselves', async () => {
    expect(await rename('member', 'users')).toBe(1);
    expect(await rowsOf('stranger', 'users', 'name')).toEqual(['Ada']);
  });
});

test('a column without a grant makes Hasura fail queries of its table, but not of other tables', async () => {
  const { sql } = stage.gateway;
  const failure = [{ message: 'database query error', extensions: { path: '$', code: 'unexpected' } }];
  const rename =
    'mutation { update_portcullis_projects(where: {}, _set: { name: "Again" }) { affected_rows } }';
  await sql`alter table portcullis.projects add column secret text`;
  try {
    expect(await pageOf('owner').refused('{ portcullis_projects { id } }')).toEqual(failure);
    expect(await pageOf('owner').refused(rename)).toEqual(failure);
    expect(await stage.console().refused('{ portcullis_projects { id } }')).toEqual(failure);
    // A filter through the table reads only the columns that the filter names.
    expect(await rowsOf('owner', 'teams', 'id')).toEqual([team]);
  } finally {
    await sql`alter table portcullis.projects drop column secret`;
  }
  expect(await rowsOf('owner', 'projects', 'team_id')).toEqual([team]);
});
