import { expect, test, vi } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { startGateway } from '../support/gateway.ts';
import { foundTeam, invite, join, type Someone } from './people.ts';

const gateway = forFile(() =>
  startGateway({ env: { LIMIT_SIGNUP_PER_ADDRESS: '1000/60', GRAPHQL_MAX_COST: '10000' } }),
);

/** A person who owns `count` teams, with three projects in each. */
async function inTeams(count: number): Promise<Someone> {
  const ada = await join(gateway);
  await gateway.sql`
    with made as (
      insert into portcullis.teams (id, name) select gen_random_uuid(), 'Team ' || n from generate_series(1, ${count}::int) n
      returning id),
    owned as (insert into portcullis.memberships (team_id, user_id, role) select id, ${ada.id}, 'OWNER' from made)
    insert into portcullis.projects (id, team_id, name)
    select gen_random_uuid(), made.id, 'Project ' || n from made, generate_series(1, 3) n`;
  return ada;
}

type Lists = {
  me: {
    memberships: {
      team: { id: string; projects: { id: string; teamId: string }[]; more: { id: string }[] };
    }[];
  };
};

test('a list of fifty teams takes one SQL query for each kind of list in the teams', async () => {
  const ada = await inTeams(50);
  const queries = vi.spyOn(gateway.deps.db.$client, 'unsafe');
  const aliases = Array.from({ length: 14 }, (_, i) => `a${i}: members { id }`).join(' ');
  const { me } = await ada.run<{ me: { memberships: { team: { a13: object[] } }[] } }>(
    `{ me { memberships { team { ${aliases} projects { id } invites { id } } } } }`,
  );
  expect(me.memberships).toHaveLength(50);
  for (const { team } of me.memberships) expect(team.a13).toEqual([{ id: ada.id }]);
  expect(queries.mock.calls.filter(([text]) => /lateral/.test(text))).toHaveLength(3);
  expect(queries.mock.calls.length).toBeLessThan(10);
  queries.mockRestore();
});

test('each team in a list has its own page of projects, of the size that its field asks for', async () => {
  const ada = await inTeams(3);
  const page = 'projects(first: 2) { id teamId } more: projects(first: 1) { id }';
  const { me } = await ada.run<Lists>(`{ me { memberships { team { id ${page} } } } }`);
  expect(me.memberships).toHaveLength(3);
  for (const { team } of me.memberships) {
    const rows = await gateway.sql`select id from portcullis.projects where team_id = ${team.id} order by id`;
    const ids = rows.map(({ id }) => id as string);
    expect(team.projects).toEqual(ids.slice(0, 2).map((id) => ({ id, teamId: team.id })));
    expect(team.more).toEqual(ids.slice(0, 1).map((id) => ({ id })));
    const next = await ada.run<{ team: { projects: { id: string }[] } }>(
      `{ team(id: "${team.id}") { projects(first: 2, after: "${ids[1]}") { id } } }`,
    );
    expect(next.team.projects).toEqual([{ id: ids[2] }]);
  }
});

test('a list of teams shows of each team what the user’s role there permits', async () => {
  const [one, two] = [await foundTeam(gateway, 'ADMIN'), await foundTeam(gateway)];
  const [owner, ada] = one.people;
  await gateway.sql`
    insert into portcullis.memberships (team_id, user_id, role) values (${two.teamId}, ${ada.id}, 'MEMBER')`;
  for (const { teamId, people } of [one, two])
    await invite(people[0], { teamId, emails: [`${teamId}@example.com`] });
  const { me } = await ada.run<{ me: object }>(
    '{ me { memberships { team { id invites { email } members { id email } } } } }',
  );
  const member = ({ id, email }: Someone, shown = true) => ({ id, email: shown ? email : null });
  expect(me).toEqual({
    memberships: [
      {
        team: {
          id: one.teamId,
          invites: [{ email: `${one.teamId}@example.com` }],
          members: [member(owner), member(ada)],
        },
      },
      {
        team: {
          id: two.teamId,
          invites: null,
          members: expect.arrayContaining([member(two.people[0], false)]),
        },
      },
    ],
  });
});

test('a list after a mutation in the same request shows the result of the mutation', async () => {
  const { teamId, people } = await foundTeam(gateway);
  const name = (n: number) => `renameTeam(input: { teamId: "${teamId}", name: "Engines ${n}" })`;
  const make = `createProject(input: { teamId: "${teamId}", name: "Looms" }) { name }`;
  const lists = `{ projects { name } }`;
  expect(await people[0].run(`mutation { a: ${name(1)} ${lists} ${make} b: ${name(2)} ${lists} }`)).toEqual({
    a: { projects: [] },
    createProject: { name: 'Looms' },
    b: { projects: [{ name: 'Looms' }] },
  });
});
