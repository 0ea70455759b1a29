import { parse, print, visit } from 'graphql';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sessionOf } from '../../support/hasura/permissions.ts';
import { type Recorder, startRecorder } from '../../support/hasura/recorder.ts';
import { type Frontend, join, openStage, type Somebody, type Stage } from './frontend.ts';

// A row of `teams` joined with what the gateway knows of it, by the relationship that the shipped metadata has.

let stage: Stage;
let recorder: Recorder;
beforeAll(async () => {
  stage = await openStage({
    async between(gateway) {
      recorder = await startRecorder(gateway.url);
      return recorder;
    },
  });
});
afterAll(async () => {
  await stage.close();
  await recorder.close();
});
beforeEach(() => {
  recorder.seen.length = 0;
});

const CREATE = 'mutation ($input: CreateTeamInput!) { createTeam(input: $input) { team { id } } }';
const INVITE = 'mutation ($input: InviteMembersInput!) { inviteMembers(input: $input) { id } }';
const ACCEPT = 'mutation ($input: InviteInput!) { acceptInvite(input: $input) { role } }';
const REMOVE = 'mutation ($input: RemoveMemberInput!) { removeMember(input: $input) { id } }';
const SIGHT = `{ portcullis_teams(order_by: { name: asc }) {
  name gateway_team { name myRole members { email } invites { email } }
} }`;

async function createTeam(page: Frontend, name: string): Promise<string> {
  const { createTeam } = await page.run<{ createTeam: { team: { id: string } } }>(CREATE, {
    input: { name },
  });
  return createTeam.team.id;
}

async function enlist(owner: Frontend, teamId: string, role: 'ADMIN' | 'MEMBER'): Promise<Somebody> {
  const person = await join(stage);
  await owner.run(INVITE, { input: { teamId, emails: [person.email], role } });
  const page = stage.as(person.accessToken);
  const { myInvites } = await page.run<{ myInvites: { id: string }[] }>('{ myInvites { id } }');
  await page.run(ACCEPT, { input: { inviteId: myInvites[0]?.id } });
  return person;
}

/** A team of three roles with an open invite; everybody has their own team besides. */
async function furnish() {
  const owner = await join(stage);
  const page = stage.as(owner.accessToken);
  const teamId = await createTeam(page, 'Engines');
  const [admin, member] = [await enlist(page, teamId, 'ADMIN'), await enlist(page, teamId, 'MEMBER')];
  await page.run(INVITE, { input: { teamId, emails: ['guest@example.com'] } });
  recorder.seen.length = 0;
  return { teamId, page, owner, admin, member };
}

/** What the gateway was asked: each request as its aliases and the selection under them. */
function asked() {
  return recorder.seen.map(({ body }) => {
    const aliases: string[] = [];
    const selections = new Set<string>();
    visit(parse(String(body.query)), {
      Field(node, _key, parent, _path, ancestors) {
        if (ancestors.length > 4 || parent === undefined) return;
        aliases.push(`${node.alias?.value}: ${node.name.value}`);
        if (node.selectionSet) selections.add(print(node.selectionSet).replace(/\s+/g, ' '));
      },
    });
    return { name: body.operationName ?? null, aliases, selections: [...selections] };
  });
}

describe('the join', () => {
  test('shows each role what it may see of the team', async () => {
    const { owner, admin, member } = await furnish();
    const everybody = [owner, admin, member].map(({ email }) => ({ email }));
    const invites = [{ email: 'guest@example.com' }];
    const seenBy = async ({ accessToken }: Somebody) => {
      const { portcullis_teams: teams } = await stage
        .as(accessToken)
        .run<{ portcullis_teams: { name: string; gateway_team: object }[] }>(SIGHT);
      return teams.find(({ name }) => name === 'Engines')?.gateway_team;
    };
    expect(await seenBy(owner)).toEqual({ name: 'Engines', myRole: 'OWNER', members: everybody, invites });
    expect(await seenBy(admin)).toEqual({ name: 'Engines', myRole: 'ADMIN', members: everybody, invites });
    expect(await seenBy(member)).toEqual({
      ...{ name: 'Engines', myRole: 'MEMBER', invites: null },
      members: [{ email: null }, { email: null }, { email: member.email }],
    });
  });

  test('is there through other rows, under whatever name, and in what a mutation returns', async () => {
    const ada = await join(stage, { teamName: 'Engines' });
    const page = stage.as(ada.accessToken);
    expect(await page.run('{ portcullis_memberships { team { g: gateway_team { myRole } } } }')).toEqual({
      portcullis_memberships: [{ team: { g: { myRole: 'OWNER' } } }],
    });
    const rename = `mutation { update_portcullis_teams(where: {}, _set: { name: "Looms" }) {
      affected_rows returning { name gateway_team { name } }
    } }`;
    expect(await page.run(rename)).toEqual({
      update_portcullis_teams: {
        ...{ affected_rows: 1, returning: [{ name: 'Looms', gateway_team: { name: 'Looms' } }] },
      },
    });
  });

  test('is not there for anonymous, who has no teams', async () => {
    expect(await stage.anonymous().refused('{ portcullis_teams { gateway_team { name } } }')).toEqual([
      {
        message: "field 'portcullis_teams' not found in type: 'query_root'",
        extensions: { path: '$.selectionSet.portcullis_teams', code: 'validation-failed' },
      },
    ]);
  });

  test('may find nothing, so that its type is nullable', async () => {
    const ada = await join(stage);
    const { __type } = await stage
      .as(ada.accessToken)
      .run<{ __type: { fields: { name: string; type: object }[] } }>(
        '{ __type(name: "portcullis_teams") { fields { name type { kind name } } } }',
      );
    expect(__type.fields.find(({ name }) => name === 'gateway_team')?.type).toEqual({
      ...{ kind: 'OBJECT', name: 'Team' },
    });
  });
});

describe('the gateway is asked', () => {
  test('once for a page, with an alias for each row, more than a client may have', async () => {
    const ada = await join(stage);
    const page = stage.as(ada.accessToken);
    for (let made = 1; made < 100; made++) {
      await stage.gateway.sql`with team as (insert into portcullis.teams (id, name)
        values (gen_random_uuid(), ${`Team ${made}`}) returning id)
        insert into portcullis.memberships (team_id, user_id, role) select id, ${ada.user.id}, 'OWNER' from team`;
    }
    recorder.seen.length = 0;
    const { portcullis_teams: teams } = await page.run<{ portcullis_teams: object[] }>(
      '{ portcullis_teams { gateway_team { myRole members { id name email role } } } }',
    );
    const member = { id: ada.user.id, name: ada.name, email: ada.email, role: 'OWNER' };
    const joined = { gateway_team: { myRole: 'OWNER', members: [member] } };
    expect(teams).toEqual(Array.from({ length: 100 }, () => joined));
    expect(asked()).toEqual([
      {
        name: null,
        aliases: Array.from({ length: 100 }, (_, index) => `f${index}: team`),
        selections: ['{ myRole members { id name email role } }'],
      },
    ]);
  });

  test('once for each selection that is another one, wherever it stands, and once for each root field', async () => {
    const { page } = await furnish();
    const document = `query Names($mine: Boolean!) {
      portcullis_memberships(order_by: { role: asc }) {
        team { a: gateway_team { name } b: gateway_team { name } role: gateway_team { myRole @include(if: $mine) } }
      }
      portcullis_teams { gateway_team { name } }
    }`;
    const data = await page.run<{ portcullis_memberships: object[] }>(document, { mine: true });
    const engines = { name: 'Engines' };
    expect(data.portcullis_memberships[0]).toEqual({
      team: { a: engines, b: engines, role: { myRole: 'OWNER' } },
    });
    expect(data.portcullis_memberships.length).toBeGreaterThan(2);
    // Of the memberships three are of one team; the aliases are counted row after row.
    expect(asked()).toEqual([
      { name: null, aliases: ['f0: team', 'f2: team'], selections: ['{ name }'] },
      { name: null, aliases: ['f1: team', 'f3: team'], selections: ['{ myRole }'] },
      { name: null, aliases: ['f0: team', 'f1: team'], selections: ['{ name }'] },
    ]);
    expect(recorder.seen.every(({ headers }) => headers['x-hasura-role'] === 'user')).toBe(true);
  });

  test('not at all where there is no row, or no row behind a row', async () => {
    const ada = await join(stage);
    const page = stage.as(ada.accessToken);
    recorder.seen.length = 0;
    expect(
      await page.run('{ portcullis_teams(where: { name: { _eq: "?" } }) { gateway_team { name } } }'),
    ).toEqual({
      portcullis_teams: [],
    });
    const without = 'where: { active_team_id: { _is_null: true } }';
    const sessions = await page.run(
      `{ portcullis_sessions(${without}) { active_team { gateway_team { name } } } }`,
    );
    expect(sessions).toEqual({ portcullis_sessions: [{ active_team: null }] });
    expect(recorder.seen).toEqual([]);
  });
});

describe('a row whose team the gateway does not show', () => {
  test('is null for whoever was removed meanwhile; the other rows are joined', async () => {
    const { teamId, page, member } = await furnish();
    const theirs = stage.as(member.accessToken);
    const own = await createTeam(theirs, 'Looms');
    recorder.meanwhile(() => page.run(REMOVE, { input: { teamId, userId: member.user.id } }));
    const ids = { _in: [teamId, own] };
    expect(
      await theirs.run(
        `query ($ids: uuid_comparison_exp!) {
          portcullis_teams(where: { id: $ids }, order_by: { name: asc }) { name gateway_team { name members { id } } }
        }`,
        { ids },
      ),
    ).toEqual({
      portcullis_teams: [
        { name: 'Engines', gateway_team: null },
        { name: 'Looms', gateway_team: { name: 'Looms', members: [{ id: member.user.id }] } },
      ],
    });
  });

  test('fails the whole query for admin, who is nobody, and is joined for the user they name', async () => {
    const { teamId, owner } = await furnish();
    const ask = `{ portcullis_teams(where: { id: { _eq: "${teamId}" } }) { name gateway_team { myRole } } }`;
    expect(await stage.console().refused(ask)).toEqual([
      { message: 'Errors from remote server', extensions: { path: '$', code: 'unexpected' } },
    ]);
    const asOwner = stage.console(sessionOf(owner.accessToken));
    expect(await asOwner.run(ask)).toEqual({
      portcullis_teams: [{ name: 'Engines', gateway_team: { myRole: 'OWNER' } }],
    });
  });

  test('fails it where the session ends after its rows are read, and tells nothing of the reason', async () => {
    const { page, owner } = await furnish();
    const { sql } = stage.gateway;
    recorder.meanwhile(
      () => sql`update portcullis.sessions set revoked_at = now() where user_id = ${owner.user.id}`,
    );
    const ask = '{ portcullis_teams { gateway_team { name } } }';
    expect(await page.refused(ask)).toEqual([
      { message: 'Errors from remote server', extensions: { path: '$', code: 'unexpected' } },
    ]);
    expect(await page.run(ask)).toEqual({ portcullis_teams: [] });
  });
});
