import { describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { bearer, ME, signUp, startGateway } from '../support/gateway.ts';
import {
  CREATE_PROJECT,
  CREATE_TEAM,
  DELETE_PROJECT,
  DELETE_TEAM,
  eventsOf,
  foundTeam,
  join,
  joinAgain,
  RENAME_TEAM,
  rolesIn,
  SWITCH_TEAM,
  TEAM,
  UNKNOWN_ID,
} from './people.ts';

const gateway = forFile(() =>
  startGateway({
    env: {
      LIMIT_SIGNUP_PER_ADDRESS: '1000/60',
      LIMIT_TEAMS_PER_USER: '3/60',
      LIMIT_PROJECTS_PER_USER: '3/60',
    },
  }),
);

describe('a team', () => {
  test('is owned by the user who creates it, and is among their memberships', async () => {
    const ada = await join(gateway);
    const { createTeam } = await ada.run<{ createTeam: { team: { id: string } } }>(CREATE_TEAM, {
      input: { name: '  Analytical\u0020Engines ' },
    });
    const { id } = createTeam.team;
    expect(createTeam).toEqual({ role: 'OWNER', team: { id, name: 'Analytical Engines', myRole: 'OWNER' } });
    expect(await ada.run(ME)).toMatchObject({
      me: { memberships: [{ role: 'OWNER', team: { id, name: 'Analytical Engines' } }] },
    });
    expect(await ada.run(TEAM, { id })).toEqual({
      team: {
        ...{ id, name: 'Analytical Engines', myRole: 'OWNER', projects: [], invites: [] },
        members: [{ id: ada.id, name: 'Ada', email: ada.email, role: 'OWNER', joinedAt: expect.any(String) }],
      },
    });
  });

  test('is renamed by its owners and admins only: insufficient_permissions', async () => {
    const { teamId, people } = await foundTeam(gateway, 'ADMIN', 'MEMBER');
    const [owner, admin, member] = people;
    const rename = { input: { teamId, name: 'Difference Engines' } };
    expect(await owner.run(RENAME_TEAM, rename)).toEqual({
      renameTeam: { id: teamId, name: 'Difference Engines', myRole: 'OWNER' },
    });
    expect(await admin.run(RENAME_TEAM, { input: { teamId, name: 'Ours' } })).toMatchObject({
      renameTeam: { name: 'Ours', myRole: 'ADMIN' },
    });
    expect(await member.refused(RENAME_TEAM, rename)).toBe('insufficient_permissions');
    expect(await member.run(TEAM, { id: teamId })).toMatchObject({
      team: { name: 'Ours', myRole: 'MEMBER' },
    });
  });

  test('is deleted by its owners only, with its members and projects, and is not active in any session', async () => {
    const { teamId, people } = await foundTeam(gateway, 'ADMIN', 'MEMBER');
    const [owner, admin, member] = people;
    await owner.run(CREATE_PROJECT, { input: { teamId, name: 'Looms' } });
    await member.run(SWITCH_TEAM, { input: { teamId } });
    for (const person of [admin, member])
      expect(await person.refused(DELETE_TEAM, { input: { teamId } })).toBe('insufficient_permissions');
    expect(await owner.run(DELETE_TEAM, { input: { teamId } })).toEqual({ deleteTeam: { id: teamId } });
    for (const person of people) expect(await person.run(TEAM, { id: teamId })).toEqual({ team: null });
    const [left] = await gateway.sql`
      select (select count(*)::int from portcullis.memberships where team_id = ${teamId}) memberships,
        (select count(*)::int from portcullis.projects where team_id = ${teamId}) projects,
        (select count(*)::int from portcullis.sessions where active_team_id = ${teamId}) sessions`;
    expect(left).toEqual({ memberships: 0, projects: 0, sessions: 0 });
    expect((await eventsOf(gateway, teamId)).at(-1)).toMatchObject({ action: 'team_deleted', by: owner.id });
  });

  test('shows its members to each other, and their email addresses to owners and admins', async () => {
    const { teamId, people } = await foundTeam(gateway, 'ADMIN', 'MEMBER');
    const seenBy = async (index: 0 | 1 | 2) => {
      const { team } = await people[index].run<{ team: { members: { email: string | null }[] } }>(TEAM, {
        id: teamId,
      });
      return team.members.map(({ email }) => email);
    };
    const [owner, admin, member] = people.map(({ email }) => email);
    expect(await seenBy(0)).toEqual([owner, admin, member]);
    expect(await seenBy(1)).toEqual([owner, admin, member]);
    expect(await seenBy(2)).toEqual([null, null, member]);
  });

  test('lists its members in pages, and answers invalid to a bad page', async () => {
    const { teamId, people } = await foundTeam(gateway, 'MEMBER', 'MEMBER', 'MEMBER');
    const [owner] = people;
    const page = async (variables: object) => {
      const { team } = await owner.run<{ team: { members: { id: string }[] } }>(TEAM, {
        id: teamId,
        ...variables,
      });
      return team.members.map(({ id }) => id);
    };
    const all = people.map(({ id }) => id);
    expect(await page({ first: 3 })).toEqual(all.slice(0, 3));
    expect(await page({ first: 3, after: all[2] })).toEqual(all.slice(3));
    expect(await page({ first: 3, after: all[3] })).toEqual([]);
    for (const first of [0, -1, 101])
      expect(await owner.refused(TEAM, { id: teamId, first })).toBe('invalid first');
    expect(await owner.refused(TEAM, { id: teamId, after: "' or true --" })).toBe('invalid after');
  });

  test('answers not_found to a stranger, exactly like one that does not exist', async () => {
    const { teamId } = await foundTeam(gateway);
    const stranger = await join(gateway);
    const answers = async (id: string) =>
      Promise.all([
        gateway.failure(RENAME_TEAM, { input: { teamId: id, name: 'Mine' } }, bearer(stranger.token)),
        gateway.failure(DELETE_TEAM, { input: { teamId: id } }, bearer(stranger.token)),
        gateway.failure(CREATE_PROJECT, { input: { teamId: id, name: 'Mine' } }, bearer(stranger.token)),
        gateway.failure(SWITCH_TEAM, { input: { teamId: id } }, bearer(stranger.token)),
      ]);
    const foreign = await answers(teamId);
    expect(foreign).toEqual(await answers(UNKNOWN_ID));
    expect(await stranger.run(TEAM, { id: teamId })).toEqual({ team: null });
    // An application's column may hold ids that the gateway never makes. None of them may fail a joined page.
    for (const id of [
      UNKNOWN_ID,
      '11111111-1111-1111-1111-111111111111',
      '00000000-0000-0000-0000-00000000000F',
    ])
      expect(await stranger.run(TEAM, { id })).toEqual({ team: null });
    expect(foreign[0]).toEqual([
      {
        message: 'This team does not exist.',
        extensions: { code: 'not_found', attribute: 'teamId' },
        path: ['renameTeam'],
      },
    ]);
  });

  test('answers unauthenticated to an anonymous caller', async () => {
    const { teamId } = await foundTeam(gateway);
    for (const [document, variables] of [
      [TEAM, { id: teamId }],
      [CREATE_TEAM, { input: { name: 'Engines' } }],
      [RENAME_TEAM, { input: { teamId, name: 'Mine' } }],
      [DELETE_TEAM, { input: { teamId } }],
      [SWITCH_TEAM, { input: { teamId } }],
    ] as const)
      expect(await gateway.failure(document, variables)).toMatchObject([
        { extensions: { code: 'unauthenticated' } },
      ]);
  });

  test.each([
    ['letters and a control character', 'En\u0000gines', 'invalid name'],
    ['two lines', 'Engines\nBcc: everybody', 'invalid name'],
    ['half a surrogate pair', 'Engines \ud83d', 'invalid name'],
    ['only spaces', ' \t ', 'required name'],
    ['256 characters', 'x'.repeat(256), 'max_length name'],
  ])('cannot have a name of %s', async (_what, name, refusal) => {
    const { teamId, people } = await foundTeam(gateway);
    const [owner] = people;
    expect(await owner.refused(CREATE_TEAM, { input: { name } })).toBe(refusal);
    expect(await owner.refused(RENAME_TEAM, { input: { teamId, name } })).toBe(refusal);
    expect(await owner.refused(CREATE_PROJECT, { input: { teamId, name } })).toBe(refusal);
  });

  test('answers invalid to an id that is not a UUID', async () => {
    const ada = await join(gateway);
    for (const teamId of ['', '1', 'null', "' or true --", '\u0000', 'x'.repeat(10_000), `${UNKNOWN_ID}0`]) {
      expect(await ada.refused(TEAM, { id: teamId })).toBe('invalid id');
      for (const document of [DELETE_TEAM, SWITCH_TEAM])
        expect(await ada.refused(document, { input: { teamId } })).toBe('invalid teamId');
      expect(await ada.refused(RENAME_TEAM, { input: { teamId, name: 'x' } })).toBe('invalid teamId');
      expect(await ada.refused(DELETE_PROJECT, { input: { projectId: teamId } })).toBe('invalid projectId');
    }
  });

  test('is found by its id in upper case', async () => {
    const { teamId, people } = await foundTeam(gateway);
    expect(await people[0].run(TEAM, { id: teamId.toUpperCase() })).toMatchObject({ team: { id: teamId } });
  });

  test('is created at a limited rate per user: rate_limited', async () => {
    const ada = await join(gateway);
    for (const name of ['One', 'Two', 'Three']) await ada.run(CREATE_TEAM, { input: { name } });
    expect(await ada.refused(CREATE_TEAM, { input: { name: 'Four' } })).toBe('rate_limited');
    await foundTeam(gateway);
  });

  test('is recorded when created, renamed and deleted, with its user and without its name', async () => {
    const { teamId, people } = await foundTeam(gateway);
    const [owner] = people;
    await owner.run(RENAME_TEAM, { input: { teamId, name: 'Secret Engines' } });
    await owner.run(DELETE_TEAM, { input: { teamId } });
    const events = await eventsOf(gateway, teamId);
    expect(events).toEqual(
      ['team_created', 'team_renamed', 'team_deleted'].map((action) => ({
        ...{ action, by: owner.id, sessionId: expect.any(String), details: {} },
      })),
    );
    const rows = await gateway.sql`
      select address, user_agent from portcullis.security_events where team_id = ${teamId}`;
    for (const row of rows) expect(row).toEqual({ address: '127.0.0.1', user_agent: expect.any(String) });
  });

  test('is not recorded if a rename is refused', async () => {
    const { teamId, people } = await foundTeam(gateway, 'MEMBER');
    const before = await eventsOf(gateway, teamId);
    await people[1].refused(RENAME_TEAM, { input: { teamId, name: 'Mine' } });
    expect(await eventsOf(gateway, teamId)).toEqual(before);
  });
});

test('a team that a sign-up creates is recorded too', async () => {
  const { user } = await signUp(gateway);
  const rows = await gateway.sql`
    select action from portcullis.security_events where user_id = ${user.id} order by id`;
  expect(rows.map(({ action }) => action)).toEqual(['team_created', 'signup']);
  const ada = await join(gateway);
  expect(await joinAgain(gateway, ada)).toMatchObject({ teamToken: null });
  expect(await rolesIn(gateway, UNKNOWN_ID)).toEqual({});
});
