import { describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { PUBLIC_URL, startGateway } from '../support/gateway.ts';
import {
  eventsOf,
  foundTeam,
  INVITE,
  invite,
  join,
  LEAVE_TEAM,
  outcomeOf,
  REVOKE_INVITE,
  rolesIn,
  TEAM,
  tally,
  UNKNOWN_ID,
} from './people.ts';

const gateway = forFile(() =>
  startGateway({
    env: {
      ...{ LIMIT_SIGNUP_PER_ADDRESS: '1000/60', LIMIT_INVITES_PER_TEAM: '60/60' },
      ...{ LIMIT_INVITES_PER_INVITER: '90/60', LIMIT_MAIL_SPACING_SECONDS: '60' },
    },
  }),
);
const replica = forFile(() => startGateway({ replicaOf: gateway }));

const DAY = 86_400_000;
let addresses = 0;
const address = () => `invited-${++addresses}@example.com`;

/** Waits until all mail is delivered. Returns the invite's id for each mail of these invites. */
const mailsFor = async (ids: readonly string[]) => {
  const waiting = () => gateway.sql`select 1 from portcullis_jobs._private_jobs`;
  await expect.poll(async () => (await waiting()).length).toBe(0);
  const mails = [gateway, replica].flatMap(({ deps }) => deps.mailInbox?.list() ?? []);
  return mails
    .flatMap(({ text }) => ids.filter((id) => text.includes(`${PUBLIC_URL}/mail/invite/${id}`)))
    .sort();
};

describe('invites', () => {
  test('owners and admins invite each address once, for seven days, with one mail', async () => {
    const { teamId, people } = await foundTeam(gateway, 'ADMIN');
    for (const person of people) {
      const [one, two] = [address(), address()];
      const made = await invite(person, { teamId, emails: [` ${one.toUpperCase()} `, two, one] });
      expect(made).toMatchObject([
        { email: one, role: 'MEMBER' },
        { email: two, role: 'MEMBER' },
      ]);
      for (const { expiresAt, createdAt } of made)
        expect(new Date(expiresAt).getTime() - new Date(createdAt).getTime()).toBe(7 * DAY);
      const ids = made.map(({ id }) => id);
      expect(await mailsFor(ids)).toEqual([...ids].sort());
      expect((await eventsOf(gateway, teamId)).slice(-2)).toEqual(
        ids.map((inviteId) => ({
          ...{ action: 'member_invited', by: person.id, sessionId: expect.any(String) },
          details: { inviteId, role: 'MEMBER' },
        })),
      );
    }
  });

  test('inviting an address again extends the invite, without a second mail within a minute', async () => {
    const { teamId, people } = await foundTeam(gateway);
    const email = address();
    const [first] = await invite(people[0], { teamId, emails: [email] });
    expect(await mailsFor([first!.id])).toEqual([first!.id]); // an expired invite is not mailed
    await gateway.sql`update portcullis.invites set expires_at = now() - interval '1 day' where id = ${first!.id}`;
    const [second] = await invite(people[0], { teamId, emails: [email.toUpperCase()], role: 'ADMIN' });
    expect(second).toMatchObject({ id: first!.id, email, role: 'ADMIN', createdAt: first!.createdAt });
    expect(new Date(second!.expiresAt).getTime()).toBeGreaterThan(Date.now() + 6.9 * DAY);
    expect(await mailsFor([first!.id])).toEqual([first!.id]);
    await gateway.sql`delete from portcullis_private.rate_limits where key like 'mail_team_invite:%'`;
    await invite(people[0], { teamId, emails: [email] });
    expect(await mailsFor([first!.id])).toEqual([first!.id, first!.id]);
  });

  test('eight concurrent calls for the same addresses make one invite and one mail for each', async () => {
    const { teamId, people } = await foundTeam(gateway, 'ADMIN');
    const [email, other] = [address(), address()];
    const made = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        (index % 2 === 0 ? gateway : replica).graphql<{ inviteMembers: { id: string }[] }>(
          INVITE,
          { input: { teamId, emails: index % 3 === 0 ? [email, other] : [other, email] } },
          { authorization: `Bearer ${people[index % 2]?.token}` },
        ),
      ),
    );
    expect(new Set(made.flatMap(({ inviteMembers }) => inviteMembers.map(({ id }) => id))).size).toBe(2);
    const ids = made[0]!.inviteMembers.map(({ id }) => id);
    expect(await mailsFor(ids)).toEqual([...ids].sort());
  });

  test('only owners invite as ADMIN, and replace or revoke the invite: insufficient_permissions', async () => {
    const { teamId, people } = await foundTeam(gateway, 'ADMIN');
    const [owner, admin] = people;
    const email = address();
    const asAdmin = { input: { teamId, emails: [email], role: 'ADMIN' } };
    expect(await admin.refused(INVITE, asAdmin)).toBe('insufficient_permissions');
    const [made] = await invite(owner, asAdmin.input);
    expect(await admin.refused(INVITE, { input: { teamId, emails: [email] } })).toBe(
      'insufficient_permissions',
    );
    expect(await admin.refused(REVOKE_INVITE, { input: { inviteId: made!.id } })).toBe(
      'insufficient_permissions',
    );
    expect(await owner.refused(INVITE, { input: { teamId, emails: [email], role: 'OWNER' } })).toBe(
      'invalid_input role',
    );
    expect(await owner.run(REVOKE_INVITE, { input: { inviteId: made!.id } })).toEqual({
      revokeInvite: { id: made!.id },
    });
    expect(await owner.refused(REVOKE_INVITE, { input: { inviteId: made!.id } })).toBe('not_found inviteId');
    expect((await eventsOf(gateway, teamId)).at(-1)).toMatchObject({
      ...{ action: 'invite_revoked', by: owner.id, details: { inviteId: made!.id, role: 'ADMIN' } },
    });
  });

  test('an admin can replace an expired invite as ADMIN', async () => {
    const { teamId, people } = await foundTeam(gateway, 'ADMIN');
    const [owner, admin] = people;
    const emails = [address()];
    const [made] = await invite(owner, { teamId, emails, role: 'ADMIN' });
    await gateway.sql`update portcullis.invites set expires_at = now() where id = ${made!.id}`;
    expect(await invite(admin, { teamId, emails })).toMatchObject([{ id: made!.id, role: 'MEMBER' }]);
  });

  test('owners and admins see the invites of their team, and members do not', async () => {
    const { teamId, people } = await foundTeam(gateway, 'ADMIN', 'MEMBER');
    const [owner, admin, member] = people;
    const [made] = await invite(owner, { teamId, emails: [address()] });
    for (const person of [owner, admin])
      expect(await person.run(TEAM, { id: teamId })).toMatchObject({
        team: { invites: [{ id: made!.id, email: made!.email }] },
      });
    expect(await member.run(TEAM, { id: teamId })).toMatchObject({ team: { invites: null } });
    expect(await member.refused(REVOKE_INVITE, { input: { inviteId: made!.id } })).toBe(
      'insufficient_permissions',
    );
  });

  test('a member, a stranger, an unverified owner and an anonymous caller cannot invite', async () => {
    const { teamId, people } = await foundTeam(gateway, 'MEMBER');
    const [owner, member] = people;
    const input = { input: { teamId, emails: [address()] } };
    expect(await member.refused(INVITE, input)).toBe('insufficient_permissions');
    const stranger = await join(gateway);
    expect(await stranger.refused(INVITE, input)).toBe('not_found teamId');
    expect(await stranger.refused(INVITE, { input: { ...input.input, teamId: UNKNOWN_ID } })).toBe(
      'not_found teamId',
    );
    const [made] = await invite(owner, input.input);
    for (const inviteId of [made!.id, UNKNOWN_ID])
      expect(await stranger.refused(REVOKE_INVITE, { input: { inviteId } })).toBe('not_found inviteId');
    await gateway.sql`update portcullis.users set email_verified_at = null where id = ${owner.id}`;
    expect(await owner.refused(INVITE, input)).toBe('email_not_verified');
    expect(await gateway.failure(INVITE, input)).toMatchObject([{ extensions: { code: 'unauthenticated' } }]);
  });

  test('inviting a member of the team answers already_in_team, and the call makes no invite', async () => {
    const { teamId, people } = await foundTeam(gateway, 'MEMBER');
    const [owner, member] = people;
    const emails = [address(), address(), address(), member.email.toUpperCase(), owner.email];
    expect(await owner.refused(INVITE, { input: { teamId, emails } })).toBe('already_in_team emails.3');
    expect(await owner.run(TEAM, { id: teamId })).toMatchObject({ team: { invites: [] } });
    // The refused call mailed nothing, so the next call mails at once.
    const made = await invite(owner, { teamId, emails: emails.slice(0, 3) });
    expect(await mailsFor(made.map(({ id }) => id))).toHaveLength(3);
  });

  test.each([
    ['a malformed address', ['ada@example.com', 'nobody'], 'invalid_emails emails'],
    ['a line break', ['ada@example.com\nbcc:b@example.com'], 'invalid_emails emails'],
    ['a NUL', ['a\u0000da@example.com'], 'invalid_emails emails'],
    ['an address of 500,000 letters', ['a'.repeat(500_000)], 'invalid_emails emails'],
    ['an empty address', [''], 'invalid_emails emails'],
    ['an empty list', [], 'required emails'],
    ['51 addresses', Array.from({ length: 51 }, (_, i) => `p${i}@example.com`), 'max_length emails'],
    ['null', [null], 'required emails.0'],
  ])('inviteMembers refuses %s', async (_what, emails, refusal) => {
    const { teamId, people } = await foundTeam(gateway);
    expect(await people[0].refused(INVITE, { input: { teamId, emails } })).toBe(refusal);
    expect(await people[0].run(TEAM, { id: teamId })).toMatchObject({ team: { invites: [] } });
  });

  test('an id of a team or invite that is not a UUID answers invalid', async () => {
    const { people } = await foundTeam(gateway);
    expect(await people[0].refused(INVITE, { input: { teamId: 'x', emails: [address()] } })).toBe(
      'invalid teamId',
    );
    expect(await people[0].refused(REVOKE_INVITE, { input: { inviteId: "'" } })).toBe('invalid inviteId');
  });

  test('invites are rate_limited per team and per inviter, and a stranger’s attempts do not count', async () => {
    const { teamId, people } = await foundTeam(gateway, 'ADMIN');
    const [owner, admin] = people;
    const many = (count: number) => Array.from({ length: count }, address);
    const stranger = await join(gateway);
    expect(await stranger.refused(INVITE, { input: { teamId, emails: many(50) } })).toBe('not_found teamId');
    await invite(owner, { teamId, emails: many(50) });
    expect(await admin.refused(INVITE, { input: { teamId, emails: many(20) } })).toBe('rate_limited');
    const other = await foundTeam(gateway);
    await gateway.sql`
      insert into portcullis.memberships (team_id, user_id, role) values (${other.teamId}, ${owner.id}, 'OWNER')`;
    await invite(owner, { teamId: other.teamId, emails: many(40) });
    expect(await owner.refused(INVITE, { input: { teamId: other.teamId, emails: many(1) } })).toBe(
      'rate_limited',
    );
    await invite(other.people[0], { teamId: other.teamId, emails: many(1) });
  });

  test('an invite by an owner who leaves at once is refused, or deleted with its maker', async () => {
    const { teamId, people } = await foundTeam(gateway, 'OWNER');
    const [owner, coOwner] = people;
    const emails = [address(), address()];
    const outcomes = await Promise.all([
      outcomeOf(coOwner.run(INVITE, { input: { teamId, emails } })),
      outcomeOf(
        replica.graphql(LEAVE_TEAM, { input: { teamId } }, { authorization: `Bearer ${coOwner.token}` }),
      ),
    ]);
    expect(outcomes[1]).toBe('done');
    // An invite that was made before they left was deleted when they left. Afterwards they cannot invite.
    expect(await owner.run(TEAM, { id: teamId })).toMatchObject({ team: { invites: [] } });
    const invited = (await eventsOf(gateway, teamId)).filter(({ action }) => action === 'member_invited');
    expect(invited).toHaveLength(outcomes[0] === 'done' ? 2 : 0);
    expect(await rolesIn(gateway, teamId)).toEqual({ [owner.id]: 'OWNER' });
    expect(tally(outcomes).done).toBeGreaterThan(0);
  });
});
