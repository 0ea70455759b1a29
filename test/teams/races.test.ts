import { expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { startGateway } from '../support/gateway.ts';
import {
  ACCEPT_INVITE,
  CHANGE_ROLE,
  CREATE_PROJECT,
  eventsOf,
  foundTeam,
  invite,
  join,
  LEAVE_TEAM,
  outcomeOf,
  REMOVE_MEMBER,
  RENAME_TEAM,
  REVOKE_INVITE,
  rolesIn,
  SWITCH_TEAM,
} from './people.ts';

const gateway = forFile(() => startGateway({ env: { LIMIT_SIGNUP_PER_ADDRESS: '1000/60' } }));
const replica = forFile(() => startGateway({ replicaOf: gateway }));

const activeTeams = async (userId: string) =>
  (
    await gateway.sql`select active_team_id as team from portcullis.sessions where user_id = ${userId} order by id`
  ).map(({ team }) => team as unknown);

test('the actions of an admin precede their concurrent demotion or removal, or are refused', async () => {
  for (let round = 0; round < 8; round++) {
    const { teamId, people } = await foundTeam(gateway, 'ADMIN', 'MEMBER');
    const [owner, admin, member] = people;
    const demote = round % 2 === 0;
    const authorization = `Bearer ${admin.token}`;
    const [, removed, renamed, created] = await Promise.all([
      demote
        ? owner.run(CHANGE_ROLE, { input: { teamId, userId: admin.id, role: 'MEMBER' } })
        : owner.run(REMOVE_MEMBER, { input: { teamId, userId: admin.id } }),
      outcomeOf(replica.graphql(REMOVE_MEMBER, { input: { teamId, userId: member.id } }, { authorization })),
      outcomeOf(admin.run(RENAME_TEAM, { input: { teamId, name: 'Mine' } })),
      outcomeOf(replica.graphql(CREATE_PROJECT, { input: { teamId, name: 'Mine' } }, { authorization })),
    ]);
    // Events are written and numbered while the team is locked. After the admin's fall, the admin must have none.
    const events = await eventsOf(gateway, teamId);
    const fall = events.findIndex(
      ({ details, by }) => by === owner.id && (details as { memberId?: string }).memberId === admin.id,
    );
    expect(fall).toBeGreaterThan(0);
    expect(events.slice(fall + 1).filter(({ by }) => by === admin.id)).toEqual([]);
    const acted = events.filter(({ by }) => by === admin.id);
    const refusal = demote ? 'insufficient_permissions' : 'not_found';
    for (const outcome of [removed, renamed, created]) expect(['done', refusal]).toContain(outcome);
    expect(acted).toHaveLength([removed, renamed, created].filter((outcome) => outcome === 'done').length);
  }
});

test('an admin’s action waits for the commit of their demotion: insufficient_permissions', async () => {
  const { teamId, people } = await foundTeam(gateway, 'ADMIN', 'MEMBER');
  const [, admin, member] = people;
  let attempt: Promise<string> | undefined;
  await gateway.sql.begin(async (tx) => {
    await tx`select from portcullis.teams where id = ${teamId} for update`;
    await tx`update portcullis.memberships set role = 'MEMBER' where team_id = ${teamId} and user_id = ${admin.id}`;
    attempt = outcomeOf(admin.run(REMOVE_MEMBER, { input: { teamId, userId: member.id } }));
    await expect
      .poll(
        async () =>
          (
            await gateway.sql`select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
          ).length,
      )
      .toBe(1);
  });
  expect(await attempt).toBe('insufficient_permissions');
  expect(await rolesIn(gateway, teamId)).toMatchObject({ [member.id]: 'MEMBER' });
});

test('an invite that is accepted and revoked at once is either accepted or revoked', async () => {
  for (let round = 0; round < 5; round++) {
    const bob = await join(gateway);
    const { teamId, people } = await foundTeam(gateway);
    const [owner] = people;
    const [made] = await invite(owner, { teamId, emails: [bob.email] });
    const input = { input: { inviteId: made!.id } };
    const [accepted, revoked] = await Promise.all([
      outcomeOf(bob.run(ACCEPT_INVITE, input)),
      outcomeOf(replica.graphql(REVOKE_INVITE, input, { authorization: `Bearer ${owner.token}` })),
    ]);
    expect([accepted, revoked]).toEqual(
      accepted === 'done' ? ['done', 'not_found'] : ['invalid_invite', 'done'],
    );
    expect(Object.keys(await rolesIn(gateway, teamId))).toHaveLength(accepted === 'done' ? 2 : 1);
  }
});

test('a team that a user leaves and switches to at once is not active in their sessions', async () => {
  for (let round = 0; round < 8; round++) {
    const { teamId, people } = await foundTeam(gateway, 'MEMBER');
    const [, member] = people;
    const [left, switched] = await Promise.all([
      outcomeOf(member.run(LEAVE_TEAM, { input: { teamId } })),
      outcomeOf(member.run(SWITCH_TEAM, { input: { teamId } })),
    ]);
    expect(left).toBe('done');
    expect(['done', 'not_found']).toContain(switched);
    expect(await activeTeams(member.id)).toEqual([null]);
  }
});
