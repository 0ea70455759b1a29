import { beforeEach, describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { bearer, isSignedIn, logIn, PUBLIC_URL, type SignedInAnswer } from '../support/gateway.ts';
import {
  CHANGE_PASSWORD,
  codeOf,
  eventsOf,
  FORGOT,
  openPage,
  passSpacing,
  RESET,
  startAccounts,
} from './accounts.ts';
import { joinStranger, refusedLogin, type Stranger } from './stranger.ts';

// The API's link proves the mailbox, not the password. A stranger may have chosen it: it is suspended until it is proven.

const accounts = forFile(() => startAccounts());
let stranger: Stranger;
beforeEach(async () => {
  stranger = await joinStranger(accounts);
});

describe('GET /api/verify-email/{token}', () => {
  const suspend = async () => {
    const { status, body } = await stranger.follow();
    expect(status).toBe(200);
    return body;
  };

  test('without a session signs in, ends all earlier sessions and suspends the password', async () => {
    const second = await stranger.signInAgain();
    const body = await suspend();
    expect(body).toEqual({
      userToken: expect.any(String),
      vaultToken: expect.any(String),
      refreshToken: expect.stringMatching(/^prt_/),
    });
    expect(await isSignedIn(accounts.gateway, { accessToken: body.userToken ?? '' })).toBe(true);
    expect(await isSignedIn(accounts.gateway, stranger)).toBe(false);
    expect(await isSignedIn(accounts.gateway, second)).toBe(false);
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

  test('with a user token of the account keeps the token’s session and the password', async () => {
    await stranger.follow(bearer(stranger.accessToken));
    expect(await isSignedIn(accounts.gateway, stranger)).toBe(true);
    await logIn(accounts.gateway, stranger);
  });

  test('login with a suspended password answers email_not_verified, and with a wrong one invalid_credentials', async () => {
    await suspend();
    await passSpacing(accounts.gateway);
    expect(await refusedLogin(accounts, { ...stranger, password: 'wrong one' })).toBe('invalid_credentials');
    expect(await refusedLogin(accounts, stranger)).toBe('email_not_verified');
    for (const login of ['/api/login', '/api/v1/login'])
      expect(
        await accounts.gateway.post(login, { email: stranger.email, password: stranger.password }),
      ).toMatchObject({
        status: 403,
        body: { code: 'email_not_verified' },
      });
  });

  test('a suspended password works again once the owner enters it on the page that login mails', async () => {
    const { userToken } = await suspend();
    await passSpacing(accounts.gateway);
    expect(await refusedLogin(accounts, stranger)).toBe('email_not_verified');
    const mail = await accounts.mail(stranger.email, 'verify-email', 2);
    const page = mail.link.slice(PUBLIC_URL.length);
    expect((await openPage(accounts.gateway, page, { password: stranger.password })).status).toBe(200);
    await logIn(accounts.gateway, stranger);
    expect(await isSignedIn(accounts.gateway, { accessToken: userToken ?? '' })).toBe(true);
  });

  test('a password reset replaces a suspended password', async () => {
    await suspend();
    await passSpacing(accounts.gateway);
    await accounts.gateway.graphql(FORGOT, { input: { email: stranger.email } });
    const reset = (await accounts.mail(stranger.email, 'reset-password')).token;
    await accounts.gateway.graphql(RESET, { input: { token: reset, newPassword: 'the owner’s own' } });
    await logIn(accounts.gateway, { ...stranger, password: 'the owner’s own' });
    expect(await refusedLogin(accounts, stranger)).toBe('invalid_credentials');
  });

  test('a user who knows the suspended password can change it in the session that the link opened', async () => {
    const { userToken } = await suspend();
    const input = { currentPassword: stranger.password, newPassword: 'a new passphrase' };
    await accounts.gateway.graphql(CHANGE_PASSWORD, { input }, bearer(userToken ?? ''));
    await logIn(accounts.gateway, { ...stranger, password: 'a new passphrase' });
  });

  test('logins during the verification leave no session that a stranger can use', async () => {
    const logins: Promise<SignedInAnswer | null>[] = [];
    let verified = false;
    const verification = suspend().finally(() => {
      verified = true;
    });
    while (!verified) {
      logins.push(stranger.signInAgain().catch(() => null));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await verification;
    const opened = (await Promise.all(logins)).filter((session) => session !== null);
    const good = await Promise.all(opened.map((session) => isSignedIn(accounts.gateway, session)));
    expect(good.filter(Boolean)).toEqual([]);
  });
});
