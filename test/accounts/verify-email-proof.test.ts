import { decodeJwt } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { bearer, isSignedIn, logIn } from '../support/gateway.ts';
import { allAtOnce, eventsOf, join, startAccounts } from './accounts.ts';
import { joinStranger, type Stranger } from './stranger.ts';

// `verifyEmail` asks for the password or a session. If a stranger signed up, the owner of the mailbox has neither.

const accounts = forFile(() => startAccounts({ LIMIT_LOGIN_PER_ACCOUNT: '3/900' }));
let stranger: Stranger;
beforeEach(async () => {
  stranger = await joinStranger(accounts);
});

describe('verifyEmail', () => {
  test('without password and session answers required, and keeps the token valid', async () => {
    expect(await stranger.refusedVerify({})).toBe('required password');
    expect(await stranger.refusedVerify({ password: '' })).toBe('required password');
    const other = await join(accounts);
    expect(await stranger.refusedVerify({}, other.headers)).toBe('required password');
    expect(await stranger.refusedVerify({}, bearer('eyJ.broken.token'))).toBe('required password');
    expect(await stranger.refusedVerify({}, bearer(stranger.teamToken ?? ''))).toBe('required password');
    await stranger.verify({ password: stranger.password });
  });

  test('with wrong passwords answers invalid_credentials, then rate_limited, and keeps the token valid', async () => {
    for (let i = 0; i < 3; i++)
      expect(await stranger.refusedVerify({ password: 'not this one' })).toBe('invalid_credentials password');
    expect(await stranger.refusedVerify({ password: stranger.password })).toBe('rate_limited');
    await logIn(accounts.gateway, stranger); // login counts its own guesses
    await accounts.gateway
      .sql`delete from portcullis_private.rate_limits where key like 'mailed_token_password%'`;
    await stranger.verify({ password: stranger.password });
  });

  test('with the password keeps the password, and the sessions that it opened', async () => {
    const second = await stranger.signInAgain();
    const verified = await stranger.verify({ password: stranger.password });
    for (const session of [stranger, second, verified])
      expect(await isSignedIn(accounts.gateway, session)).toBe(true);
    await logIn(accounts.gateway, stranger);
    expect(await eventsOf(accounts.gateway, stranger.user.id)).not.toContain('password_suspended');
  });

  test('with a session keeps the session and the password, and ends all other sessions', async () => {
    const second = await stranger.signInAgain();
    const verified = await stranger.verify({}, stranger.headers);
    expect(await isSignedIn(accounts.gateway, stranger)).toBe(true);
    expect(await isSignedIn(accounts.gateway, second)).toBe(false);
    expect(await isSignedIn(accounts.gateway, verified)).toBe(true);
    await logIn(accounts.gateway, stranger);
  });

  test('with a session that has ended answers required, and keeps the mailed token valid', async () => {
    const second = await stranger.signInAgain();
    await accounts.gateway.graphql('mutation { logout { sessionsEnded } }', {}, stranger.headers);
    expect(await stranger.refusedVerify({}, stranger.headers)).toBe('required password');
    await stranger.verify({}, bearer(second.accessToken));
  });

  test('of sixteen concurrent calls, half with the password and half with a session, one succeeds', async () => {
    let turn = 0;
    const outcomes = await allAtOnce(16, () => {
      turn += 1;
      return turn % 2
        ? stranger.verify({}, stranger.headers)
        : stranger.verify({ password: stranger.password });
    });
    expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(1);
    // Three passwords are counted at most; a call after the first success finds no token, and its password is not counted.
    const refusals = outcomes.filter((outcome) => outcome !== 'done');
    expect(refusals.filter((code) => code !== 'invalid_token' && code !== 'rate_limited')).toEqual([]);
  });
});

test('verifyEmail answers an access token with the claims of a login', async () => {
  const { accessToken } = await stranger.verify({ password: stranger.password });
  expect(decodeJwt(accessToken)).toMatchObject({
    email_verified: true,
    'https://hasura.io/jwt/claims': { 'x-hasura-token-kind': 'access' },
  });
});
