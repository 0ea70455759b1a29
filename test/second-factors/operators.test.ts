import { expect, test } from 'vitest';
import { runUsersOn } from '../operators/command.ts';
import { forFile } from '../support/for-file.ts';
import { isSignedIn, newPerson, signUp, startGateway } from '../support/gateway.ts';
import { logInFirst, protect } from './authenticator.ts';

const gateway = forFile(() => startGateway());

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
