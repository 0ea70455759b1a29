import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { reencryptKeys } from '../../src/keys/encryption-at-rest.ts';
import { newPerson, signUp, startGateway, type TestGateway } from '../support/gateway.ts';
import { codeOf, finish, logInFirst, protect } from './authenticator.ts';

const [a, b] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
const underKeys = (replicaOf: TestGateway, keys: string) =>
  startGateway({ replicaOf, env: { KEY_ENCRYPTION_KEYS: keys } });

test('second factors and recovery codes work on after the key-encryption key was rotated', async () => {
  const before = await startGateway({ env: { KEY_ENCRYPTION_KEYS: a } });
  const person = newPerson();
  const { secret, recoveryCodes } = await protect(before, await signUp(before, person));
  await before.sql`delete from portcullis.jwks`;
  await expect(underKeys(before, b)).rejects.toThrow(
    'KEY_ENCRYPTION_KEYS: no key fits a stored second factor. Configure the key that encrypted it.',
  );
  const during = await underKeys(before, `${b},${a}`);
  // The secret of the app, and the key of the recovery codes.
  expect(await reencryptKeys(during.deps)).toBe(2);
  expect(await reencryptKeys(during.deps)).toBe(0);
  const after = await underKeys(before, b);
  const byCode = await logInFirst(after, person);
  expect(await finish(after, { accessToken: byCode.accessToken, code: codeOf(secret) })).toMatchObject({
    secondFactorRequired: false,
  });
  const byRecovery = await logInFirst(after, person);
  const recovered = { accessToken: byRecovery.accessToken, recoveryCode: recoveryCodes[0] };
  expect(await finish(after, recovered)).toMatchObject({ secondFactorRequired: false });
  for (const gateway of [after, during, before]) await gateway.close();
});

test('more secrets than one batch are re-encrypted', async () => {
  const gateway = await startGateway({ env: { KEY_ENCRYPTION_KEYS: a } });
  const { user } = await signUp(gateway);
  const { keyEncryption } = gateway.deps;
  const jwes = await Promise.all(
    Array.from({ length: 601 }, () => keyEncryption.encrypt('JBSWY3DPEHPK3PXP')),
  );
  await gateway.sql`insert into portcullis_private.second_factors (id, user_id, name, jwe, key_id)
    select gen_random_uuid(), ${user.id}, 'app ' || n, jwe, ${keyEncryption.currentKeyId}
    from unnest(${jwes}::text[]) with ordinality as each (jwe, n)`;
  const during = await underKeys(gateway, `${b},${a}`);
  // And a signing key.
  expect(await reencryptKeys(during.deps)).toBe(602);
  const left = await gateway.sql`select from portcullis_private.second_factors
    where key_id <> ${during.deps.keyEncryption.currentKeyId}`;
  expect(left).toHaveLength(0);
  for (const each of [during, gateway]) await each.close();
});
