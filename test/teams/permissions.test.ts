import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type HasuraSession, Refused } from '../support/hasura/filters.ts';
import { openPermissions, type Permissions, sessionOf } from '../support/hasura/permissions.ts';
import {
  CHANGE_ROLE,
  CREATE_PROJECT,
  foundTeam,
  invite,
  join,
  LEAVE_TEAM,
  REMOVE_MEMBER,
  type Someone,
  SWITCH_TEAM,
} from './people.ts';

// The permissions of the shipped metadata, evaluated on the gateway's rows in the engine's own database role.

let gateway: TestGateway;
let hasura: Permissions;
beforeAll(async () => {
  gateway = await startGateway({ env: { LIMIT_SIGNUP_PER_ADDRESS: '1000/60' } });
  hasura = await openPermissions(gateway.databaseUrl);
});
afterAll(async () => {
  await hasura.close();
  await gateway.close();
});

/** The session variables of a new team token, which hold the person's team and role at this moment. */
async function sessionIn(person: Someone, teamId: string): Promise<HasuraSession> {
  const { switchTeam } = await person.run<{ switchTeam: { teamToken: string } }>(SWITCH_TEAM, {
    input: { teamId },
  });
  return sessionOf(switchTeam.teamToken);
}

/** A team with a project and an invite, and the sessions of its people. */
async function furnishedTeam() {
  const { teamId, people } = await foundTeam(gateway, 'ADMIN', 'MEMBER');
  const [owner, admin, member] = people;
  const { createProject } = await owner.run<{ createProject: { id: string } }>(CREATE_PROJECT, {
    input: { teamId, name: 'Looms' },
  });
  const [invited] = await invite(owner, { teamId, emails: [`guest-of-${teamId}@example.com`] });
  return {
    ...{ teamId, people, owner, admin, member, projectId: createProject.id, inviteId: invited!.id },
    asOwner: await sessionIn(owner, teamId),
    asAdmin: await sessionIn(admin, teamId),
    asMember: await sessionIn(member, teamId),
  };
}

const column = async (session: HasuraSession, table: string, name: string) =>
  (await hasura.select(session, table, { columns: [name] })).map((row) => row[name]).sort();

/** The rows of the team tables that a session can read. */
const sight = async (session: HasuraSession) => ({
  teams: await column(session, 'teams', 'id'),
  members: await column(session, 'memberships', 'user_id'),
  projects: await column(session, 'projects', 'id'),
  invites: await column(session, 'invites', 'id'),
});
const NOTHING = { teams: [], members: [], projects: [], invites: [] };

describe('a member', () => {
  test('reads the rows of their own teams only, and invites only as OWNER or ADMIN', async () => {
    const ours = await furnishedTeam();
    await furnishedTeam();
    const seen = {
      ...{ teams: [ours.teamId], projects: [ours.projectId], invites: [ours.inviteId] },
      members: ours.people.map(({ id }) => id).sort(),
    };
    expect(await sight(ours.asOwner)).toEqual(seen);
    expect(await sight(ours.asAdmin)).toEqual(seen);
    expect(await sight(ours.asMember)).toEqual({ ...seen, invites: [] });
  });

  test('of two teams reads both with a token of either, and renames only the team that they own', async () => {
    const [one, two] = [await furnishedTeam(), await furnishedTeam()];
    await gateway.sql`
      insert into portcullis.memberships (team_id, user_id, role) values (${two.teamId}, ${one.owner.id}, 'MEMBER')`;
    const inTwo = await sessionIn(one.owner, two.teamId);
    for (const session of [one.asOwner, inTwo]) {
      expect((await sight(session)).teams).toEqual([one.teamId, two.teamId].sort());
      expect((await sight(session)).invites).toEqual([one.inviteId]);
      expect(await hasura.update(session, 'teams', { set: { name: 'Renamed' } })).toBe(1);
    }
    const names = await gateway.sql`select name from portcullis.teams where id = ${two.teamId}`;
    expect([...names]).toEqual([{ name: 'Engines' }]);
  });

  test('reads their own account and sessions only', async () => {
    const { asOwner, owner } = await furnishedTeam();
    expect(await column(asOwner, 'users', 'id')).toEqual([owner.id]);
    expect(await column(asOwner, 'users', 'email')).toEqual([owner.email]);
    expect(new Set(await column(asOwner, 'sessions', 'user_id'))).toEqual(new Set([owner.id]));
  });

  test('who is removed or leaves reads nothing at once, although their token still names the team', async () => {
    const { teamId, owner, admin, member, asAdmin, asMember } = await furnishedTeam();
    expect((await sight(asMember)).teams).toEqual([teamId]);
    await owner.run(REMOVE_MEMBER, { input: { teamId, userId: member.id } });
    expect(asMember['x-hasura-team-id']).toBe(teamId);
    expect(await sight(asMember)).toEqual(NOTHING);
    await admin.run(LEAVE_TEAM, { input: { teamId } });
    expect(asAdmin['x-hasura-team-role']).toBe('ADMIN');
    expect(await sight(asAdmin)).toEqual(NOTHING);
    expect(await hasura.update(asAdmin, 'teams', { set: { name: 'Mine' } })).toBe(0);
    expect(await column(asMember, 'users', 'id')).toEqual([member.id]);
  });

  test('who is demoted cannot manage the team at once, although their token still says ADMIN', async () => {
    const { teamId, owner, admin, asAdmin } = await furnishedTeam();
    await owner.run(CHANGE_ROLE, { input: { teamId, userId: admin.id, role: 'MEMBER' } });
    expect(asAdmin['x-hasura-team-role']).toBe('ADMIN');
    expect(await sight(asAdmin)).toMatchObject({ teams: [teamId], invites: [] });
    for (const table of ['teams', 'projects'])
      expect(await hasura.update(asAdmin, table, { set: { name: 'Mine' } })).toBe(0);
  });
});

describe('a stranger', () => {
  test('reads nothing of a team that their session variables claim', async () => {
    const { teamId } = await furnishedTeam();
    const stranger = await join(gateway);
    const session = sessionOf(stranger.token);
    expect(await sight(session)).toEqual(NOTHING);
    const claims = { 'x-hasura-team-id': teamId, 'x-hasura-team-role': 'OWNER' };
    expect(await sight({ ...session, ...claims })).toEqual(NOTHING);
    expect(await hasura.update({ ...session, ...claims }, 'teams', { set: { name: 'Mine' } })).toBe(0);
  });

  test('in the role anonymous is refused on every account and team table, also with a user id', async () => {
    const { owner } = await furnishedTeam();
    const session = { 'x-hasura-role': 'anonymous', 'x-hasura-user-id': owner.id };
    for (const table of ['users', 'teams', 'memberships', 'projects', 'invites', 'sessions'])
      await expect(hasura.select(session, table), table).rejects.toThrow(Refused);
    expect(await hasura.select(session, 'cache')).toEqual([]);
  });
});

describe('edits through Hasura', () => {
  test('owners and admins can rename the team and its projects, and members cannot', async () => {
    const { teamId, projectId, asOwner, asAdmin, asMember } = await furnishedTeam();
    const other = await furnishedTeam();
    for (const table of ['teams', 'projects']) {
      const id = table === 'teams' ? teamId : projectId;
      const rename = { set: { name: 'Mills' }, where: { id: { _eq: id } } };
      expect(await hasura.update(asMember, table, rename), table).toBe(0);
      expect(await hasura.update(other.asOwner, table, rename), table).toBe(0);
      expect(await hasura.update(asAdmin, table, rename), table).toBe(1);
      expect(await hasura.update(asOwner, table, { set: { name: 'Mills' } }), table).toBe(1);
      expect(await column(asMember, table, 'name')).toEqual(['Mills']);
    }
    expect(await column(other.asOwner, 'teams', 'name')).toEqual(['Engines']);
  });

  test('a user renames themselves with an access token, not with a team token, and no other user', async () => {
    const { owner, member, asMember } = await furnishedTeam();
    const byAccessToken = sessionOf(member.token);
    expect(await hasura.update(byAccessToken, 'users', { set: { name: 'Bob' } })).toBe(1);
    await expect(hasura.update(asMember, 'users', { set: { name: 'Eve' } })).rejects.toThrow('team token');
    const rename = { set: { name: 'Bob' }, where: { id: { _eq: owner.id } } };
    expect(await hasura.update(byAccessToken, 'users', rename)).toBe(0);
    const names = await gateway.sql`
      select name from portcullis.users where id in ${gateway.sql([owner.id, member.id])} order by id`;
    expect(names.map(({ name }) => name as unknown)).toEqual(['Ada', 'Bob']);
  });

  test('an owner cannot change any other column', async () => {
    const { asOwner, member } = await furnishedTeam();
    for (const [table, set] of [
      ['teams', { id: member.id }],
      ['teams', { created_at: 'now' }],
      ['projects', { team_id: member.id }],
      ['users', { email: 'else@example.com' }],
      ['users', { email_verified_at: 'now' }],
      ['users', { disabled_at: 'now' }],
      ['memberships', { role: 'OWNER' }],
      ['invites', { role: 'ADMIN' }],
      ['sessions', { revoked_at: 'now' }],
      ['security_events', { action: 'nothing' }],
    ] as const)
      await expect(hasura.update(asOwner, table, { set }), `${table} ${Object.keys(set)}`).rejects.toThrow(
        Refused,
      );
  });

  test('an owner cannot read security events, signing keys or disabled_at', async () => {
    const { asOwner } = await furnishedTeam();
    for (const table of ['security_events', 'jwks'])
      await expect(hasura.select(asOwner, table)).rejects.toThrow(Refused);
    await expect(hasura.select(asOwner, 'users', { columns: ['disabled_at'] })).rejects.toThrow(Refused);
  });

  test('the engine’s database role can change names only, even if the metadata permits more', async () => {
    const { teamId } = await furnishedTeam();
    for (const statement of [
      `update portcullis.memberships set role = 'OWNER'`,
      `update portcullis.sessions set active_team_id = '${teamId}'`,
      `delete from portcullis.memberships`,
      `insert into portcullis.invites (id) values ('${teamId}')`,
      `select * from portcullis_private.accepted_invites`,
    ])
      await expect(hasura.asEngine.unsafe(statement), statement).rejects.toMatchObject({ code: '42501' });
  });
});

test('the database refuses an empty or overlong name through Hasura', async () => {
  const { asOwner } = await furnishedTeam();
  for (const name of ['', '   ', 'x'.repeat(256)])
    await expect(hasura.update(asOwner, 'teams', { set: { name } })).rejects.toMatchObject({ code: '23514' });
});
