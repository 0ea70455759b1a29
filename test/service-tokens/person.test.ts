import { decodeJwt } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';
import { create, exchange } from '../access-tokens/programs.ts';
import { administrate, JWT_SECRET, signShared } from '../gotrue/administrators.ts';
import { type Member, verifiedPerson } from '../gotrue/people.ts';
import { bearer, expectError, send, type WireAnswer } from '../gotrue/wire.ts';
import { forFile } from '../support/for-file.ts';
import { startGateway } from '../support/gateway.ts';

// Which tokens by the shared secret stand for a person at the GoTrue dialect.

const gateway = forFile(() =>
  startGateway({ env: { GOTRUE_JWT_SECRET: JWT_SECRET, LIMIT_SIGNUP_PER_ADDRESS: '1000/60' } }),
);

let ada: Member;
beforeEach(async () => {
  ada = await verifiedPerson(gateway);
});

const getUser = (token: string): Promise<WireAnswer> =>
  send(gateway, 'GET', '/user', { headers: bearer(token) });
const sessionOf = (token: string) => String(decodeJwt(token).sid);

describe('a person by the shared secret', () => {
  const asAda = (more: object = {}) => signShared({ role: 'authenticated', sub: ada.user.id, ...more });

  test('without a session is served while the account lives', async () => {
    expect(await getUser(await asAda())).toMatchObject({ status: 200, body: { id: ada.user.id } });
    await administrate(gateway, 'DELETE', `/admin/users/${ada.user.id}`);
    expectError(await getUser(await asAda()), 403, 'user_not_found', expect.any(String));
  });

  test('with a session is served while that session lives, and only of its own person', async () => {
    const other = await verifiedPerson(gateway);
    const mine = await asAda({ session_id: sessionOf(ada.accessToken) });
    expect((await getUser(mine)).status).toBe(200);
    const theirs = await asAda({ session_id: sessionOf(other.accessToken) });
    expectError(await getUser(theirs), 403, 'session_not_found', expect.any(String));
    await gateway.graphql('mutation { logout { sessionsEnded } }', {}, bearer(ada.accessToken));
    expectError(await getUser(mine), 403, 'session_not_found', expect.any(String));
  });

  test('with the session of a personal access token is refused: bad_jwt', async () => {
    const { token } = await create(gateway, ada);
    const { accessToken } = await exchange(gateway, token);
    const program = await asAda({ session_id: sessionOf(accessToken) });
    expectError(await getUser(program), 403, 'bad_jwt', expect.any(String));
  });

  test('who is banned is refused: user_banned', async () => {
    await administrate(gateway, 'PUT', `/admin/users/${ada.user.id}`, { ban_duration: '1h' });
    expectError(await getUser(await asAda()), 403, 'user_banned', 'User is banned');
  });

  test('of an administrator’s role, of role anon or without a sub answers bad_jwt', async () => {
    for (const claims of [{ role: 'service_role' }, { role: 'anon' }, { sub: undefined }, { sub: '' }])
      expectError(await getUser(await asAda(claims)), 403, 'bad_jwt', 'invalid claim: missing sub claim');
  });

  test('whose sub is not a UUID answers bad_jwt (400)', async () => {
    for (const role of ['authenticated', 'service_role']) {
      const answer = await getUser(await asAda({ role, sub: '1234567890' }));
      expectError(answer, 400, 'bad_jwt', 'invalid claim: sub claim must be a UUID');
    }
  });
});
