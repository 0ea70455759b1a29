import { decodeJwt } from 'jose';
import { describe, expect, test } from 'vitest';
import { forFile } from '../../support/for-file.ts';
import type { SignedInAnswer } from '../../support/gateway.ts';
import { codes, type Frontend, join, openStage, REFRESH, type Somebody } from './frontend.ts';
import { furnish as furnishTeam, REMOVE } from './team.ts';

// Teams as a frontend sees them: the gateway's mutations, and the tracked tables under the shipped permissions.

const stage = forFile(() => openStage());

const SWITCH =
  'mutation ($input: SwitchTeamInput!) { switchTeam(input: $input) { teamToken membership { role } } }';
const PROJECT = 'mutation ($input: CreateProjectInput!) { createProject(input: $input) { id } }';
const SIGHT = `query Sight($team: uuid!) {
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

async function switchTo(person: Somebody, team: string): Promise<{ token: string; page: Frontend }> {
  const { switchTeam } = await stage
    .as(person.accessToken)
    .run<{ switchTeam: { teamToken: string } }>(SWITCH, { input: { teamId: team } });
  return { token: switchTeam.teamToken, page: stage.as(switchTeam.teamToken) };
}

/** A team with a project, an open invite, and a page for each of its people with a token of the team. */
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

test('each role reads the team’s rows; only those who manage it see invites and rename it', async () => {
  const { team, owner, asOwner, asAdmin, asMember } = await furnish();
  for (const [role, { token, page }] of Object.entries({
    OWNER: asOwner,
    ADMIN: asAdmin,
    MEMBER: asMember,
  })) {
    expect(decodeJwt(token)['https://hasura.io/jwt/claims']).toMatchObject({ 'x-hasura-team-role': role });
    const manages = role !== 'MEMBER';
    const sight = await page.run<{ team: { memberships: object[] } }>(SIGHT, { team });
    expect(sight, role).toMatchObject({
      team: TEAM,
      invites: manages ? [{ email: 'guest@example.com', role: 'MEMBER' }] : [],
    });
    expect(await page.run(RENAME, { team, name: 'Engines' }), role).toEqual({
      update_portcullis_teams: manages
        ? { affected_rows: 1, returning: [{ name: 'Engines' }] }
        : { affected_rows: 0, returning: [] },
    });
  }
  // A row of `users` is its own person's alone, also through a relationship.
  const { team: seen } = await asOwner.page.run<{ team: { memberships: unknown } }>(SIGHT, { team });
  expect(seen.memberships).toEqual([
    { role: 'ADMIN', user: null },
    { role: 'MEMBER', user: null },
    { role: 'OWNER', user: { email: owner.email } },
  ]);
});

test('no role in a team is one in Hasura: what is the operator’s stays so', async () => {
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

test('a refresh keeps the team that was switched to, until it is switched again', async () => {
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
  expect(await stage.as(refresh.teamToken ?? '').run(SIGHT, { team })).toMatchObject({ team: TEAM });
});

test('a condition through a relationship tells nothing of rows that cannot be read', async () => {
  const { team, owner, asMember } = await furnish();
  const GUESS = `query Guess($team: uuid!, $email: String!) {
    portcullis_memberships(where: { team_id: { _eq: $team }, user: { email: { _eq: $email } } }) { role }
  }`;
  expect(await asMember.page.run(GUESS, { team, email: owner.email })).toEqual({
    portcullis_memberships: [],
  });
});

test('a client’s operand that looks like a session variable is a word like any other', async () => {
  const { asMember } = await furnish();
  const where = 'where: { name: { _eq: "X-Hasura-User-Id" } }';
  expect(await asMember.page.run(`{ portcullis_teams(${where}) { id } }`)).toEqual({ portcullis_teams: [] });
  expect(
    await asMember.page.refused('{ portcullis_teams(where: { id: { _eq: "X-Hasura-Team-Id" } }) { id } }'),
  ).toMatchObject([{ extensions: { path: '$', code: 'data-exception' } }]);
});

describe('who is removed', () => {
  test('sees nothing of the team from that moment on, though their token still carries it', async () => {
    const { team, member, asOwner, asMember } = await furnish();
    expect(await asMember.page.run(SIGHT, { team })).toMatchObject({ team: TEAM });
    await asOwner.page.run(REMOVE, { input: { teamId: team, userId: member.user.id } });
    expect(decodeJwt(asMember.token)['https://hasura.io/jwt/claims']).toMatchObject({
      'x-hasura-team-id': team,
    });
    expect(await asMember.page.run(SIGHT, { team })).toEqual({ team: null, invites: [] });
    expect(await asMember.page.run('query ($id: ID!) { team(id: $id) { name } }', { id: team })).toEqual({
      team: null,
    });
    // Their own account is theirs still.
    expect(await asMember.page.run('{ portcullis_users { id } }')).toEqual({
      portcullis_users: [{ id: member.user.id }],
    });
  });
});

test('a stranger sees nothing of a team, and is refused by the gateway', async () => {
  const { team } = await furnish();
  const stranger = await join(stage);
  const page = stage.as(stranger.accessToken);
  expect(await page.run(SIGHT, { team })).toEqual({ team: null, invites: [] });
  expect(await page.run(RENAME, { team, name: 'Mine' })).toMatchObject({
    update_portcullis_teams: { affected_rows: 0 },
  });
  expect(await codes(page.refused(SWITCH, { input: { teamId: team } }))).toEqual(['not_found']);
});
