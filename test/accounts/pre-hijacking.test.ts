import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bearer, LOGIN, logIn, ME, PUBLIC_URL, type SignedInAnswer } from '../support/gateway.ts';
import { ACCEPT_INVITE, foundTeam, invite, MY_INVITES } from '../teams/people.ts';
import {
  type Accounts,
  allAtOnce,
  CHANGE_EMAIL,
  CHANGE_PASSWORD,
  CONFIRM_EMAIL,
  codeOf,
  eventsOf,
  FORGOT,
  join,
  type Member,
  openPage,
  passSpacing,
  RESEND,
  RESET,
  startAccounts,
  VERIFY,
} from './accounts.ts';

// A stranger signs up with the address of the owner of a mailbox, who then gets the mail that confirms it.
let accounts: Accounts;
beforeAll(async () => {
  accounts = await startAccounts({ LIMIT_LOGIN_PER_ACCOUNT: '3/900' });
});
afterAll(() => accounts.close());

let stranger: Member;
let token: string;
let path: string;
beforeEach(async () => {
  stranger = await join(accounts, { teamName: 'Trap' });
  const mail = await accounts.mail(stranger.email, 'verify-email');
  token = mail.token;
  path = mail.link.slice(PUBLIC_URL.length);
});

const verify = (input: object, headers = {}) =>
  accounts.gateway
    .graphql<{ verifyEmail: SignedInAnswer }>(VERIFY, { input: { token, ...input } }, headers)
    .then(({ verifyEmail }) => verifyEmail);
const refusedVerify = (input: object, headers = {}) =>
  codeOf(accounts.gateway.failure(VERIFY, { input: { token, ...input } }, headers));
const get = async (address: string, headers = {}) => {
  const response = await fetch(accounts.gateway.url + address, { headers });
  return { status: response.status, body: (await response.json()) as Record<string, string | null> };
};
const refusedLogin = ({ email, password }: Pick<Member, 'email' | 'password'>) =>
  codeOf(accounts.gateway.failure(LOGIN, { input: { email, password } }));
const isSignedIn = (headers: Record<string, string>) =>
  accounts.gateway.graphql(ME, {}, headers).then(
    () => true,
    () => false,
  );
const signInAgain = async (): Promise<Record<string, string>> =>
  bearer((await logIn(accounts.gateway, stranger)).accessToken);
const teamsOf = async ({ user }: Member) =>
  (
    await accounts.gateway.sql`select t.name from portcullis.memberships m
    join portcullis.teams t on t.id = m.team_id where m.user_id = ${user.id} order by t.name`
  ).map(({ name }) => name as string);

describe('verifyEmail', () => {
  test('with neither password nor session is `required` and leaves the token good', async () => {
    expect(await refusedVerify({})).toBe('required password');
    expect(await refusedVerify({ password: '' })).toBe('required password');
    const other = await join(accounts);
    expect(await refusedVerify({}, other.headers)).toBe('required password');
    expect(await refusedVerify({}, bearer('eyJ.broken.token'))).toBe('required password');
    expect(await refusedVerify({}, bearer(stranger.teamToken ?? ''))).toBe('required password');
    await verify({ password: stranger.password });
  });

  test('with a wrong password is `invalid_credentials`, bounded, and leaves the token good', async () => {
    for (let i = 0; i < 3; i++)
      expect(await refusedVerify({ password: 'not this one' })).toBe('invalid_credentials password');
    expect(await refusedVerify({ password: stranger.password })).toBe('rate_limited');
    await logIn(accounts.gateway, stranger); // these guesses are not those of the login
    await accounts.gateway
      .sql`delete from portcullis_private.rate_limits where key like 'mailed_token_password%'`;
    await verify({ password: stranger.password });
  });

  test('with the password keeps it and the sessions that it opened', async () => {
    const second = await signInAgain();
    const verified = await verify({ password: stranger.password });
    for (const headers of [stranger.headers, second, bearer(verified.accessToken)])
      expect(await isSignedIn(headers)).toBe(true);
    await logIn(accounts.gateway, stranger);
    expect(await eventsOf(accounts.gateway, stranger.user.id)).not.toContain('password_suspended');
  });

  test('with a session keeps that session and the password, and ends all other sessions', async () => {
    const second = await signInAgain();
    const verified = await verify({}, stranger.headers);
    expect(await isSignedIn(stranger.headers)).toBe(true);
    expect(await isSignedIn(second)).toBe(false);
    expect(await isSignedIn(bearer(verified.accessToken))).toBe(true);
    await logIn(accounts.gateway, stranger);
  });

  test('with a session that a logout ends meanwhile is refused, and leaves the token good', async () => {
    const second = await signInAgain();
    await accounts.gateway.graphql('mutation { logout { sessionsEnded } }', {}, stranger.headers);
    expect(await refusedVerify({}, stranger.headers)).toBe('required password');
    await verify({}, second);
  });

  test('eight at once with the password and eight with a session: one succeeds', async () => {
    let turn = 0;
    const outcomes = await allAtOnce(16, () => {
      turn += 1;
      return turn % 2 ? verify({}, stranger.headers) : verify({ password: stranger.password });
    });
    expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(1);
    expect(new Set(outcomes)).toEqual(new Set(['done', 'invalid_token', 'rate_limited']));
  });
});

describe('GET /api/verify-email/{token}', () => {
  const suspend = async () => {
    const { status, body } = await get(`/api/verify-email/${token}`);
    expect(status).toBe(200);
    return body;
  };

  test('without a session keeps its answer, ends all earlier sessions and suspends the password', async () => {
    const second = await signInAgain();
    const body = await suspend();
    expect(body).toEqual({
      userToken: expect.any(String),
      vaultToken: expect.any(String),
      refreshToken: expect.stringMatching(/^prt_/),
    });
    expect(await isSignedIn(bearer(body.userToken ?? ''))).toBe(true);
    expect(await isSignedIn(stranger.headers)).toBe(false);
    expect(await isSignedIn(second)).toBe(false);
    expect(
      await codeOf(
        accounts.gateway.failure(
          'mutation ($input: RefreshInput) { refresh(input: $input) { accessToken } }',
          { input: { refreshToken: stranger.refreshToken } },
        ),
      ),
    ).toBe('invalid_refresh_token');
    expect(await eventsOf(accounts.gateway, stranger.user.id)).toEqual(
      expect.arrayContaining(['password_suspended', 'email_verified']),
    );
  });

  test('with a user token of the account keeps that session and the password', async () => {
    await get(`/api/verify-email/${token}`, bearer(stranger.accessToken));
    expect(await isSignedIn(stranger.headers)).toBe(true);
    await logIn(accounts.gateway, stranger);
  });

  test('a suspended password answers `email_not_verified`, and a wrong one `invalid_credentials`', async () => {
    await suspend();
    await passSpacing(accounts.gateway);
    expect(await refusedLogin({ ...stranger, password: 'wrong one' })).toBe('invalid_credentials');
    expect(await refusedLogin(stranger)).toBe('email_not_verified');
    for (const login of ['/api/login', '/api/v1/login'])
      expect(
        await accounts.gateway.post(login, { email: stranger.email, password: stranger.password }),
      ).toMatchObject({
        status: 403,
        body: { code: 'email_not_verified' },
      });
  });

  test('a suspended password counts again once it is shown with the link that a login mails', async () => {
    const { userToken } = await suspend();
    await passSpacing(accounts.gateway);
    expect(await refusedLogin(stranger)).toBe('email_not_verified');
    const mail = await accounts.mail(stranger.email, 'verify-email', 2);
    const page = mail.link.slice(PUBLIC_URL.length);
    expect((await openPage(accounts.gateway, page, { password: stranger.password })).status).toBe(200);
    await logIn(accounts.gateway, stranger);
    expect(await isSignedIn(bearer(userToken ?? ''))).toBe(true);
  });

  test('a reset replaces a suspended password', async () => {
    await suspend();
    await passSpacing(accounts.gateway);
    await accounts.gateway.graphql(FORGOT, { input: { email: stranger.email } });
    const reset = (await accounts.mail(stranger.email, 'reset-password')).token;
    await accounts.gateway.graphql(RESET, { input: { token: reset, newPassword: 'the owner’s own' } });
    await logIn(accounts.gateway, { ...stranger, password: 'the owner’s own' });
    expect(await refusedLogin(stranger)).toBe('invalid_credentials');
  });

  test('the owner who knows a suspended password can change it in the session that the mailbox opened', async () => {
    const { userToken } = await suspend();
    const input = { currentPassword: stranger.password, newPassword: 'a new passphrase' };
    await accounts.gateway.graphql(CHANGE_PASSWORD, { input }, bearer(userToken ?? ''));
    await logIn(accounts.gateway, { ...stranger, password: 'a new passphrase' });
  });

  test('of many logins during the verification, none leaves a session that a stranger can use', async () => {
    const logins: Promise<Record<string, string> | null>[] = [];
    let verified = false;
    const verification = suspend().finally(() => {
      verified = true;
    });
    while (!verified) {
      logins.push(signInAgain().catch(() => null));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await verification;
    const opened = (await Promise.all(logins)).filter((headers) => headers !== null);
    expect((await Promise.all(opened.map(isSignedIn))).filter(Boolean)).toEqual([]);
  });
});

describe('the page of the mail', () => {
  test('says when and with what the sign-up came, as the mail does', async () => {
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

  test('refuses a wrong or missing password with the reason, and leaves the link good', async () => {
    for (const [form, sentence] of [
      [{}, 'Enter the password of the account.'],
      [{ password: 'not this one' }, 'This password is wrong.'],
    ] as const) {
      const page = await openPage(accounts.gateway, path, form);
      expect(page.status).toBe(400);
      expect(page.html).toContain(sentence);
      expect(page.html).not.toContain('not this one');
    }
    expect((await openPage(accounts.gateway, path, { password: stranger.password })).status).toBe(200);
  });

  test('“I did not sign up” removes password, sessions and memberships, and lets the owner set a password', async () => {
    const second = await signInAgain();
    const answer = await openPage(accounts.gateway, path, { disown: 'yes' });
    expect(answer.status).toBe(303);
    const next = new URL(answer.headers.get('location') ?? '', `${PUBLIC_URL}${path}`);
    expect(next.pathname).toMatch(/^\/mail\/reset-password\/pot_[\w-]{43}$/);
    for (const headers of [stranger.headers, second]) expect(await isSignedIn(headers)).toBe(false);
    expect(await refusedLogin(stranger)).toBe('invalid_credentials');
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
    expect((await openPage(accounts.gateway, path, { disown: 'yes' })).status).toBe(410);
    expect(await eventsOf(accounts.gateway, stranger.user.id)).toContain('signup_disowned');
  });

  test('“I did not sign up” keeps what the owner of a verified account has, and removes the suspended password', async () => {
    const { body } = await get(`/api/verify-email/${token}`);
    await passSpacing(accounts.gateway);
    expect(await refusedLogin(stranger)).toBe('email_not_verified');
    const again = (await accounts.mail(stranger.email, 'verify-email', 2)).link.slice(PUBLIC_URL.length);
    expect((await openPage(accounts.gateway, again, { disown: 'yes' })).status).toBe(303);
    expect(await isSignedIn(bearer(body.userToken ?? ''))).toBe(true);
    expect(await teamsOf(stranger)).toEqual(['Trap']);
    expect(await refusedLogin(stranger)).toBe('invalid_credentials');
  });

  test('eight that confirm and eight that disown at once: one of them counts', async () => {
    let turn = 0;
    const outcomes = await allAtOnce(16, async () => {
      turn += 1;
      const form = turn % 2 ? { disown: 'yes' } : { password: stranger.password };
      const { status } = await openPage(accounts.gateway, path, form);
      if (status !== 200 && status !== 303) throw new Error(String(status));
    });
    expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(1);
  });
});

describe('what a stranger prepared', () => {
  test('a change of address that they asked for ends with the proof of the mailbox', async () => {
    const newEmail = `thief-${Date.now()}@example.com`;
    const input = { newEmail, currentPassword: stranger.password };
    await accounts.gateway.graphql(CHANGE_EMAIL, { input }, stranger.headers);
    const change = (await accounts.mail(newEmail, 'change-email')).token;
    await get(`/api/verify-email/${token}`);
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

  test('an invite is accepted only in a session that something proven opened', async () => {
    const input = await inviteTo(stranger.email);
    // Verified by an operator or by an import: the mailbox has proven nothing.
    await accounts.gateway
      .sql`update portcullis.users set email_verified_at = now() where id = ${stranger.user.id}`;
    for (const headers of [stranger.headers, await signInAgain()]) {
      expect(await accounts.gateway.graphql(MY_INVITES, {}, headers)).toEqual({ myInvites: [] });
      expect(await codeOf(accounts.gateway.failure(ACCEPT_INVITE, input, headers))).toBe(
        'email_not_verified',
      );
    }
    await passSpacing(accounts.gateway);
    await accounts.gateway.graphql(RESEND, {}, stranger.headers);
    token = (await accounts.mail(stranger.email, 'verify-email', 2)).token;
    await verify({ password: stranger.password });
    await accounts.gateway.graphql(ACCEPT_INVITE, input, stranger.headers);
  });

  test('an address that its owner confirmed for a stranger’s account opens no invite to it', async () => {
    await verify({ password: stranger.password });
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

  test('a change of address that is confirmed with the password stays proven', async () => {
    await verify({ password: stranger.password });
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

test('the session that a verification opens has the kind and claims of a login', async () => {
  const { accessToken } = await verify({ password: stranger.password });
  expect(decodeJwt(accessToken)).toMatchObject({
    email_verified: true,
    'https://hasura.io/jwt/claims': { 'x-hasura-token-kind': 'access' },
  });
});
