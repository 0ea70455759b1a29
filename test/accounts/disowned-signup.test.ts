import { beforeEach, describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { isSignedIn, logIn, PUBLIC_URL } from '../support/gateway.ts';
import { allAtOnce, eventsOf, openPage, passSpacing, startAccounts } from './accounts.ts';
import { joinStranger, refusedLogin, type Stranger } from './stranger.ts';

// On the mailed page, the owner of the mailbox confirms the sign-up with its password, or disowns it.

const accounts = forFile(() => startAccounts());
let stranger: Stranger;
beforeEach(async () => {
  stranger = await joinStranger(accounts);
});

const teamsOf = async ({ user }: Stranger) =>
  (
    await accounts.gateway.sql`select t.name from portcullis.memberships m
    join portcullis.teams t on t.id = m.team_id where m.user_id = ${user.id} order by t.name`
  ).map(({ name }) => name as string);

describe('the mailed page of a sign-up', () => {
  test('shows the day, client and IP address of the sign-up, as the mail does', async () => {
    const device = { 'user-agent': 'Mozilla/5.0 (Windows NT 10.0) Firefox/140.0' };
    const email = `seen-${Date.now()}@example.com`;
    await accounts.gateway.post('/api/register', { email, password: 'correct horse', name: 'Eve' }, device);
    const mail = await accounts.mail(email, 'verify-email');
    const day = new Date().toISOString().slice(0, 10);
    for (const text of [
      mail.text,
      (await openPage(accounts.gateway, mail.link.slice(PUBLIC_URL.length))).html,
    ]) {
      expect(text).toContain('Firefox, Windows');
      expect(text).toContain(day);
      expect(text).toContain('127.0.0.1');
    }
  });

  test('refuses a wrong or missing password with the reason, and keeps the link valid', async () => {
    for (const [form, sentence] of [
      [{}, 'Enter the password of the account.'],
      [{ password: 'not this one' }, 'This password is wrong.'],
    ] as const) {
      const page = await openPage(accounts.gateway, stranger.path, form);
      expect(page.status).toBe(400);
      expect(page.html).toContain(sentence);
      expect(page.html).not.toContain('not this one');
    }
    expect((await openPage(accounts.gateway, stranger.path, { password: stranger.password })).status).toBe(
      200,
    );
  });

  test('“I did not sign up” removes password, sessions and memberships, and lets the owner set a password', async () => {
    const second = await stranger.signInAgain();
    const answer = await openPage(accounts.gateway, stranger.path, { disown: 'yes' });
    expect(answer.status).toBe(303);
    const next = new URL(answer.headers.get('location') ?? '', `${PUBLIC_URL}${stranger.path}`);
    expect(next.pathname).toMatch(/^\/mail\/reset-password\/pot_[\w-]{43}$/);
    for (const session of [stranger, second]) expect(await isSignedIn(accounts.gateway, session)).toBe(false);
    expect(await refusedLogin(accounts, stranger)).toBe('invalid_credentials');
    expect(await teamsOf(stranger)).toEqual(["Ada's team"]);
    const newPassword = 'the owner’s own';
    const set = await openPage(accounts.gateway, next.pathname, {
      new_password: newPassword,
      repeat: newPassword,
    });
    expect(set).toMatchObject({ status: 200, title: 'Password set' });
    expect((await logIn(accounts.gateway, { ...stranger, password: newPassword })).user.emailVerified).toBe(
      true,
    );
    expect((await openPage(accounts.gateway, stranger.path, { disown: 'yes' })).status).toBe(410);
    expect(await eventsOf(accounts.gateway, stranger.user.id)).toContain('signup_disowned');
  });

  test('“I did not sign up” on a verified account keeps its session and teams, and removes the suspended password', async () => {
    const { body } = await stranger.follow();
    await passSpacing(accounts.gateway);
    expect(await refusedLogin(accounts, stranger)).toBe('email_not_verified');
    const again = (await accounts.mail(stranger.email, 'verify-email', 2)).link.slice(PUBLIC_URL.length);
    expect((await openPage(accounts.gateway, again, { disown: 'yes' })).status).toBe(303);
    expect(await isSignedIn(accounts.gateway, { accessToken: body.userToken ?? '' })).toBe(true);
    expect(await teamsOf(stranger)).toEqual(['Trap']);
    expect(await refusedLogin(accounts, stranger)).toBe('invalid_credentials');
  });

  test('of sixteen forms at once, half to confirm and half to disown, one succeeds', async () => {
    let turn = 0;
    const outcomes = await allAtOnce(16, async () => {
      turn += 1;
      const form = turn % 2 ? { disown: 'yes' } : { password: stranger.password };
      const { status } = await openPage(accounts.gateway, stranger.path, form);
      if (status !== 200 && status !== 303) throw new Error(String(status));
    });
    expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(1);
  });
});
