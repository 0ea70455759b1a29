import { decodeJwt } from 'jose';
import { describe, expect, test } from 'vitest';
import { verifiedPerson } from '../gotrue/people.ts';
import { expectError, NAMED, send } from '../gotrue/wire.ts';
import { forFile } from '../support/for-file.ts';
import { bearer, startGateway } from '../support/gateway.ts';
import { codeOf, FINISH, logInFirst, protect, wrongCodeOf } from './authenticator.ts';
import { type Enrolled, factorRequests } from './gotrue-client.ts';

const gateway = forFile(() => startGateway({ env: { LIMIT_SIGNUP_PER_ADDRESS: '1000/60' } }));

const { call, enrolled, challenged, verified } = factorRequests(gateway);

type Json = Record<string, unknown>;

const clearLimits = () => gateway.sql`delete from portcullis_private.rate_limits`;

describe('POST /factors', () => {
  test('answers the secret once; the user then lists the factor as unverified', async () => {
    const person = await verifiedPerson(gateway);
    const { id, totp, ...rest } = await enrolled(person);
    expect(rest).toEqual({ type: 'totp', friendly_name: 'phone' });
    expect(totp.qr_code).toMatch(/^<svg /);
    expect(totp.uri).toContain(`secret=${totp.secret}`);
    const user = (await call(person, 'GET', '/user')).body as Json;
    const time = expect.any(String) as string;
    expect(user.factors).toEqual([
      {
        ...{ id, created_at: time, updated_at: time, status: 'unverified', friendly_name: 'phone' },
        ...{ factor_type: 'totp', phone: '', last_challenged_at: null },
      },
    ]);
    // It changes nothing yet.
    expect((await logInFirst(gateway, person.person)).secondFactorRequired).toBe(false);
  });

  test('refuses other kinds, a taken name, an eleventh factor, and callers without a session', async () => {
    const person = await verifiedPerson(gateway);
    const refused = (body: Json) => call(person, 'POST', '/factors', body);
    const needs = 'factor_type needs to be totp, phone, or webauthn';
    expectError(await refused({}), 400, 'validation_failed', needs);
    expectError(await refused({ factor_type: 'sms' }), 400, 'validation_failed', needs);
    const disabled = 'MFA enroll is disabled for Phone';
    expectError(await refused({ factor_type: 'phone' }), 422, 'mfa_phone_enroll_not_enabled', disabled);
    expect((await refused({ factor_type: 7 })).body).toMatchObject({ error_code: 'bad_json' });
    await enrolled(person);
    const taken = 'A factor with the friendly name "phone" for this user already exists';
    const again = await refused({ factor_type: 'totp', friendly_name: 'phone' });
    expectError(again, 422, 'mfa_factor_name_conflict', taken);
    for (let count = 1; count < 10; count++) await enrolled(person, `phone ${count}`);
    const many = await refused({ factor_type: 'totp' });
    const most = 'Maximum number of verified factors reached, unenroll to continue';
    expectError(many, 422, 'too_many_enrolled_mfa_factors', most);
    const stranger = await send(gateway, 'POST', '/factors', { body: { factor_type: 'totp' } });
    expect(stranger.status).toBe(401);
  });

  test('refuses a name of the application that no QR code holds, and stores nothing then', async () => {
    const person = await verifiedPerson(gateway);
    for (const issuer of ['中'.repeat(255), '😀'.repeat(127)])
      expectError(
        await call(person, 'POST', '/factors', { factor_type: 'totp', issuer }),
        400,
        'validation_failed',
        'issuer: It does not fit into a QR code.',
      );
    const factors = await gateway.sql`select from portcullis_private.second_factors
      where user_id = ${person.user.id}`;
    expect(factors).toHaveLength(0);
    for (const issuer of ['中'.repeat(100), 'a'.repeat(255), '"'.repeat(255)])
      expect((await call(person, 'POST', '/factors', { factor_type: 'totp', issuer })).status).toBe(200);
  });

  test('needs aal2 where a factor is verified', async () => {
    const person = await verifiedPerson(gateway);
    await protect(gateway, person);
    const first = await logInFirst(gateway, person.person);
    const answer = await call(first, 'POST', '/factors', { factor_type: 'totp' });
    expectError(answer, 403, 'insufficient_aal', 'AAL2 required to enroll a new factor');
  });
});

describe('POST /factors/{id}/verify', () => {
  test('refuses a wrong code, an empty one, and one that was used', async () => {
    const person = await verifiedPerson(gateway);
    const { id, totp } = await enrolled(person);
    const challenge_id = await challenged(person, id);
    const verify = (code: string) => call(person, 'POST', `/factors/${id}/verify`, { challenge_id, code });
    const invalid = 'Invalid TOTP code entered';
    expectError(await verify(wrongCodeOf(totp.secret)), 422, 'mfa_verification_failed', invalid);
    expectError(await verify(''), 400, 'validation_failed', 'Code needs to be non-empty');
    // A wrong code does not use the challenge up.
    expect((await verify(codeOf(totp.secret))).status).toBe(200);
  });

  test('locks an unverified factor after five wrong codes, and no other', async () => {
    await clearLimits();
    const person = await verifiedPerson(gateway);
    const [one, other] = [await enrolled(person, 'one'), await enrolled(person, 'other')];
    const verify = async ({ id }: Enrolled, code: string) =>
      call(person, 'POST', `/factors/${id}/verify`, { challenge_id: await challenged(person, id), code });
    const wrong = wrongCodeOf(one.totp.secret);
    for (let guess = 0; guess < 5; guess++) expect((await verify(one, wrong)).status).toBe(422);
    const locked = await verify(one, codeOf(one.totp.secret));
    expectError(locked, 429, 'over_request_rate_limit', 'Request rate limit reached');
    expect((await verify(other, codeOf(other.totp.secret))).status).toBe(200);
  });

  test('takes the challenges of its own session and factor alone, within five minutes, once', async () => {
    const person = await verifiedPerson(gateway);
    const { id, totp } = await enrolled(person);
    const other = await logInFirst(gateway, person.person);
    const theirs = await challenged(other, id);
    const code = codeOf(totp.secret);
    const verify = (challenge_id: unknown) =>
      call(person, 'POST', `/factors/${id}/verify`, { challenge_id, code });
    const unknown = 'MFA factor with the provided challenge ID not found';
    for (const challengeId of [theirs, crypto.randomUUID(), ''])
      expectError(await verify(challengeId), 422, 'mfa_factor_not_found', unknown);
    expect((await verify('no uuid')).body).toMatchObject({ code: 400, error_code: 'bad_json' });
    const late = await challenged(person, id);
    await gateway.sql`update portcullis_private.second_factor_challenges set expires_at = now() where id = ${late}`;
    const expired = `MFA challenge ${late} has expired, verify against another challenge or create a new challenge.`;
    expectError(await verify(late), 422, 'mfa_challenge_expired', expired);
    const good = await challenged(person, id);
    const attempts = await Promise.all([verify(good), verify(good), verify(good)]);
    expect(attempts.map(({ status }) => status).filter((status) => status === 200)).toHaveLength(1);
  });

  test('keeps ten challenges of a factor', async () => {
    const person = await verifiedPerson(gateway);
    const { id } = await enrolled(person);
    for (let count = 0; count < 12; count++) await challenged(person, id);
    const kept =
      await gateway.sql`select from portcullis_private.second_factor_challenges where factor_id = ${id}`;
    expect(kept).toHaveLength(10);
  });

  test('raises a session of the first factor, in both error forms before that', async () => {
    const person = await verifiedPerson(gateway);
    const { id, secret } = await verified(person);
    const first = await logInFirst(gateway, person.person);
    expect(first.secondFactorRequired).toBe(true);
    expect(decodeJwt(first.accessToken)['https://hasura.io/jwt/claims']).toBeUndefined();
    expect((await call(first, 'GET', '/user')).status).toBe(200);
    const challenge_id = await challenged(first, id);
    const verify = { challenge_id, code: wrongCodeOf(secret) };
    const named = await send(gateway, 'POST', `/factors/${id}/verify`, {
      headers: { ...bearer(first.accessToken), ...NAMED },
      body: verify,
    });
    expect(named.body).toEqual({ code: 'mfa_verification_failed', message: 'Invalid TOTP code entered' });
    const answer = await call(first, 'POST', `/factors/${id}/verify`, { ...verify, code: codeOf(secret) });
    const session = answer.body as { access_token: string; user: Json };
    expect(decodeJwt(session.access_token)).toMatchObject({
      aal: 'aal2',
      amr: [{ method: 'totp' }, { method: 'password' }],
      'https://hasura.io/jwt/claims': { 'x-hasura-auth-level': 'aal2' },
    });
    expect(session.user.factors).toMatchObject([{ id, status: 'verified' }]);
    expect((await call(first, 'GET', '/user')).status).toBe(403);
  });
});

test('a factor without its first code neither signs in nor is activated by a session of the first factor', async () => {
  const person = await verifiedPerson(gateway);
  const { id } = await verified(person);
  // One that a thief enrolled before, and that some race left behind.
  const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
  const { keyEncryption } = gateway.deps;
  const planted = crypto.randomUUID();
  await gateway.sql`insert into portcullis_private.second_factors (id, user_id, name, jwe, key_id)
    values (${planted}, ${person.user.id}, 'planted', ${await keyEncryption.encrypt(secret)}, ${keyEncryption.currentKeyId})`;
  const first = await logInFirst(gateway, person.person);
  const challenge_id = await challenged(first, planted);
  const answer = await call(first, 'POST', `/factors/${planted}/verify`, {
    challenge_id,
    code: codeOf(secret),
  });
  expect(answer).toMatchObject({ status: 401, body: { error_code: 'insufficient_aal' } });
  const input = { accessToken: first.accessToken, code: codeOf(secret) };
  expect(await gateway.failure(FINISH, { input })).toMatchObject([
    { extensions: { code: 'invalid_second_factor' } },
  ]);
  const states = await gateway.sql`select id, verified_at is not null as verified
    from portcullis_private.second_factors where user_id = ${person.user.id} order by verified`;
  expect(states).toEqual([
    { id: planted, verified: false },
    { id, verified: true },
  ]);
});

describe('the factor of a path', () => {
  test('is one of the signed-in person', async () => {
    const [person, other] = [await verifiedPerson(gateway), await verifiedPerson(gateway)];
    const { id } = await enrolled(other);
    for (const [method, path] of [
      ['POST', `/factors/${id}/challenge`],
      ['POST', `/factors/${id}/verify`],
      ['DELETE', `/factors/${id}`],
    ] as const)
      expectError(await call(person, method, path, {}), 404, 'mfa_factor_not_found', 'Factor not found');
    const answer = await call(person, 'POST', '/factors/no-uuid/challenge', {});
    expectError(answer, 404, 'validation_failed', 'factor_id must be an UUID');
  });
});

describe('DELETE /factors/{id}', () => {
  test('removes a verified factor at aal2 alone, and the sessions go on at aal1', async () => {
    const person = await verifiedPerson(gateway);
    const { id, accessToken } = await verified(person);
    const first = await logInFirst(gateway, person.person);
    const needs = 'AAL2 required to unenroll verified factor';
    expectError(await call(first, 'DELETE', `/factors/${id}`), 422, 'insufficient_aal', needs);
    const removed = await call({ accessToken }, 'DELETE', `/factors/${id}`);
    expect({ status: removed.status, body: removed.body }).toEqual({ status: 200, body: { id } });
    const events = await gateway.sql`select details from portcullis.security_events
      where user_id = ${person.user.id} and action = 'second_factor_removed'`;
    expect(events).toEqual([{ details: { factorId: id, verified: true } }]);
    expect((await logInFirst(gateway, person.person)).secondFactorRequired).toBe(false);
  });

  test('removes one that is not verified in any session', async () => {
    const person = await verifiedPerson(gateway);
    const { id } = await enrolled(person);
    expect((await call(person, 'DELETE', `/factors/${id}`)).status).toBe(200);
    expect((await call(person, 'DELETE', `/factors/${id}`)).status).toBe(404);
  });
});
