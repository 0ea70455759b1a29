import { decodeJwt } from 'jose';
import { expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { bearer, ME, startGateway } from '../support/gateway.ts';
import { eventsOf, foundTeam, join, joinAgain, type Someone, SWITCH_TEAM } from './people.ts';

const gateway = forFile(() =>
  startGateway({ env: { LIMIT_SIGNUP_PER_ADDRESS: '1000/60', ACCESS_TOKEN_TTL: '900' } }),
);

type Switched = {
  switchTeam: { teamToken: string; expiresAt: string; membership: { role: string; team: { id: string } } };
};

const switchTo = async (person: Someone, teamId: string) =>
  (await person.run<Switched>(SWITCH_TEAM, { input: { teamId } })).switchTeam;
const claimsOf = (token: string) => decodeJwt(token)['https://hasura.io/jwt/claims'];
const activeTeams = async (userId: string) =>
  (
    await gateway.sql`select active_team_id as team from portcullis.sessions where user_id = ${userId} order by id`
  ).map(({ team }) => team as unknown);

test('switchTeam answers a token with the chosen team and the role there', async () => {
  const [one, two] = [await foundTeam(gateway), await foundTeam(gateway)];
  const [ada] = one.people;
  await gateway.sql`
    insert into portcullis.memberships (team_id, user_id, role) values (${two.teamId}, ${ada.id}, 'MEMBER')`;
  for (const [teamId, role] of [
    [two.teamId, 'MEMBER'],
    [one.teamId, 'OWNER'],
  ] as const) {
    const { teamToken, expiresAt, membership } = await switchTo(ada, teamId);
    expect(membership).toEqual({ role, team: { id: teamId, name: 'Engines' } });
    expect(claimsOf(teamToken)).toEqual({
      ...(claimsOf(ada.token) as object),
      ...{ 'x-hasura-team-id': teamId, 'x-hasura-team-role': role, 'x-hasura-token-kind': 'team' },
    });
    const { exp = 0, iat = 0, sid } = decodeJwt(teamToken);
    expect(exp - iat).toBe(900);
    expect(new Date(expiresAt).getTime()).toBe(exp * 1000);
    expect(sid).toBe(decodeJwt(ada.token).sid);
    expect(await gateway.graphql(ME, {}, bearer(teamToken))).toMatchObject({ me: { id: ada.id } });
    expect(await activeTeams(ada.id)).toEqual([teamId]);
  }
  expect((await eventsOf(gateway, two.teamId)).at(-1)).toEqual({
    ...{ action: 'team_switched', by: ada.id, sessionId: decodeJwt(ada.token).sid, details: {} },
  });
});

test('switchTeam changes the active team of one session, and other sessions keep theirs', async () => {
  const { teamId, people } = await foundTeam(gateway);
  const other = await foundTeam(gateway);
  const [ada] = people;
  const elsewhere = await joinAgain(gateway, ada);
  await gateway.sql`
    insert into portcullis.memberships (team_id, user_id, role) values (${other.teamId}, ${ada.id}, 'ADMIN')`;
  await switchTo(ada, other.teamId);
  expect(await activeTeams(ada.id)).toEqual([other.teamId, teamId]);
  await switchTo(elsewhere, teamId);
  expect(await activeTeams(ada.id)).toEqual([other.teamId, teamId]);
});

test('switchTeam to the active team answers a token and records no event', async () => {
  const { teamId, people } = await foundTeam(gateway);
  for (let i = 0; i < 3; i++)
    expect(claimsOf((await switchTo(people[0], teamId)).teamToken)).toMatchObject({
      'x-hasura-team-id': teamId,
    });
  const actions = (await eventsOf(gateway, teamId)).map(({ action }) => action);
  expect(actions).toEqual(['team_created', 'team_switched']);
});

test('a team token does not outlive its session', async () => {
  const { teamId, people } = await foundTeam(gateway);
  await gateway.sql`
    update portcullis.sessions set expires_at = now() + interval '60 seconds' where user_id = ${people[0].id}`;
  const { exp = 0, iat = 0 } = decodeJwt((await switchTo(people[0], teamId)).teamToken);
  expect(exp - iat).toBeLessThanOrEqual(60);
  expect(exp - iat).toBeGreaterThan(50);
});

test('switchTeam through Hasura without a session id answers unauthenticated', async () => {
  const { teamId, people } = await foundTeam(gateway);
  const asOperator = {
    ...{
      'x-hasura-gateway-secret': gateway.secret,
      'x-hasura-role': 'user',
      'x-hasura-user-id': people[0].id,
    },
  };
  expect(await gateway.failure(SWITCH_TEAM, { input: { teamId } }, asOperator)).toMatchObject([
    { extensions: { code: 'unauthenticated' } },
  ]);
});

test('switchTeam in a revoked session answers unauthenticated', async () => {
  const { teamId, people } = await foundTeam(gateway);
  await gateway.sql`update portcullis.sessions set revoked_at = now() where user_id = ${people[0].id}`;
  expect(await people[0].refused(SWITCH_TEAM, { input: { teamId } })).toBe('unauthenticated');
});

test('switchTeam to a team of other users answers not_found', async () => {
  const ada = await join(gateway);
  const { teamId } = await foundTeam(gateway);
  expect(await ada.refused(SWITCH_TEAM, { input: { teamId } })).toBe('not_found teamId');
  expect(await activeTeams(ada.id)).toEqual([null]);
});
