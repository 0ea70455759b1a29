import { beforeEach, describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { bearer, logIn } from '../support/gateway.ts';
import { ACCEPT_INVITE, foundTeam, invite, MY_INVITES } from '../teams/people.ts';
import { CHANGE_EMAIL, CONFIRM_EMAIL, codeOf, passSpacing, RESEND, startAccounts } from './accounts.ts';
import { joinStranger, type Stranger } from './stranger.ts';

// A stranger prepares an account before the owner of its mailbox proves the address.

const accounts = forFile(() => startAccounts());
let stranger: Stranger;
beforeEach(async () => {
  stranger = await joinStranger(accounts);
});

describe('an account that a stranger prepared', () => {
  test('the proof of the mailbox ends the change of address that the stranger asked for: invalid_token', async () => {
    const newEmail = `thief-${Date.now()}@example.com`;
    const input = { newEmail, currentPassword: stranger.password };
    await accounts.gateway.graphql(CHANGE_EMAIL, { input }, stranger.headers);
    const change = (await accounts.mail(newEmail, 'change-email')).token;
    await stranger.follow();
    const shown = { token: change, password: stranger.password };
    expect(await codeOf(accounts.gateway.failure(CONFIRM_EMAIL, { input: shown }))).toBe(
      'invalid_token token',
    );
  });

  const inviteTo = async (email: string) => {
    const { teamId, people } = await foundTeam(accounts.gateway);
    const [made] = await invite(people[0], { teamId, emails: [email], role: 'MEMBER' });
    return { input: { inviteId: made?.id } };
  };

  test('acceptInvite answers email_not_verified until the password is proven with a mailed token', async () => {
    const input = await inviteTo(stranger.email);
    // An operator or an import marks the address as verified. The owner of the mailbox has proven nothing.
    await accounts.gateway
      .sql`update portcullis.users set email_verified_at = now() where id = ${stranger.user.id}`;
    const again = bearer((await stranger.signInAgain()).accessToken);
    for (const headers of [stranger.headers, again]) {
      expect(await accounts.gateway.graphql(MY_INVITES, {}, headers)).toEqual({ myInvites: [] });
      expect(await codeOf(accounts.gateway.failure(ACCEPT_INVITE, input, headers))).toBe(
        'email_not_verified',
      );
    }
    await passSpacing(accounts.gateway);
    await accounts.gateway.graphql(RESEND, {}, stranger.headers);
    const { token } = await accounts.mail(stranger.email, 'verify-email', 2);
    await stranger.verify({ token, password: stranger.password });
    await accounts.gateway.graphql(ACCEPT_INVITE, input, stranger.headers);
  });

  test('acceptInvite answers email_not_verified if the new address was confirmed without the password', async () => {
    await stranger.verify({ password: stranger.password });
    const owner = `owner-${Date.now()}@example.com`;
    const change = { newEmail: owner, currentPassword: stranger.password };
    await accounts.gateway.graphql(CHANGE_EMAIL, { input: change }, stranger.headers);
    const confirm = (await accounts.mail(owner, 'change-email')).token;
    const input = await inviteTo(owner);
    await accounts.gateway.graphql(CONFIRM_EMAIL, { input: { token: confirm } });
    for (const headers of [
      stranger.headers,
      bearer((await logIn(accounts.gateway, { ...stranger, email: owner })).accessToken),
    ])
      expect(await codeOf(accounts.gateway.failure(ACCEPT_INVITE, input, headers))).toBe(
        'email_not_verified',
      );
  });

  test('acceptInvite succeeds if the new address was confirmed with the password', async () => {
    await stranger.verify({ password: stranger.password });
    const mine = `mine-${Date.now()}@example.com`;
    const change = { newEmail: mine, currentPassword: stranger.password };
    await accounts.gateway.graphql(CHANGE_EMAIL, { input: change }, stranger.headers);
    const confirm = (await accounts.mail(mine, 'change-email')).token;
    const wrong = { token: confirm, password: 'not this one' };
    expect(await codeOf(accounts.gateway.failure(CONFIRM_EMAIL, { input: wrong }))).toBe(
      'invalid_credentials password',
    );
    const input = await inviteTo(mine);
    await accounts.gateway.graphql(CONFIRM_EMAIL, { input: { token: confirm, password: stranger.password } });
    await accounts.gateway.graphql(ACCEPT_INVITE, input, stranger.headers);
  });
});
