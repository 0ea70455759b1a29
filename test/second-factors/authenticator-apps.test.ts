import { beforeAll, describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { bearer, isSignedIn, newPerson, signUp, startGateway } from '../support/gateway.ts';
import {
  activate,
  coded,
  codeOf,
  DISABLE,
  enroll,
  hasuraClaims,
  logInFirst,
  type Protected,
  protect,
  REFRESH,
  wrong,
  wrongCodeOf,
} from './authenticator.ts';

const gateway = forFile(() => startGateway({ env: { LIMIT_SIGNUP_PER_ADDRESS: '1000/60' } }));

let ada: Protected;
beforeAll(async () => {
  ada = await protect(gateway, await signUp(gateway));
});

describe('an authenticator app', () => {
  test('is enrolled with its secret, URI and QR code, and counts only after its first code', async () => {
    const bob = await signUp(gateway);
    const { secret, uri, qrCode, factor } = await enroll(gateway, bob, { name: 'Phone' });
    expect(factor).toEqual({ id: expect.any(String), name: 'Phone', verifiedAt: null });
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(Object.fromEntries(new URL(uri).searchParams)).toEqual({
      issuer: 'auth.example.com',
      secret,
      algorithm: 'SHA1',
      digits: '6',
      period: '30',
    });
    const svg = Buffer.from(qrCode.replace('data:image/svg+xml;base64,', ''), 'base64').toString();
    expect(svg).toMatch(/^<svg [^>]+><path d="/);
    // The password alone still signs in.
    expect(await isSignedIn(gateway, bob)).toBe(true);
  });

  test('has its secret encrypted at rest, and recovery codes as keyed hashes', async () => {
    const rows = await gateway.sql`
      select f.jwe, s.jwe as key, c.code_hash from portcullis_private.second_factors f
      join portcullis_private.recovery_code_sets s using (user_id) join portcullis_private.recovery_codes c using (user_id)
      where f.user_id = ${ada.user.id}`;
    expect(rows).toHaveLength(10);
    const stored = JSON.stringify(rows);
    expect(stored).not.toContain(ada.secret);
    for (const code of ada.recoveryCodes) expect(stored).not.toContain(code);
    expect(gateway.logged()).not.toContain(ada.secret);
  });

  test('gives ten different recovery codes with its activation', () => {
    expect(new Set(ada.recoveryCodes).size).toBe(10);
    for (const code of ada.recoveryCodes) expect(code).toMatch(/^[a-z2-7]{4}(-[a-z2-7]{4}){3}$/);
  });
});

describe('the activation', () => {
  test('ends every other session below aal2, and gives the activating one a new id', async () => {
    const fred = newPerson();
    const [here, there] = [await signUp(gateway, fred), await logInFirst(gateway, fred)];
    const { secret } = await enroll(gateway, here);
    const { auth } = await activate(gateway, here, codeOf(secret));
    expect(await isSignedIn(gateway, auth)).toBe(true);
    expect(await isSignedIn(gateway, here)).toBe(false);
    expect(await isSignedIn(gateway, there)).toBe(false);
    expect(await gateway.failure(REFRESH, { input: { refreshToken: there.refreshToken } })).toEqual(
      coded('invalid_refresh_token'),
    );
  });

  test('drops other apps that wait, so that a thief cannot use one that was enrolled before', async () => {
    const gail = newPerson();
    const signedIn = await signUp(gateway, gail);
    const thief = await logInFirst(gateway, gail);
    const planted = await enroll(gateway, thief, { name: 'planted' });
    // GraphQL replaces apps that wait; a client of GoTrue does not.
    const mine = await gateway.deps.keyEncryption.encrypt('JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP');
    await gateway.sql`insert into portcullis_private.second_factors (id, user_id, name, jwe, key_id, created_at)
      values (gen_random_uuid(), ${signedIn.user.id}, 'mine', ${mine}, ${gateway.deps.keyEncryption.currentKeyId}, now())`;
    await gateway.sql`update portcullis_private.second_factors set id = '00000000-0000-7000-8000-000000000000' where id = ${planted.factor.id}`;
    const { auth } = await activate(gateway, signedIn, codeOf('JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'));
    const left = await gateway.graphql('{ secondFactors { name } }', {}, bearer(auth.accessToken));
    expect(left).toEqual({ secondFactors: [{ name: 'mine' }] });
  });

  test('needs the password of a sign-in that is not fresh', async () => {
    const hugo = await signUp(gateway);
    await gateway.sql`update portcullis.sessions set created_at = created_at - interval '1 hour', methods = '[]'
      where user_id = ${hugo.user.id}`;
    const attempt = 'mutation { totpEnroll { secret } }';
    expect(await gateway.failure(attempt, {}, bearer(hugo.accessToken))).toEqual([
      expect.objectContaining({ extensions: { code: 'required', attribute: 'currentPassword' } }),
    ]);
    expect(await enroll(gateway, hugo, { currentPassword: 'correct horse' })).toMatchObject({
      secret: expect.any(String),
    });
  });
});

describe('the end of the second factor', () => {
  test('needs a fresh code; then one factor is enough, and the recovery codes are gone', async () => {
    const ida = newPerson();
    const { accessToken, secret, user } = await protect(gateway, await signUp(gateway, ida));
    const headers = bearer(accessToken);
    expect(await gateway.failure(DISABLE, { input: {} }, headers)).toEqual(coded('required'));
    expect(await gateway.failure(DISABLE, { input: { code: wrongCodeOf(secret) } }, headers)).toEqual(
      wrong('code'),
    );
    await gateway.graphql(DISABLE, { input: { code: codeOf(secret) } }, headers);
    expect(await isSignedIn(gateway, { accessToken })).toBe(true);
    const again = await logInFirst(gateway, ida);
    expect(again.secondFactorRequired).toBe(false);
    expect(hasuraClaims(again.accessToken)?.['x-hasura-auth-level']).toBe('aal1');
    const rows = await gateway.sql`
      select level, methods from portcullis.sessions where user_id = ${user.id} and revoked_at is null`;
    for (const { level, methods } of rows) {
      expect(level).toBe('aal1');
      expect(JSON.stringify(methods)).not.toContain('totp');
    }
    expect(
      await gateway.sql`select from portcullis_private.recovery_code_sets where user_id = ${user.id}`,
    ).toHaveLength(0);
  });
});
