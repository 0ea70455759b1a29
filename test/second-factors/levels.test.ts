import { decodeJwt } from 'jose';
import { afterEach, describe, expect, test } from 'vitest';
import { create, EXCHANGE, exchange, inHours, isGood } from '../access-tokens/programs.ts';
import { send } from '../gotrue/wire.ts';
import { forFile } from '../support/for-file.ts';
import {
  bearer,
  isSignedIn,
  ME,
  newPerson,
  signUp,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts';
import { createWebhookSecret, startReceiver } from '../webhooks/receiver.ts';
import {
  activate,
  coded,
  codeOf,
  enroll,
  finish,
  hasuraClaims,
  letTimePass,
  logInFirst,
  type Protected,
  protect,
  RENEW,
} from './authenticator.ts';

const env = { LIMIT_SIGNUP_PER_ADDRESS: '1000/60' };
const gateway = forFile(() => startGateway({ env }));
const advisory = forFile(() => startGateway({ env: { ...env, SECOND_FACTOR: 'advisory' } }));

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const newProtected = async (at: TestGateway, person = newPerson()): Promise<Protected & typeof person> => ({
  ...(await protect(at, await signUp(at, person))),
  ...person,
});

describe('with SECOND_FACTOR=required', () => {
  test('the portal and the teams API hand out first-factor tokens too, which Hasura and both refuse', async () => {
    const { email, password, name } = await newProtected(gateway);
    expect(name).toBe('Ada');
    const credentials = { email, password };
    const portal = (await gateway.post('/api/v1/login', credentials)).body as { token: string };
    const teams = (await gateway.post('/api/login', credentials)).body as Record<string, string>;
    const [user = '', refresh = ''] = Object.values(teams).filter((value) => typeof value === 'string');
    for (const token of [portal.token, user]) {
      expect(hasuraClaims(token)).toBeUndefined();
      expect(await gateway.failure(ME, {}, bearer(token))).toEqual(coded('second_factor_required'));
    }
    const renewal = await fetch(`${gateway.url}/api/refresh`, { headers: bearer(user) });
    expect([renewal.status, await renewal.json()]).toEqual([
      403,
      {
        code: 'second_factor_required',
        detail: 'Show your second factor to do this.',
        attribute: null,
      },
    ]);
    const refreshed = await fetch(`${gateway.url}/api/refresh`, { headers: bearer(refresh) });
    expect(refreshed.status).toBe(200);
    const renewed = Object.values((await refreshed.json()) as Record<string, string | null>);
    const [jwt] = renewed.filter((value) => value?.split('.').length === 3);
    expect(hasuraClaims(jwt ?? '')).toBeUndefined();
  });

  test('a portal token is finished to a portal token', async () => {
    const { email, password, secret } = await newProtected(gateway);
    const { token } = (await gateway.post('/api/v1/login', { email, password })).body as { token: string };
    const second = await finish(gateway, { accessToken: token, code: codeOf(secret) });
    expect(hasuraClaims(second.accessToken)).toMatchObject({
      'x-hasura-token-kind': 'portal',
      'x-hasura-auth-level': 'aal2',
    });
  });

  test('the GoTrue dialect answers 401 insufficient_aal, except for reading the user and logging out', async () => {
    const ada = await newProtected(gateway);
    await gateway.sql`update portcullis.users set email_verified_at = now() where id = ${ada.user.id}`;
    const credentials = { email: ada.email, password: ada.password };
    const signedIn = await send(gateway, 'POST', '/token?grant_type=password', { body: credentials });
    const { access_token, refresh_token } = signedIn.body as Record<string, string>;
    expect(decodeJwt(access_token ?? '')).toMatchObject({ aal: 'aal1' });
    expect(hasuraClaims(access_token ?? '')).toBeUndefined();
    const headers = bearer(access_token ?? '');
    const user = await send(gateway, 'GET', '/user', { headers });
    expect(user).toMatchObject({ status: 200, body: { factors: [{ status: 'verified' }] } });
    const refreshed = await send(gateway, 'POST', '/token?grant_type=refresh_token', {
      body: { refresh_token },
    });
    expect(hasuraClaims((refreshed.body as { access_token: string }).access_token)).toBeUndefined();
    expect((await send(gateway, 'POST', '/logout', { headers })).status).toBe(204);
  });

  test('a password reset does not get around the second factor', async () => {
    const ada = await newProtected(gateway);
    const hash = await gateway.deps.passwords.hash('another horse');
    await gateway.sql`update portcullis_private.passwords set hash = ${hash} where user_id = ${ada.user.id}`;
    const first = await logInFirst(gateway, { email: ada.email, password: 'another horse' });
    expect(first.secondFactorRequired).toBe(true);
  });

  test('the webhook user.signed_in comes after the second factor, once', async () => {
    const receiver = await startReceiver();
    closing.push(receiver.close);
    const webhooks = { WEBHOOK_URLS: receiver.url, WEBHOOK_SECRETS: createWebhookSecret() };
    const told = await startGateway({ env: { ...env, ...webhooks, WEBHOOK_ALLOW_PRIVATE: 'loopback' } });
    closing.push(told.close);
    const signIns = () => receiver.deliveries.filter(({ told: { type } }) => type === 'user.signed_in');
    const settled = async () => {
      const [row] = await told.sql`select count(*)::int as n from portcullis_jobs.jobs`;
      return row?.n as number;
    };
    const ada = await newProtected(told);
    const first = await logInFirst(told, ada);
    await expect.poll(settled).toBe(0);
    expect(signIns()).toHaveLength(0);
    const second = await finish(told, { accessToken: first.accessToken, code: codeOf(ada.secret) });
    await expect.poll(settled).toBe(0);
    const sessionId = hasuraClaims(second.accessToken)?.['x-hasura-session-id'];
    expect(signIns().map(({ told: { data } }) => data)).toEqual([{ userId: ada.user.id, sessionId }]);
    const added = receiver.deliveries.filter(({ told: { type } }) => type === 'user.second_factor_added');
    expect(added.map(({ told: { data } }) => data)).toEqual([{ userId: ada.user.id }]);
  });
});

describe('with SECOND_FACTOR=advisory', () => {
  test('a first-factor token has its claims with level aal1, and does what needs no step-up', async () => {
    const ada = await newProtected(advisory);
    const first = await logInFirst(advisory, ada);
    expect(first.secondFactorRequired).toBe(false);
    expect(hasuraClaims(first.accessToken)?.['x-hasura-auth-level']).toBe('aal1');
    expect(first.teamToken).not.toBeNull();
    expect(await isSignedIn(advisory, first)).toBe(true);
    const second = await finish(advisory, { accessToken: first.accessToken, code: codeOf(ada.secret) });
    expect(hasuraClaims(second.accessToken)?.['x-hasura-auth-level']).toBe('aal2');
  });

  test.each([
    'mutation { changePassword(input: { currentPassword: "correct horse", newPassword: "another horse" }) { __typename } }',
    'mutation { changeEmail(input: { currentPassword: "correct horse", newEmail: "new@example.com" }) { ok } }',
    'mutation { deleteAccount(input: { currentPassword: "correct horse" }) { ok } }',
    `mutation { createAccessToken(input: { name: "CI", expiresAt: "${inHours(1)}", currentPassword: "correct horse" }) { token } }`,
    'mutation { totpEnroll { secret } }',
    'mutation { totpDisable(input: { code: "123456" }) { ok } }',
    'mutation { recoveryCodes(input: { code: "123456" }) { recoveryCodes } }',
    'mutation { unlinkIdentity(id: "00000000-0000-7000-8000-000000000000") { ok } }',
  ])('a first-factor session needs the second factor for %s', async (mutation) => {
    const first = await logInFirst(advisory, await newProtected(advisory));
    expect(await advisory.failure(mutation, {}, bearer(first.accessToken))).toEqual(
      coded('second_factor_required'),
    );
  });

  test('the same changes work at aal2', async () => {
    const ada = await newProtected(advisory);
    const { accessToken } = ada;
    expect(await create(advisory, ada)).toMatchObject({ token: expect.stringMatching(/^prt_pat_/) });
    const renewed = await advisory.graphql(
      RENEW,
      { input: { code: codeOf(ada.secret) } },
      bearer(accessToken),
    );
    expect(renewed).toMatchObject({ recoveryCodes: { recoveryCodes: expect.any(Array) } });
    const deleted = await advisory.graphql(
      'mutation { deleteAccount(input: { currentPassword: "correct horse" }) { ok } }',
      {},
      bearer(accessToken),
    );
    expect(deleted).toEqual({ deleteAccount: { ok: true } });
  });
});

describe('a personal access token', () => {
  test('that was created below aal2 ends with the activation; one from aal2 keeps that level', async () => {
    const ada = await signUp(gateway);
    const before = await create(gateway, ada);
    expect(hasuraClaims((await exchange(gateway, before.token)).accessToken)?.['x-hasura-auth-level']).toBe(
      'aal1',
    );
    const { secret } = await enroll(gateway, ada);
    const { auth } = await activate(gateway, ada, codeOf(secret));
    expect(await isGood(gateway, before.token)).toBe(false);
    const after = await create(gateway, auth);
    const { accessToken } = await exchange(gateway, after.token);
    expect(hasuraClaims(accessToken)?.['x-hasura-auth-level']).toBe('aal2');
    // Not even one whose session somehow survived.
    await gateway.sql`update portcullis.sessions set level = 'aal1' where opened_by = 'access_token' and user_id = ${ada.user.id}`;
    expect(await gateway.failure(EXCHANGE, { input: { token: after.token } })).toEqual(
      coded('second_factor_required'),
    );
    expect(await gateway.failure(ME, {}, bearer(accessToken))).toEqual(coded('second_factor_required'));
  });
});

describe('a login that waits while the second factor is activated', () => {
  test('gets no claims for Hasura, or a session that has ended', async () => {
    for (let round = 0; round < 5; round++) {
      const person = newPerson();
      const ada = await signUp(gateway, person);
      const { secret } = await enroll(gateway, ada);
      const [, ...logins] = await Promise.all([
        activate(gateway, ada, codeOf(secret)),
        ...Array.from({ length: 4 }, () => logInFirst(gateway, person).catch(() => null)),
      ]);
      for (const login of logins) {
        if (login === null || login.secondFactorRequired) continue;
        expect(await isSignedIn(gateway, login)).toBe(false);
      }
      await letTimePass(gateway, ada.user.id);
    }
  });
});
