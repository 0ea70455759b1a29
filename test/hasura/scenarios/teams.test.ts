import { decodeJwt } from 'jose';
import { describe, expect, test } from 'vitest';
import { forFile } from '../../support/for-file.ts';
import type { SignedInAnswer } from '../../support/gateway.ts';
import { codes, type Frontend, join, openStage, REFRESH, type SignedInPerson } from './frontend.ts';
import { furnish as furnishTeam, REMOVE } from './team.ts';

// Teams as a frontend sees them: the gateway's mutations, and the tracked tables under the shipped permissions.

const stage = forFile(() => openStage());

const SWITCH =
  'mutation ($input: SwitchTeamInput!) { switchTeam(input: $input) { teamToken membership { role } } }';
const PROJECT = 'mutation ($input: CreateProjectInput!) { createProject(input: $input) { id } }';
const READ_TEAM = `query ReadTeam($team: uuid!) {
  team: portcullis_teams_by_pk(id: $team) {
    name
    projects { name }
    memberships(order_by: { role: asc }) { role user { email } }
  }
  invites: portcullis_invites(where: { team_id: { _eq: $team } }) { email role }
}`;
const RENAME = `mutation Rename($team: uuid!, $name: String!) {
  update_portcullis_teams(where: { id: { _eq: $team } }, _set: { name: $name }) { affected_rows returning { name } }
}`;

async function switchTo(person: SignedInPerson, team: string): Promise<{ token: string; page: Frontend }> {
  const { switchTeam } = await stage
    .as(person.accessToken)
    .run<{ switchTeam: { teamToken: string } }>(SWITCH, { input: { teamId: team } });
  return { token: switchTeam.teamToken, page: stage.as(switchTeam.teamToken) };
}

/** A team with a project and an open invite, and for each member a page with a team token. */
async function furnish() {
  const { teamId: team, page, owner, admin, member } = await furnishTeam(stage);
  await page.run(PROJECT, { input: { teamId: team, name: 'Looms' } });
  return {
    ...{ team, owner, admin, member },
    asOwner: await switchTo(owner, team),
    asAdmin: await switchTo(admin, team),
    asMember: await switchTo(member, team),
  };
}

const TEAM = {
  name: 'Engines',
  projects: [{ name: 'Looms' }],
  memberships: [{ role: expect.any(String) }, { role: expect.any(String) }, { role: expect.any(String) }],
};

test('each team role reads the team’s rows; only owner and admin read invites and rename the team', async () => {
  const { team, owner, asOwner, asAdmin, asMember } = await furnish();
  for (const [role, { token, page }] of Object.entries({
    OWNER: asOwner,
    ADMIN: asAdmin,
    MEMBER: asMember,
  })) {
    expect(decodeJwt(token)['https://hasura.io/jwt/claims']).toMatchObject({ 'x-hasura-team-role': role });
    const manages = role !== 'MEMBER';
    const seen = await page.run<{ team: { memberships: object[] } }>(READ_TEAM, { team });
    expect(seen, role).toMatchObject({
      team: TEAM,
      invites: manages ? [{ email: 'guest@example.com', role: 'MEMBER' }] : [],
    });
    expect(await page.run(RENAME, { team, name: 'Engines' }), role).toEqual({
      update_portcullis_teams: manages
        ? { affected_rows: 1, returning: [{ name: 'Engines' }] }
        : { affected_rows: 0, returning: [] },
    });
  }
  // A person reads only their own row of `users`, also through a relationship.
  const { team: ownTeam } = await asOwner.page.run<{ team: { memberships: unknown } }>(READ_TEAM, { team });
  expect(ownTeam.memberships).toEqual([
    { role: 'ADMIN', user: null },
    { role: 'MEMBER', user: null },
    { role: 'OWNER', user: { email: owner.email } },
  ]);
});

test('no team role reaches the fields of the operator: validation-failed', async () => {
  const { asOwner, asAdmin, asMember } = await furnish();
  const ofOperators = [
    'mutation { generateJwk { id } }',
    'mutation { refreshEns { success } }',
    '{ jwks { id } }',
    'mutation { update_jwks(where: {}, _set: { expires_at: "2027-01-01T00:00:00Z" }) { affected_rows } }',
    '{ portcullis_security_events { id } }',
  ];
  for (const { page } of [asOwner, asAdmin, asMember])
    for (const document of ofOperators)
      expect(await codes(page.refused(document)), document).toEqual(['validation-failed']);
});

test('a refresh keeps the active team of the session', async () => {
  const { team, member, asMember } = await furnish();
  expect(decodeJwt(asMember.token)['https://hasura.io/jwt/claims']).toMatchObject({
    'x-hasura-team-id': team,
  });
  const { refresh } = await stage
    .anonymous()
    .run<{ refresh: SignedInAnswer }>(REFRESH, { input: { refreshToken: member.refreshToken } });
  expect(decodeJwt(refresh.teamToken ?? '')['https://hasura.io/jwt/claims']).toMatchObject({
    'x-hasura-team-id': team,
    'x-hasura-team-role': 'MEMBER',
  });
  expect(await stage.as(refresh.teamToken ?? '').run(READ_TEAM, { team })).toMatchObject({ team: TEAM });
});

test('a filter through a relationship does not match rows that the person cannot read', async () => {
  const { team, owner, asMember } = await furnish();
  const GUESS = `query Guess($team: uuid!, $email: String!) {
    portcullis_memberships(where: { team_id: { _eq: $team }, user: { email: { _eq: $email } } }) { role }
  }`;
  expect(await asMember.page.run(GUESS, { team, email: owner.email })).toEqual({
    portcullis_memberships: [],
  });
});

test('Hasura takes the name of a session variable in a client’s filter as plain text', async () => {
  const { asMember } = await furnish();
  const where = 'where: { name: { _eq: "X-Hasura-User-Id" } }';
  expect(await asMember.page.run(`{ portcullis_teams(${where}) { id } }`)).toEqual({ portcullis_teams: [] });
  expect(
    await asMember.page.refused('{ portcullis_teams(where: { id: { _eq: "X-Hasura-Team-Id" } }) { id } }'),
  ).toMatchObject([{ extensions: { path: '$', code: 'data-exception' } }]);
});

describe('a removed member', () => {
  test('reads nothing of the team at once, although their token still names the team', async () => {
    const { team, member, asOwner, asMember } = await furnish();
    expect(await asMember.page.run(READ_TEAM, { team })).toMatchObject({ team: TEAM });
    await asOwner.page.run(REMOVE, { input: { teamId: team, userId: member.user.id } });
    expect(decodeJwt(asMember.token)['https://hasura.io/jwt/claims']).toMatchObject({
      'x-hasura-team-id': team,
    });
    expect(await asMember.page.run(READ_TEAM, { team })).toEqual({ team: null, invites: [] });
    expect(await asMember.page.run('query ($id: ID!) { team(id: $id) { name } }', { id: team })).toEqual({
      team: null,
    });
    // The member still reads their own account.
    expect(await asMember.page.run('{ portcullis_users { id } }')).toEqual({
      portcullis_users: [{ id: member.user.id }],
    });
  });
});

test('a stranger reads and renames no team of other people, and switchTeam answers not_found', async () => {
  const { team } = await furnish();
  const stranger = await join(stage);
  const page = stage.as(stranger.accessToken);
  expect(await page.run(READ_TEAM, { team })).toEqual({ team: null, invites: [] });
  expect(await page.run(RENAME, { team, name: 'Mine' })).toMatchObject({
    update_portcullis_teams: { affected_rows: 0 },
  });
  expect(await codes(page.refused(SWITCH, { input: { teamId: team } }))).toEqual(['not_found']);
});
