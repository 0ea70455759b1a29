import { decodeJwt } from 'jose';
import { TOTP } from 'otpauth';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { complete, failure, newSignedIn, signIn, succeed } from './people.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

const codeFrom = (secret: string, stepsFromNow = 0) =>
  new TOTP({ secret }).generate({ timestamp: Date.now() + stepsFromNow * 30_000 });

test('enroll, challenge and verify raise the session to aal2', async () => {
  const { client, person } = await newSignedIn(stage);
  const { mfa } = client.auth;
  const factor = await succeed(mfa.enroll({ factorType: 'totp', friendlyName: 'phone' }));
  expect(factor).toMatchObject({ type: 'totp', friendly_name: 'phone' });
  expect(factor.totp.qr_code).toMatch(/^data:image\/svg\+xml/);
  expect(factor.totp.uri).toContain(factor.totp.secret);
  const { id: challengeId } = await succeed(mfa.challenge({ factorId: factor.id }));
  const code = codeFrom(factor.totp.secret);
  const verified = await succeed(mfa.verify({ factorId: factor.id, challengeId, code }));
  expect(decodeJwt(verified.access_token)).toMatchObject({ aal: 'aal2' });
  const level = await succeed(mfa.getAuthenticatorAssuranceLevel());
  expect([level?.currentLevel, level?.nextLevel]).toEqual(['aal2', 'aal2']);
  expect((await succeed(mfa.listFactors())).totp.map(({ status }) => status)).toEqual(['verified']);

  const again = await signIn(stage, person);
  const below = await succeed(again.client.auth.mfa.getAuthenticatorAssuranceLevel());
  expect([below?.currentLevel, below?.nextLevel]).toEqual(['aal1', 'aal2']);
  expect((await failure(again.client.auth.updateUser({ password: 'Fresh-horse-2' }))).code).toBe(
    'insufficient_aal',
  );
  const next = codeFrom(factor.totp.secret, 1);
  await succeed(again.client.auth.mfa.challengeAndVerify({ factorId: factor.id, code: next }));
  await succeed(again.client.auth.updateUser({ password: 'Fresh-horse-2' }));
});

test('a wrong code is refused, and an unverified factor changes nothing', async () => {
  const { client } = await newSignedIn(stage);
  const { mfa } = client.auth;
  const { id: factorId, totp } = await succeed(mfa.enroll({ factorType: 'totp' }));
  const code = codeFrom(totp.secret) === '000000' ? '000001' : '000000';
  expect((await failure(mfa.challengeAndVerify({ factorId, code }))).code).toBe('mfa_verification_failed');
  expect((await succeed(mfa.getAuthenticatorAssuranceLevel()))?.nextLevel).toBe('aal1');
  await succeed(client.auth.updateUser({ password: 'Fresh-horse-2' }));
});

test('unenroll removes a factor, and an administrator lists and deletes them', async () => {
  const { client, user } = await newSignedIn(stage);
  const { mfa } = client.auth;
  const first = await succeed(mfa.enroll({ factorType: 'totp', friendlyName: 'first' }));
  expect((await succeed(mfa.unenroll({ factorId: first.id }))).id).toBe(first.id);
  const second = await succeed(mfa.enroll({ factorType: 'totp', friendlyName: 'second' }));
  const admin = (await stage.admin()).auth.admin;
  const { factors } = await succeed(admin.mfa.listFactors({ userId: user.id }));
  expect(factors.map(({ id, friendly_name }) => [id, friendly_name])).toEqual([[second.id, 'second']]);
  await complete(admin.mfa.deleteFactor({ userId: user.id, id: second.id }));
  expect((await succeed(mfa.listFactors())).all).toEqual([]);
});
