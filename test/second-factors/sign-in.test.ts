import { decodeJwt } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { bearer, isSignedIn, ME, newPerson, signUp, startGateway } from '../support/gateway.ts';
import {
  type Auth,
  coded,
  codeOf,
  FINISH,
  finish,
  hasuraClaims,
  letTimePass,
  logInFirst,
  type Protected,
  protect,
  REFRESH,
  RENEW,
  wrong,
  wrongCodeOf,
} from './authenticator.ts';

const gateway = forFile(() => startGateway({ env: { LIMIT_SIGNUP_PER_ADDRESS: '1000/60' } }));

const REQUIRED = [
  expect.objectContaining({ extensions: { code: 'second_factor_required', attribute: null } }),
];

const person = newPerson();
let ada: Protected;
beforeAll(async () => {
  ada = await protect(gateway, await signUp(gateway, person));
});

/** Signs in with the password alone, some time after the last code. */
async function firstFactor(): Promise<Auth> {
  await letTimePass(gateway, ada.user.id);
  return logInFirst(gateway, person);
}

describe('a login with a second factor', () => {
  test('gets a token that Hasura refuses, and that allows nothing else than to finish, refresh or log out', async () => {
    const first = await firstFactor();
    expect(first).toMatchObject({ secondFactorRequired: true, teamToken: null });
    expect(hasuraClaims(first.accessToken)).toBeUndefined();
    const headers = bearer(first.accessToken);
    for (const operation of [
      ME,
      '{ sessions { id } }',
      '{ secondFactors { id } }',
      'mutation { updateProfile(input: { name: "Eve" }) { id } }',
      'mutation { totpEnroll { secret } }',
      'mutation { createTeam(input: { name: "Eve" }) { role } }',
      'mutation { deleteAccount(input: { currentPassword: "correct horse" }) { ok } }',
    ])
      expect(await gateway.failure(operation, {}, headers), operation).toEqual(REQUIRED);
    const ended = await gateway.graphql('mutation { logout { sessionsEnded } }', {}, headers);
    expect(ended).toEqual({ logout: { sessionsEnded: 1 } });
  });

  test('keeps its level over a refresh', async () => {
    const first = await firstFactor();
    const { refresh } = await gateway.graphql<{ refresh: Auth }>(REFRESH, {
      input: { refreshToken: first.refreshToken },
    });
    expect(refresh.secondFactorRequired).toBe(true);
    expect(hasuraClaims(refresh.accessToken)).toBeUndefined();
  });

  test('is finished by a code: a new session at aal2, whose refresh keeps the level', async () => {
    const first = await firstFactor();
    const second = await finish(gateway, { accessToken: first.accessToken, code: codeOf(ada.secret) });
    expect(second.secondFactorRequired).toBe(false);
    expect(second.teamToken).not.toBeNull();
    const claims = hasuraClaims(second.accessToken);
    expect(claims).toMatchObject({ 'x-hasura-auth-level': 'aal2', 'x-hasura-user-id': ada.user.id });
    expect(decodeJwt(second.accessToken).sid).not.toBe(decodeJwt(first.accessToken).sid);
    expect(await isSignedIn(gateway, second)).toBe(true);
    const { refresh } = await gateway.graphql<{ refresh: Auth }>(REFRESH, {
      input: { refreshToken: second.refreshToken },
    });
    expect(hasuraClaims(refresh.accessToken)?.['x-hasura-auth-level']).toBe('aal2');
  });

  test('ends the tokens of the first factor: a thief who copied them gains nothing', async () => {
    const first = await firstFactor();
    await finish(gateway, { accessToken: first.accessToken, code: codeOf(ada.secret) });
    expect(await gateway.failure(ME, {}, bearer(first.accessToken))).toEqual(coded('unauthenticated'));
    const stolen = { input: { refreshToken: first.refreshToken } };
    expect(await gateway.failure(REFRESH, stolen)).toEqual(coded('invalid_refresh_token'));
  });

  test('accepts a code once in its step, also for five requests at once', async () => {
    const first = await firstFactor();
    const input = { accessToken: first.accessToken, code: codeOf(ada.secret) };
    await gateway.sql`delete from portcullis_private.rate_limits`;
    const attempts = await Promise.allSettled(Array.from({ length: 5 }, () => finish(gateway, input)));
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const again = await logInFirst(gateway, person);
    const repeated = { ...input, accessToken: again.accessToken };
    await gateway.sql`delete from portcullis_private.rate_limits`;
    expect(await gateway.failure(FINISH, { input: repeated })).toEqual(wrong('code'));
    // The code of the step before is dead too.
    const earlier = { accessToken: again.accessToken, code: codeOf(ada.secret, -1) };
    expect(await gateway.failure(FINISH, { input: earlier })).toEqual(wrong('code'));
  });

  test.each(['12345', '1234567', '12 34 56', 'abcdef', '１２３４５６', '12345é', ' '])(
    'answers invalid_second_factor to the code "%s"',
    async (code) => {
      const first = await firstFactor();
      await gateway.sql`delete from portcullis_private.rate_limits`;
      const input = { accessToken: first.accessToken, code };
      expect(await gateway.failure(FINISH, { input })).toEqual(wrong('code'));
    },
  );

  test('asks for a code, and for the token', async () => {
    const { accessToken } = await firstFactor();
    const missing = (attribute: string) => [
      expect.objectContaining({ extensions: { code: 'required', attribute } }),
    ];
    expect(await gateway.failure(FINISH, { input: { accessToken: '', code: '123456' } })).toEqual(
      missing('accessToken'),
    );
    expect(await gateway.failure(FINISH, { input: { accessToken } })).toEqual(missing('code'));
    expect(await gateway.failure(FINISH, { input: { accessToken: 'no.such.token', code: '1' } })).toEqual(
      coded('unauthenticated'),
    );
  });

  test('an app of another user does not finish it', async () => {
    const bob = await protect(gateway, await signUp(gateway));
    const { accessToken } = await firstFactor();
    await gateway.sql`delete from portcullis_private.rate_limits`;
    const input = { accessToken, code: codeOf(bob.secret) };
    expect(await gateway.failure(FINISH, { input })).toEqual(wrong('code'));
  });
});

describe('a recovery code', () => {
  test('finishes a login once, in any spelling, and a notice is mailed', async () => {
    await gateway.sql`update portcullis.users set email_verified_at = now() where id = ${ada.user.id}`;
    const [code = '', other = ''] = ada.recoveryCodes;
    const { accessToken } = await firstFactor();
    const second = await finish(gateway, {
      accessToken,
      recoveryCode: ` ${code.toUpperCase().replaceAll('-', ' ')} `,
    });
    expect(hasuraClaims(second.accessToken)?.['x-hasura-auth-level']).toBe('aal2');
    const again = await logInFirst(gateway, person);
    await gateway.sql`delete from portcullis_private.rate_limits`;
    const used = { accessToken: again.accessToken, recoveryCode: code };
    expect(await gateway.failure(FINISH, { input: used })).toEqual(wrong('recoveryCode'));
    await expect.poll(() => mailsTo(person.email)).toContain('Recovery code used at auth.example.com');
    expect(await finish(gateway, { accessToken: again.accessToken, recoveryCode: other })).toMatchObject({
      secondFactorRequired: false,
    });
  });

  test('is used up by one of five requests at once', async () => {
    const recoveryCode = ada.recoveryCodes[2];
    const firsts = await Promise.all(Array.from({ length: 5 }, () => firstFactor()));
    await gateway.sql`delete from portcullis_private.rate_limits`;
    const attempts = await Promise.allSettled(
      firsts.map(({ accessToken }) => finish(gateway, { accessToken, recoveryCode })),
    );
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('ends with the others when they are renewed by a fresh code at aal2', async () => {
    await gateway.sql`delete from portcullis_private.rate_limits`;
    const first = await firstFactor();
    const second = await finish(gateway, { accessToken: first.accessToken, code: codeOf(ada.secret) });
    await letTimePass(gateway, ada.user.id);
    const headers = bearer(second.accessToken);
    const { recoveryCodes } = await gateway.graphql<{ recoveryCodes: { recoveryCodes: string[] } }>(
      RENEW,
      { input: { code: codeOf(ada.secret) } },
      headers,
    );
    expect(recoveryCodes.recoveryCodes).toHaveLength(10);
    const again = await firstFactor();
    const former = { accessToken: again.accessToken, recoveryCode: ada.recoveryCodes[9] };
    expect(await gateway.failure(FINISH, { input: former })).toEqual(wrong('recoveryCode'));
    const renewed = { accessToken: again.accessToken, recoveryCode: recoveryCodes.recoveryCodes[9] };
    expect(await finish(gateway, renewed)).toMatchObject({ secondFactorRequired: false });
  });
});

const mailsTo = (email: string): string[] =>
  (gateway.deps.mailInbox?.list() ?? []).filter(({ to }) => to === email).map(({ subject }) => subject);

describe('wrong codes', () => {
  test('lock the second factor after five, also for the right code, and only for a while', async () => {
    const carl = newPerson();
    const protectedCarl = await protect(gateway, await signUp(gateway, carl));
    const { accessToken } = await logInFirst(gateway, carl);
    const guess = { accessToken, code: wrongCodeOf(protectedCarl.secret) };
    const guesses = await Promise.all(
      Array.from({ length: 12 }, () => gateway.failure(FINISH, { input: guess })),
    );
    const codes = guesses.flatMap((errors) =>
      (errors as { extensions: { code: string } }[]).map(({ extensions }) => extensions.code),
    );
    expect(codes.filter((code) => code === 'invalid_second_factor')).toHaveLength(5);
    expect(codes.filter((code) => code === 'rate_limited')).toHaveLength(7);
    const right = { accessToken, code: codeOf(protectedCarl.secret) };
    expect(await gateway.failure(FINISH, { input: right })).toEqual(coded('rate_limited'));
    const byRecovery = { accessToken, recoveryCode: protectedCarl.recoveryCodes[0] };
    expect(await gateway.failure(FINISH, { input: byRecovery })).toEqual(coded('rate_limited'));
    const events = await gateway.sql`
      select action, outcome, details from portcullis.security_events
      where user_id = ${protectedCarl.user.id} and action = 'account_locked'`;
    expect(events).toEqual([
      { action: 'account_locked', outcome: 'failure', details: { tried: 'second factor' } },
    ]);
    await gateway.sql`update portcullis_private.rate_limits set resets_at = now() - interval '1 second'`;
    expect(await finish(gateway, right)).toMatchObject({ secondFactorRequired: false });
  });

  test('are forgotten after a right one', async () => {
    const dora = newPerson();
    const { secret, user } = await protect(gateway, await signUp(gateway, dora));
    for (let round = 0; round < 3; round++) {
      const { accessToken } = await logInFirst(gateway, dora);
      for (let guess = 0; guess < 4; guess++)
        expect(await gateway.failure(FINISH, { input: { accessToken, code: wrongCodeOf(secret) } })).toEqual(
          wrong('code'),
        );
      await letTimePass(gateway, user.id);
      await finish(gateway, { accessToken, code: codeOf(secret) });
    }
  });

  test('of a stranger without the password count nowhere', async () => {
    const emil = newPerson();
    const { secret, user } = await protect(gateway, await signUp(gateway, emil));
    const strangers = await signUp(gateway);
    for (let guess = 0; guess < 8; guess++) {
      const input = { accessToken: strangers.accessToken, code: wrongCodeOf(secret) };
      expect(await gateway.failure(FINISH, { input })).toEqual(coded('not_found'));
    }
    const { accessToken } = await logInFirst(gateway, emil);
    expect(user.id).not.toBe(strangers.user.id);
    expect(await finish(gateway, { accessToken, code: codeOf(secret) })).toMatchObject({
      secondFactorRequired: false,
    });
  });
});
