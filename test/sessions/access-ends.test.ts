import { decodeJwt } from 'jose';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import {
  bearer,
  LOGIN,
  logIn,
  ME,
  newPerson,
  type SignedInAnswer,
  signUp,
  startGateway,
} from '../support/gateway.ts';
import { expectRefused } from './refused-token.ts';

const gateway = forFile(() => startGateway());
let signedIn: SignedInAnswer;
const person = newPerson();
beforeAll(async () => {
  await signUp(gateway, person);
});
beforeEach(async () => {
  signedIn = await logIn(gateway, person);
});

const OVER = 'The session is over.';
const expectUnauthenticated = (token: string, message?: unknown) => expectRefused(gateway, token, message);

describe('an unexpired access token', () => {
  const sid = () => decodeJwt(signedIn.accessToken).sid as string;

  test('a refresh token in place of an access token is unauthenticated', async () => {
    await expectUnauthenticated(signedIn.refreshToken, 'The token is not valid.');
  });

  test('is unauthenticated when its session is revoked; tokens of other sessions stay valid', async () => {
    const other = await logIn(gateway, person);
    await gateway.sql`update portcullis.sessions set revoked_at = now() where id = ${sid()}`;
    await expectUnauthenticated(signedIn.accessToken, OVER);
    await expectUnauthenticated(signedIn.teamToken ?? '', OVER);
    expect(await gateway.graphql(ME, {}, bearer(other.accessToken))).toMatchObject({
      me: { email: person.email },
    });
  });

  test('is unauthenticated when its session reaches its absolute end', async () => {
    await gateway.sql`update portcullis.sessions set expires_at = now() where id = ${sid()}`;
    await expectUnauthenticated(signedIn.accessToken, OVER);
  });

  test('is unauthenticated when its session is deleted', async () => {
    await gateway.sql`delete from portcullis.sessions where id = ${sid()}`;
    await expectUnauthenticated(signedIn.accessToken, OVER);
  });

  test('is unauthenticated while its user is disabled', async () => {
    const disable = (at: Date | null) =>
      gateway.sql`update portcullis.users set disabled_at = ${at} where id = ${signedIn.user.id}`;
    await disable(new Date());
    await expectUnauthenticated(signedIn.accessToken, OVER);
    await disable(null);
    await gateway.graphql(ME, {}, bearer(signedIn.accessToken));
  });

  test('is unauthenticated when its user is deleted, with the user’s sessions and password', async () => {
    const { teamName: _, ...other } = newPerson();
    const { accessToken, user } = await signUp(gateway, other);
    await gateway.sql`delete from portcullis.users where id = ${user.id}`;
    await expectUnauthenticated(accessToken, OVER);
    expect(
      await gateway.failure(LOGIN, { input: { email: other.email, password: other.password } }),
    ).toMatchObject([{ extensions: { code: 'invalid_credentials' } }]);
    const [left] = await gateway.sql`
      select (select count(*)::int from portcullis.sessions where user_id = ${user.id}) sessions,
        (select count(*)::int from portcullis_private.passwords where user_id = ${user.id}) passwords`;
    expect(left).toEqual({ sessions: 0, passwords: 0 });
  });
});
