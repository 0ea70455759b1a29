import { AuthClient } from '@supabase/auth-js';
import { describe, expect, test } from 'vitest';
import { verifiedPerson } from '../gotrue/people.ts';
import { send } from '../gotrue/wire.ts';
import { forFile } from '../support/for-file.ts';
import { bearer, startGateway } from '../support/gateway.ts';
import { activate, codeOf, enroll, finish } from './authenticator.ts';
import { factorRequests } from './gotrue-client.ts';

// The sign-in of clients of GoTrue with a second factor, from the first factor to level aal2.

const gateway = forFile(() => startGateway({ env: { LIMIT_SIGNUP_PER_ADDRESS: '1000/60' } }));
const { verified } = factorRequests(gateway);

describe('the stock client', () => {
  test('enrols, challenges and verifies: the session becomes aal2; then it unenrols', async () => {
    const person = await verifiedPerson(gateway);
    const client = new AuthClient({ url: `${gateway.url}/gotrue/auth/v1`, autoRefreshToken: false });
    const { accessToken: access_token, refreshToken: refresh_token } = person;
    expect((await client.setSession({ access_token, refresh_token })).error).toBeNull();
    const { data: enrolment } = await client.mfa.enroll({ factorType: 'totp', friendlyName: 'phone' });
    expect(enrolment).toMatchObject({ type: 'totp', friendly_name: 'phone' });
    expect(enrolment?.totp.qr_code).toMatch(/^data:image\/svg\+xml;utf-8,<svg /);
    const factorId = enrolment?.id ?? '';
    const { data: challenge } = await client.mfa.challenge({ factorId });
    const inFiveMinutes = Date.now() / 1000 + 300;
    expect(Math.abs((challenge?.expires_at ?? 0) - inFiveMinutes)).toBeLessThan(5);
    const code = codeOf(enrolment?.totp.secret ?? '');
    const answer = await client.mfa.verify({ factorId, challengeId: challenge?.id ?? '', code });
    expect(answer.error).toBeNull();
    const { data: level } = await client.mfa.getAuthenticatorAssuranceLevel();
    expect(level).toMatchObject({ currentLevel: 'aal2', nextLevel: 'aal2' });
    expect(level?.currentAuthenticationMethods).toEqual([
      { method: 'totp', timestamp: expect.any(Number) },
      { method: 'password', timestamp: expect.any(Number) },
    ]);
    const { data: factors } = await client.mfa.listFactors();
    expect(factors?.totp).toMatchObject([{ id: factorId, status: 'verified', friendly_name: 'phone' }]);
    expect((await client.mfa.unenroll({ factorId })).data).toEqual({ id: factorId });
    expect((await client.getUser()).data.user?.factors).toBeUndefined();
  });
});

test('the stock client signs in with a password, sees that aal2 is next, and gets there', async () => {
  const person = await verifiedPerson(gateway);
  const { id, secret } = await verified(person);
  const client = new AuthClient({ url: `${gateway.url}/gotrue/auth/v1`, autoRefreshToken: false });
  const { email, password } = person.person;
  expect((await client.signInWithPassword({ email, password })).error).toBeNull();
  const levels = async () => (await client.mfa.getAuthenticatorAssuranceLevel()).data;
  expect(await levels()).toMatchObject({ currentLevel: 'aal1', nextLevel: 'aal2' });
  const { error } = await client.updateUser({ password: 'another horse' });
  expect(error).toMatchObject({ status: 401, code: 'insufficient_aal' });
  const verification = await client.mfa.challengeAndVerify({ factorId: id, code: codeOf(secret) });
  expect(verification.error).toBeNull();
  expect(await levels()).toMatchObject({ currentLevel: 'aal2', nextLevel: 'aal2' });
  expect((await client.refreshSession()).error).toBeNull();
  expect(await levels()).toMatchObject({ currentLevel: 'aal2' });
  expect((await client.getClaims()).data?.claims).toMatchObject({ aal: 'aal2' });
  expect((await client.updateUser({ password: 'another horse' })).error).toBeNull();
});

describe('a thief with a session of yesterday', () => {
  const strict = forFile(() => startGateway({ env: { REQUIRE_REAUTHENTICATION: 'on' } }));

  test('gains no fresh sign-in by an app of their own', async () => {
    const person = await verifiedPerson(strict);
    const userId = person.user.id;
    await strict.sql`delete from portcullis_private.passwords where user_id = ${userId}`;
    await strict.sql`update portcullis.sessions set created_at = created_at - interval '25 hours', methods = (
      select jsonb_agg(jsonb_set(used, '{timestamp}', to_jsonb((used ->> 'timestamp')::bigint - 90000)))
      from jsonb_array_elements(methods) used) where user_id = ${userId}`;
    const { accessToken, secret } = await factorRequests(strict).verified(person);
    const again = await finish(strict, { accessToken, code: codeOf(secret) });
    const stolen = bearer(again.accessToken);
    const password = await send(strict, 'PUT', '/user', {
      headers: stolen,
      body: { password: 'Fresh-horse-2' },
    });
    expect(password.body).toMatchObject({ error_code: 'reauthentication_needed' });
    for (const change of [
      'changeEmail(input: { newEmail: "thief@example.com" })',
      'deleteAccount(input: {})',
    ])
      expect(await strict.failure(`mutation { ${change} { ok } }`, {}, stolen)).toMatchObject([
        { extensions: { code: 'reauthentication_needed' } },
      ]);
  });
});

test('a user whose first app a client of GoTrue activated gets recovery codes with the next app', async () => {
  const person = await verifiedPerson(gateway);
  const { accessToken } = await verified(person);
  const { secret } = await enroll(gateway, { accessToken }, { name: 'tablet' });
  const { recoveryCodes, auth } = await activate(gateway, { accessToken }, codeOf(secret));
  expect(recoveryCodes).toHaveLength(10);
  const third = await enroll(gateway, auth, { name: 'watch' });
  expect((await activate(gateway, auth, codeOf(third.secret))).recoveryCodes).toBeNull();
});
