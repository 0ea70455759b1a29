import { describe, expect, test } from 'vitest';
import { pruneInvites } from '../../src/teams/invites.ts';
import { forFile } from '../support/for-file.ts';
import { startGateway } from '../support/gateway.ts';
import {
  ACCEPT_INVITE,
  CHANGE_ROLE,
  DECLINE_INVITE,
  eventsOf,
  foundTeam,
  invite,
  join,
  LEAVE_TEAM,
  MY_INVITES,
  outcomeOf,
  proveAddress,
  REMOVE_MEMBER,
  REVOKE_INVITE,
  rolesIn,
  type Someone,
  SWITCH_TEAM,
  tally,
  UNKNOWN_ID,
} from './people.ts';

const gateway = forFile(() => startGateway({ env: { LIMIT_SIGNUP_PER_ADDRESS: '1000/60' } }));
const replica = forFile(() => startGateway({ replicaOf: gateway }));

/** Founds a team and invites a person to it. */
async function invited(to: Someone | string, role = 'MEMBER') {
  const { teamId, people } = await foundTeam(gateway);
  const emails = [typeof to === 'string' ? to : to.email];
  const [made] = await invite(people[0], { teamId, emails, role });
  return { teamId, owner: people[0], inviteId: made!.id, input: { input: { inviteId: made!.id } } };
}

const inviteRows = async (id: string) =>
  (await gateway.sql`select 1 from portcullis.invites where id = ${id}`).length;

describe('acceptInvite', () => {
  test('makes the invited user a member once, and deletes the invite', async () => {
    const bob = await join(gateway);
    const { teamId, owner, inviteId, input } = await invited(bob, 'ADMIN');
    expect(await bob.run(MY_INVITES)).toEqual({
      myInvites: [
        {
          id: inviteId,
          teamName: 'Engines',
          inviterName: 'Ada',
          role: 'ADMIN',
          expiresAt: expect.any(String),
        },
      ],
    });
    const joined = { acceptInvite: { role: 'ADMIN', team: { id: teamId, name: 'Engines' } } };
    expect(await bob.run(ACCEPT_INVITE, input)).toEqual(joined);
    expect(await inviteRows(inviteId)).toBe(0);
    expect(await bob.run(MY_INVITES)).toEqual({ myInvites: [] });
    expect(await rolesIn(gateway, teamId)).toEqual({ [owner.id]: 'OWNER', [bob.id]: 'ADMIN' });
    expect(await bob.run(SWITCH_TEAM, { input: { teamId } })).toMatchObject({
      switchTeam: { membership: { role: 'ADMIN' } },
    });
    // Accepting again changes nothing, also after a change of role.
    expect(await bob.run(ACCEPT_INVITE, input)).toEqual(joined);
    await owner.run(CHANGE_ROLE, { input: { teamId, userId: bob.id, role: 'MEMBER' } });
    expect(await bob.run(ACCEPT_INVITE, input)).toMatchObject({ acceptInvite: { role: 'MEMBER' } });
    const events = (await eventsOf(gateway, teamId)).filter(({ action }) => action === 'invite_accepted');
    expect(events).toEqual([
      {
        action: 'invite_accepted',
        by: bob.id,
        sessionId: expect.any(String),
        details: { inviteId, role: 'ADMIN' },
      },
    ]);
  });

  test('makes one membership in eight concurrent calls, which all succeed', async () => {
    const bob = await join(gateway);
    const { teamId, inviteId, input } = await invited(bob);
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        outcomeOf(
          (index % 2 === 0 ? gateway : replica).graphql(ACCEPT_INVITE, input, {
            authorization: `Bearer ${bob.token}`,
          }),
        ),
      ),
    );
    expect(tally(outcomes)).toEqual({ done: 8 });
    expect(await rolesIn(gateway, teamId)).toMatchObject({ [bob.id]: 'MEMBER' });
    expect(await inviteRows(inviteId)).toBe(0);
    const events = (await eventsOf(gateway, teamId)).filter(({ action }) => action === 'invite_accepted');
    expect(events).toHaveLength(1);
  });

  test('admits only the invited user if others accept at once: invalid_invite', async () => {
    const [bob, eve, mallory] = [
      await join(gateway),
      await join(gateway),
      await join(gateway, { verified: false }),
    ];
    const { teamId, owner, input } = await invited(bob);
    const outcomes = await Promise.all(
      [eve, bob, mallory, bob, eve].map((person) => outcomeOf(person.run(ACCEPT_INVITE, input))),
    );
    expect(outcomes).toEqual(['invalid_invite', 'done', 'invalid_invite', 'done', 'invalid_invite']);
    expect(await rolesIn(gateway, teamId)).toEqual({ [owner.id]: 'OWNER', [bob.id]: 'MEMBER' });
  });

  test('answers email_not_verified to a new user until their address is verified', async () => {
    const email = `newcomer-${Date.now()}@example.com`;
    const { teamId, input } = await invited(email.toUpperCase());
    const newcomer = await join(gateway, { email, verified: false });
    expect(await newcomer.run(MY_INVITES)).toEqual({ myInvites: [] });
    expect(await newcomer.refused(ACCEPT_INVITE, input)).toBe('email_not_verified');
    expect(await newcomer.refused(DECLINE_INVITE, input)).toBe('email_not_verified');
    await proveAddress(gateway, newcomer.id);
    expect(await newcomer.run(ACCEPT_INVITE, input)).toMatchObject({
      acceptInvite: { team: { id: teamId } },
    });
  });

  test('keeps the role of a user who is a member already, and deletes the invite', async () => {
    const bob = await join(gateway);
    const { teamId, inviteId, input } = await invited(bob);
    await gateway.sql`
      insert into portcullis.memberships (team_id, user_id, role) values (${teamId}, ${bob.id}, 'ADMIN')`;
    for (let again = 0; again < 2; again++)
      expect(await bob.run(ACCEPT_INVITE, input)).toMatchObject({ acceptInvite: { role: 'ADMIN' } });
    expect(await inviteRows(inviteId)).toBe(0);
  });
});

describe('invalid invites', () => {
  test('another user’s invite answers invalid_invite, exactly like one that does not exist', async () => {
    const [bob, eve] = [await join(gateway), await join(gateway)];
    const unverified = await join(gateway, { verified: false });
    const { inviteId, input } = await invited(bob);
    for (const id of [inviteId, UNKNOWN_ID])
      for (const person of [eve, unverified])
        for (const [document, path] of [
          [ACCEPT_INVITE, 'acceptInvite'],
          [DECLINE_INVITE, 'declineInvite'],
        ] as const)
          expect(
            await gateway.failure(
              document,
              { input: { inviteId: id } },
              { authorization: `Bearer ${person.token}` },
            ),
          ).toEqual([
            {
              message: 'This invite is not valid.',
              extensions: { code: 'invalid_invite', attribute: null },
              path: [path],
            },
          ]);
    await bob.run(ACCEPT_INVITE, input);
    expect(await eve.refused(ACCEPT_INVITE, input)).toBe('invalid_invite');
    expect(await bob.refused(DECLINE_INVITE, input)).toBe('invalid_invite');
    expect(await gateway.failure(ACCEPT_INVITE, input)).toMatchObject([
      { extensions: { code: 'unauthenticated' } },
    ]);
  });

  test('an expired invite answers invalid_invite until the owner invites again', async () => {
    const bob = await join(gateway);
    const { teamId, owner, inviteId, input } = await invited(bob);
    await gateway.sql`update portcullis.invites set expires_at = now() where id = ${inviteId}`;
    expect(await bob.run(MY_INVITES)).toEqual({ myInvites: [] });
    expect(await bob.refused(ACCEPT_INVITE, input)).toBe('invalid_invite');
    expect(await inviteRows(inviteId)).toBe(1);
    await invite(owner, { teamId, emails: [bob.email] });
    expect(await bob.run(ACCEPT_INVITE, input)).toMatchObject({ acceptInvite: { role: 'MEMBER' } });
  });

  test('an invite that is revoked, declined, or without its inviter or team answers invalid_invite', async () => {
    const bob = await join(gateway);
    const revoked = await invited(bob);
    await revoked.owner.run(REVOKE_INVITE, revoked.input);
    const declined = await invited(bob);
    expect(await bob.run(DECLINE_INVITE, declined.input)).toEqual({
      declineInvite: { id: declined.inviteId },
    });
    expect((await eventsOf(gateway, declined.teamId)).at(-1)).toMatchObject({
      ...{ action: 'invite_declined', by: bob.id, details: { inviteId: declined.inviteId, role: 'MEMBER' } },
    });
    const left = await invited(bob);
    const heir = await join(gateway);
    await gateway.sql`
      insert into portcullis.memberships (team_id, user_id, role) values (${left.teamId}, ${heir.id}, 'OWNER')`;
    await left.owner.run(LEAVE_TEAM, { input: { teamId: left.teamId } });
    const gone = await invited(bob);
    await gateway.sql`delete from portcullis.teams where id = ${gone.teamId}`;
    for (const { input } of [revoked, declined, left, gone])
      expect(await bob.refused(ACCEPT_INVITE, input)).toBe('invalid_invite');
    expect(await bob.run(MY_INVITES)).toEqual({ myInvites: [] });
  });

  test('an accepted invite answers invalid_invite once the member is removed', async () => {
    const bob = await join(gateway);
    const { teamId, owner, input } = await invited(bob);
    await bob.run(ACCEPT_INVITE, input);
    await owner.run(REMOVE_MEMBER, { input: { teamId, userId: bob.id } });
    expect(await bob.refused(ACCEPT_INVITE, input)).toBe('invalid_invite');
    expect(await rolesIn(gateway, teamId)).toEqual({ [owner.id]: 'OWNER' });
  });

  test('an invite to the former address of a user answers invalid_invite', async () => {
    const bob = await join(gateway);
    const { input } = await invited(bob);
    await gateway.sql`update portcullis.users set email = ${`moved-${bob.email}`} where id = ${bob.id}`;
    expect(await bob.refused(ACCEPT_INVITE, input)).toBe('invalid_invite');
  });

  test.each(['', 'x', "' or true --", '\u0000', '../../etc/passwd'])(
    'an invite id of %j answers invalid',
    async (inviteId) => {
      const bob = await join(gateway);
      for (const document of [ACCEPT_INVITE, DECLINE_INVITE])
        expect(await bob.refused(document, { input: { inviteId } })).toBe('invalid inviteId');
    },
  );
});

test('pruneInvites deletes invites that expired or were accepted more than 30 days ago', async () => {
  const bob = await join(gateway);
  const [old, recent, accepted] = [await invited(bob), await invited(bob), await invited(bob)];
  await bob.run(ACCEPT_INVITE, accepted.input);
  await gateway.sql`update portcullis.invites set expires_at = now() - interval '31 days' where id = ${old.inviteId}`;
  await gateway.sql`update portcullis.invites set expires_at = now() - interval '29 days' where id = ${recent.inviteId}`;
  await gateway.sql`
    update portcullis_private.accepted_invites set created_at = now() - interval '31 days'
    where invite_id = ${accepted.inviteId}`;
  await pruneInvites(gateway.deps.db);
  expect(await Promise.all([old, recent].map(({ inviteId }) => inviteRows(inviteId)))).toEqual([0, 1]);
  expect(await bob.refused(ACCEPT_INVITE, accepted.input)).toBe('invalid_invite');
});
