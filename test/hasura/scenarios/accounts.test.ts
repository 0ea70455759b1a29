import { describe, expect, test } from 'vitest';
import { forFile } from '../../support/for-file.ts';
import { newPerson, type SignedInAnswer } from '../../support/gateway.ts';
import { codes, join, LOGIN, LOGOUT, ME, openStage, REFRESH, SIGNUP, VERIFY } from './frontend.ts';

// What a frontend does with an account. The frontend knows only Hasura's address.

const stage = forFile(() => openStage());

const EXPIRED = [
  { message: 'Could not verify JWT: JWTExpired', extensions: { path: '$', code: 'invalid-jwt' } },
];

test('a new person signs up, verifies their address, logs in and reads their account from both APIs', async () => {
  const { teamName: _, ...person } = newPerson();
  const visitor = stage.anonymous();
  const { signup } = await visitor.run<{ signup: SignedInAnswer }>(SIGNUP, { input: person });
  expect(signup.user).toMatchObject({ email: person.email, emailVerified: false });
  const token = await stage.mailedToken(person.email, 'verify-email');
  const { verifyEmail } = await visitor.run<{ verifyEmail: SignedInAnswer }>(VERIFY, {
    input: { token, password: person.password },
  });
  expect(verifyEmail.user.emailVerified).toBe(true);
  const { email, password } = person;
  const { login } = await visitor.run<{ login: SignedInAnswer }>(LOGIN, { input: { email, password } });
  const found = await stage.as(login.accessToken).run(`query Both {
    me { ...Person }
    portcullis_users { id email email_verified_at }
    __typename
  }
  fragment Person on User { id name memberships { role } }`);
  expect(found).toEqual({
    me: { id: signup.user.id, name: person.name, memberships: [{ role: 'OWNER' }] },
    portcullis_users: [
      { id: signup.user.id, email, email_verified_at: expect.stringMatching(/^\d{4}-.*\+00:00$/) },
    ],
    __typename: 'query_root',
  });
});

describe('an expired access token', () => {
  test('answers invalid-jwt to every request; a refresh works without the token', async () => {
    const ada = await join(stage);
    const page = stage.as(await stage.aged(ada.accessToken, 16 * 60));
    const input = { refreshToken: ada.refreshToken };
    expect(await page.refused(REFRESH, { input })).toEqual(EXPIRED);
    expect(await page.refused('{ authConfig { signup } }')).toEqual(EXPIRED);
    const { refresh } = await stage.anonymous().run<{ refresh: SignedInAnswer }>(REFRESH, { input });
    expect(refresh.user.id).toBe(ada.user.id);
    expect(refresh.refreshToken).not.toBe(ada.refreshToken);
    expect(await stage.as(refresh.accessToken).run(ME)).toMatchObject({ me: { id: ada.user.id } });
  });

  test('is accepted 10 seconds after its expiry and refused after 32 seconds', async () => {
    const ada = await join(stage);
    const left = Math.round((new Date(ada.expiresAt).getTime() - Date.now()) / 1000);
    const page = async (secondsPast: number) =>
      stage.as(await stage.aged(ada.accessToken, left + secondsPast));
    expect(await (await page(10)).run(ME)).toMatchObject({ me: { id: ada.user.id } });
    expect(await (await page(32)).refused(ME)).toEqual(EXPIRED);
  });
});

test('after a logout the access token answers unauthenticated and the refresh token invalid_refresh_token', async () => {
  const ada = await join(stage);
  const page = stage.as(ada.accessToken);
  expect(await page.run(LOGOUT)).toEqual({ logout: { sessionsEnded: 1 } });
  expect(await codes(page.refused('{ sessions { id } }'))).toEqual(['unauthenticated']);
  const input = { refreshToken: ada.refreshToken };
  expect(await codes(stage.anonymous().refused(REFRESH, { input }))).toEqual(['invalid_refresh_token']);
});

test('a person edits only their own name through the table users', async () => {
  const [ada, bob] = [await join(stage), await join(stage)];
  const page = stage.as(ada.accessToken);
  const RENAME = `mutation Rename($id: uuid!) {
    update_portcullis_users_by_pk(pk_columns: { id: $id }, _set: { name: "Countess" }) { id name }
  }`;
  const renamed = { id: ada.user.id, name: 'Countess' };
  expect(await page.run(RENAME, { id: ada.user.id })).toEqual({ update_portcullis_users_by_pk: renamed });
  expect(await page.run(RENAME, { id: bob.user.id })).toEqual({ update_portcullis_users_by_pk: null });
  expect(await stage.as(bob.accessToken).run('{ me { name } }')).toEqual({ me: { name: bob.name } });
  const verify = 'mutation { update_portcullis_users(where: {}, _set: { email: "x" }) { affected_rows } }';
  expect(await codes(page.refused(verify))).toEqual(['validation-failed']);
});

describe('errors', () => {
  test('of the gateway pass Hasura with message, path and extensions', async () => {
    const input = { email: 'nobody@example.com', password: 'wrong' };
    expect(
      await stage
        .anonymous()
        .refused(`mutation M($input: LoginInput!) { a: login(input: $input) { expiresAt } }`, { input }),
    ).toEqual([
      {
        message: 'Invalid email or password.',
        extensions: { code: 'invalid_credentials', attribute: null },
        path: ['a'],
      },
    ]);
    const short = { ...newPerson(), password: 'x' };
    const [error] = await stage.anonymous().refused(SIGNUP, { input: short });
    expect(error).toMatchObject({ extensions: { attribute: 'password' }, path: ['signup'] });
  });

  test('of Hasura have a code of Hasura and a path into the request', async () => {
    const ada = await join(stage);
    const page = stage.as(ada.accessToken);
    const unknown = (field: string, type: string, path: string) => [
      {
        message: `field '${field}' not found in type: '${type}'`,
        extensions: { path, code: 'validation-failed' },
      },
    ];
    expect(await page.refused('{ me { passwordHash } }')).toEqual(
      unknown('passwordHash', 'User', '$.selectionSet.me.selectionSet.passwordHash'),
    );
    expect(await page.refused('{ jwks { id } }')).toEqual(
      unknown('jwks', 'query_root', '$.selectionSet.jwks'),
    );
    expect(await stage.anonymous().refused('{ sessions { id } }')).toEqual(
      unknown('sessions', 'query_root', '$.selectionSet.sessions'),
    );
    expect(await codes(page.refused('{ me { id }'))).toEqual(['validation-failed']);
    expect(await codes(page.refused(SIGNUP))).toEqual(['validation-failed']);
  });

  test('of one root field remove the data of all fields, but not their changes', async () => {
    const ada = await join(stage);
    const page = stage.as(ada.accessToken);
    const TWO = `mutation {
      updateProfile(input: { name: "Ada L." }) { name }
      changePassword(input: { currentPassword: "wrong", newPassword: "correct horse" }) { ok }
    }`;
    expect(await page.refused(TWO)).toMatchObject([{ path: ['changePassword'] }]);
    expect(await page.run('{ me { name } }')).toEqual({ me: { name: 'Ada L.' } });
  });
});
