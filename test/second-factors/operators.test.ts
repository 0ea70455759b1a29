import { AuthClient } from '@supabase/auth-js';
import { expect, test } from 'vitest';
import { administrate, JWT_SECRET, signShared } from '../gotrue/administrators.ts';
import { verifiedPerson } from '../gotrue/people.ts';
import { expectError } from '../gotrue/wire.ts';
import { runUsersOn } from '../operators/command.ts';
import { forFile } from '../support/for-file.ts';
import { isSignedIn, newPerson, signUp, startGateway } from '../support/gateway.ts';
import { logInFirst, protect } from './authenticator.ts';

const gateway = forFile(() => startGateway({ env: { GOTRUE_JWT_SECRET: JWT_SECRET } }));

test('an operator removes the second factors of a user who lost them; their sessions go on', async () => {
  const person = newPerson();
  const { user, accessToken } = await protect(gateway, await signUp(gateway, person));
  expect((await logInFirst(gateway, person)).secondFactorRequired).toBe(true);
  const { code, stdout } = await runUsersOn(gateway, ['remove-second-factors', person.email]);
  expect([code, stdout]).toEqual([0, `Removed 1 second factors of ${person.email} (${user.id}).\n`]);
  expect((await logInFirst(gateway, person)).secondFactorRequired).toBe(false);
  expect(await isSignedIn(gateway, { accessToken })).toBe(true);
  const events = await gateway.sql`select session_id, details from portcullis.security_events
    where user_id = ${user.id} and action = 'second_factor_removed'`;
  expect(events).toEqual([{ session_id: null, details: expect.objectContaining({ by: 'operator' }) }]);
  const again = await runUsersOn(gateway, ['remove-second-factors', person.email, '--json']);
  expect(JSON.parse(again.stdout)).toMatchObject({ factorsRemoved: 0 });
});

test('the stock client of a server lists the factors of a user, and deletes one', async () => {
  const person = await verifiedPerson(gateway);
  const { factorId } = await protect(gateway, person);
  const token = await signShared({ role: 'service_role', sub: '1234567890' });
  const headers = { Authorization: `Bearer ${token}` };
  const { mfa } = new AuthClient({ url: `${gateway.url}/gotrue/auth/v1`, headers }).admin;
  const userId = person.user.id;
  const { data } = await mfa.listFactors({ userId });
  expect(data?.factors).toEqual([
    {
      ...{ id: factorId, created_at: expect.any(String), updated_at: expect.any(String) },
      ...{ status: 'verified', factor_type: 'totp', phone: '', last_challenged_at: null },
    },
  ]);
  expect((await mfa.deleteFactor({ userId, id: factorId })).error).toBeNull();
  expect((await mfa.listFactors({ userId })).data?.factors).toEqual([]);
  expect((await logInFirst(gateway, person.person)).secondFactorRequired).toBe(false);
  const events = await gateway.sql`select details from portcullis.security_events
    where user_id = ${userId} and action = 'second_factor_removed'`;
  expect(events).toMatchObject([{ details: { by: 'shared secret (service_role)' } }]);
});

test('factors of users are for administrators, and of users and factors that exist', async () => {
  const [person, other] = [await verifiedPerson(gateway), await verifiedPerson(gateway)];
  const { factorId } = await protect(gateway, other);
  const path = `/admin/users/${person.user.id}/factors`;
  const asPerson = { authorization: `Bearer ${person.accessToken}` };
  const refused = await administrate(gateway, 'GET', path, undefined, asPerson);
  expectError(refused, 403, 'not_admin', 'User not allowed');
  const theirs = await administrate(gateway, 'DELETE', `${path}/${factorId}`);
  expectError(theirs, 404, 'mfa_factor_not_found', 'Factor not found');
  const unknown = await administrate(gateway, 'GET', `/admin/users/${crypto.randomUUID()}/factors`);
  expectError(unknown, 404, 'user_not_found', 'User not found');
  const noUuid = await administrate(gateway, 'GET', '/admin/users/me/factors');
  expectError(noUuid, 404, 'validation_failed', 'user_id must be an UUID');
});
