import { describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { startGateway } from '../support/gateway.ts';
import {
  CHANGE_ROLE,
  eventsOf,
  foundTeam,
  invite,
  join,
  joinAgain,
  LEAVE_TEAM,
  outcomeOf,
  REMOVE_MEMBER,
  rolesIn,
  SWITCH_TEAM,
  TEAM,
  tally,
  UNKNOWN_ID,
} from './people.ts';

const gateway = forFile(() => startGateway({ env: { LIMIT_SIGNUP_PER_ADDRESS: '1000/60' } }));
/** A second gateway, so that concurrent calls run on two gateways. */
const replica = forFile(() => startGateway({ replicaOf: gateway }));

const activeTeams = async (userId: string) => {
  const rows = await gateway.sql<{ team: string | null }[]>`
    select active_team_id as team from portcullis.sessions where user_id = ${userId} order by id`;
  return rows.map(({ team }) => team);
};

describe('a role', () => {
  test('is changed by owners only: insufficient_permissions', async () => {
    const { teamId, people } = await foundTeam(gateway, 'ADMIN', 'MEMBER');
    const [owner, admin, member] = people;
    const to = (userId: string, role: string) => ({ input: { teamId, userId, role } });
    for (const person of [admin, member])
      for (const role of ['OWNER', 'ADMIN', 'MEMBER'])
        for (const { id } of people)
          expect(await person.refused(CHANGE_ROLE, to(id, role))).toBe('insufficient_permissions');
    expect(await owner.run(CHANGE_ROLE, to(member.id, 'ADMIN'))).toEqual({
      changeMemberRole: { id: member.id, role: 'ADMIN', email: member.email },
    });
    await owner.run(CHANGE_ROLE, to(admin.id, 'OWNER'));
    await owner.run(CHANGE_ROLE, to(admin.id, 'OWNER'));
    expect(await admin.run(CHANGE_ROLE, to(owner.id, 'MEMBER'))).toMatchObject({
      changeMemberRole: { role: 'MEMBER' },
    });
    expect(await owner.refused(CHANGE_ROLE, to(owner.id, 'OWNER'))).toBe('insufficient_permissions');
    expect((await eventsOf(gateway, teamId)).slice(1)).toMatchObject([
      { by: owner.id, details: { memberId: member.id, from: 'MEMBER', to: 'ADMIN' } },
      { by: owner.id, details: { memberId: admin.id, from: 'ADMIN', to: 'OWNER' } },
      { by: admin.id, details: { memberId: owner.id, from: 'OWNER', to: 'MEMBER' } },
    ]);
  });

  test('of a stranger or an unknown user answers not_found', async () => {
    const { teamId, people } = await foundTeam(gateway);
    const stranger = await join(gateway);
    for (const userId of [stranger.id, UNKNOWN_ID]) {
      const input = { teamId, userId, role: 'ADMIN' };
      expect(await people[0].refused(CHANGE_ROLE, { input })).toBe('not_found userId');
      expect(await people[0].refused(REMOVE_MEMBER, { input: { teamId, userId } })).toBe('not_found userId');
    }
    expect(
      await stranger.refused(CHANGE_ROLE, { input: { teamId, userId: stranger.id, role: 'OWNER' } }),
    ).toBe('not_found teamId');
  });

  test('of an unknown name answers invalid_input, and an id that is not a UUID answers invalid', async () => {
    const { teamId, people } = await foundTeam(gateway);
    const [{ id: userId, refused }] = people;
    expect(await refused(CHANGE_ROLE, { input: { teamId, userId, role: 'GOD' } })).toBe('invalid_input role');
    expect(await refused(CHANGE_ROLE, { input: { teamId, userId: 'x', role: 'ADMIN' } })).toBe(
      'invalid userId',
    );
    expect(await refused(CHANGE_ROLE, { input: { teamId: 'x', userId, role: 'ADMIN' } })).toBe(
      'invalid teamId',
    );
    expect(await refused(REMOVE_MEMBER, { input: { teamId, userId: '\u0000' } })).toBe('invalid userId');
    expect(await refused(LEAVE_TEAM, { input: { teamId: 'x' } })).toBe('invalid teamId');
  });
});

describe('the only owner', () => {
  test('cannot leave, be demoted or be removed: sole_owner', async () => {
    const { teamId, people } = await foundTeam(gateway, 'ADMIN');
    const [owner] = people;
    expect(await owner.refused(LEAVE_TEAM, { input: { teamId } })).toBe('sole_owner');
    for (const role of ['ADMIN', 'MEMBER'])
      expect(await owner.refused(CHANGE_ROLE, { input: { teamId, userId: owner.id, role } })).toBe(
        'sole_owner',
      );
    expect(await owner.refused(REMOVE_MEMBER, { input: { teamId, userId: owner.id } })).toBe('sole_owner');
    expect(await rolesIn(gateway, teamId)).toMatchObject({ [owner.id]: 'OWNER' });
    expect(await eventsOf(gateway, teamId)).toHaveLength(1);
  });

  test('remains if both owners leave at once: one leaves, the other gets sole_owner', async () => {
    for (let round = 0; round < 5; round++) {
      const { teamId, people } = await foundTeam(gateway, 'OWNER', 'MEMBER');
      const [ada, bob] = people;
      const outcomes = await Promise.all([
        outcomeOf(ada.run(LEAVE_TEAM, { input: { teamId } })),
        outcomeOf(
          replica.graphql(LEAVE_TEAM, { input: { teamId } }, { authorization: `Bearer ${bob.token}` }),
        ),
      ]);
      expect(tally(outcomes)).toEqual({ done: 1, sole_owner: 1 });
      expect(Object.values(await rolesIn(gateway, teamId)).sort()).toEqual(['MEMBER', 'OWNER']);
    }
  });

  test('remains if both owners demote each other at once: the second gets insufficient_permissions', async () => {
    for (let round = 0; round < 5; round++) {
      const { teamId, people } = await foundTeam(gateway, 'OWNER');
      const [ada, bob] = people;
      const demote = (userId: string) => ({ input: { teamId, userId, role: 'MEMBER' } });
      const outcomes = await Promise.all([
        outcomeOf(ada.run(CHANGE_ROLE, demote(bob.id))),
        outcomeOf(replica.graphql(CHANGE_ROLE, demote(ada.id), { authorization: `Bearer ${bob.token}` })),
      ]);
      expect(tally(outcomes)).toEqual({ done: 1, insufficient_permissions: 1 });
      expect(Object.values(await rolesIn(gateway, teamId)).sort()).toEqual(['MEMBER', 'OWNER']);
    }
  });
});

describe('a member', () => {
  test('is removed by owners, and by admins only if their role is MEMBER: insufficient_permissions', async () => {
    const { teamId, people } = await foundTeam(gateway, 'ADMIN', 'ADMIN', 'MEMBER', 'MEMBER', 'OWNER');
    const [owner, admin, other, member, second, coOwner] = people;
    const remove = ({ id: userId }: { id: string }) => ({ input: { teamId, userId } });
    for (const person of [owner, admin, other, member])
      expect(await second.refused(REMOVE_MEMBER, remove(person))).toBe('insufficient_permissions');
    for (const person of [owner, other]) {
      expect(await admin.refused(REMOVE_MEMBER, remove(person))).toBe('insufficient_permissions');
    }
    expect(await admin.run(REMOVE_MEMBER, remove(member))).toEqual({ removeMember: { id: member.id } });
    await owner.run(REMOVE_MEMBER, remove(other));
    await owner.run(REMOVE_MEMBER, remove(coOwner));
    expect(await rolesIn(gateway, teamId)).toEqual({
      [owner.id]: 'OWNER',
      [admin.id]: 'ADMIN',
      [second.id]: 'MEMBER',
    });
    expect((await eventsOf(gateway, teamId)).slice(1)).toMatchObject([
      { action: 'member_removed', by: admin.id, details: { memberId: member.id, role: 'MEMBER' } },
      { action: 'member_removed', by: owner.id, details: { memberId: other.id, role: 'ADMIN' } },
      { action: 'member_removed', by: owner.id, details: { memberId: coOwner.id, role: 'OWNER' } },
    ]);
  });

  test('who is removed cannot read the team, and the team is not active in their sessions', async () => {
    const { teamId, people } = await foundTeam(gateway, 'MEMBER');
    const [owner, member] = people;
    const elsewhere = await joinAgain(gateway, member);
    await member.run(SWITCH_TEAM, { input: { teamId } });
    await elsewhere.run(SWITCH_TEAM, { input: { teamId } });
    expect(await activeTeams(member.id)).toEqual([teamId, teamId]);
    await owner.run(REMOVE_MEMBER, { input: { teamId, userId: member.id } });
    expect(await activeTeams(member.id)).toEqual([null, null]);
    expect(await member.run(TEAM, { id: teamId })).toEqual({ team: null });
    expect(await member.refused(SWITCH_TEAM, { input: { teamId } })).toBe('not_found teamId');
    expect(await member.refused(LEAVE_TEAM, { input: { teamId } })).toBe('not_found teamId');
  });

  test('who leaves a team stays in their other teams', async () => {
    const { teamId, people } = await foundTeam(gateway, 'ADMIN');
    const [, admin] = people;
    const other = await foundTeam(gateway);
    await gateway.sql`
      insert into portcullis.memberships (team_id, user_id, role) values (${other.teamId}, ${admin.id}, 'MEMBER')`;
    await admin.run(SWITCH_TEAM, { input: { teamId: other.teamId } });
    expect(await admin.run(LEAVE_TEAM, { input: { teamId } })).toEqual({ leaveTeam: { id: teamId } });
    expect(await activeTeams(admin.id)).toEqual([other.teamId]);
    expect(await admin.run(TEAM, { id: other.teamId })).toMatchObject({ team: { myRole: 'MEMBER' } });
    expect((await eventsOf(gateway, teamId)).at(-1)).toMatchObject({
      ...{ action: 'member_left', by: admin.id, details: { role: 'ADMIN' } },
    });
  });

  test('who is demoted or leaves loses the invites that they may no longer make', async () => {
    const { teamId, people } = await foundTeam(gateway, 'OWNER', 'ADMIN', 'ADMIN');
    const [owner, coOwner, admin, leaver] = people;
    await invite(owner, { teamId, emails: ['stays@example.com'] });
    await invite(coOwner, { teamId, emails: ['as-admin@example.com'], role: 'ADMIN' });
    await invite(coOwner, { teamId, emails: ['as-member@example.com'] });
    await invite(admin, { teamId, emails: ['by-admin@example.com'] });
    await invite(leaver, { teamId, emails: ['by-leaver@example.com'] });
    const addresses = async () =>
      (await gateway.sql`select email from portcullis.invites where team_id = ${teamId} order by id`).map(
        ({ email }) => (email as string).split('@')[0],
      );
    await owner.run(CHANGE_ROLE, { input: { teamId, userId: coOwner.id, role: 'ADMIN' } });
    expect(await addresses()).toEqual(['stays', 'as-member', 'by-admin', 'by-leaver']);
    await owner.run(CHANGE_ROLE, { input: { teamId, userId: coOwner.id, role: 'MEMBER' } });
    expect(await addresses()).toEqual(['stays', 'by-admin', 'by-leaver']);
    await owner.run(REMOVE_MEMBER, { input: { teamId, userId: admin.id } });
    expect(await addresses()).toEqual(['stays', 'by-leaver']);
    await leaver.run(LEAVE_TEAM, { input: { teamId } });
    expect(await addresses()).toEqual(['stays']);
  });
});
