import { decodeJwt } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';
import { openStage } from '../hasura/scenarios/frontend.ts';
import { forFile } from '../support/for-file.ts';
import { logIn, newPerson } from '../support/gateway.ts';
import { bearer, send } from './wire.ts';

// One person, one session, one token: the GoTrue dialect, GraphQL and Hasura serve the same account.

const stage = forFile(() => openStage({ env: { AUTOCONFIRM: 'email', ANONYMOUS_SIGN_IN: 'on' } }));

type Session = { access_token: string; refresh_token: string; user: { id: string } };

const PASSWORD = 'Correct-horse-1';
let email: string;
let session: Session;
beforeEach(async () => {
  email = newPerson().email;
  session = (await send(stage.gateway, 'POST', '/signup', { body: { email, password: PASSWORD } }))
    .body as Session;
});

const getUser = (token: string) => send(stage.gateway, 'GET', '/user', { headers: bearer(token) });
const OWN_ROWS = '{ portcullis_users { id email email_verified_at } portcullis_sessions { id } }';

describe('who signs up at the GoTrue dialect', () => {
  test('reads their own rows through Hasura, with the token of the sign-up', async () => {
    const { session_id } = decodeJwt(session.access_token);
    expect(await stage.as(session.access_token).run(OWN_ROWS)).toEqual({
      portcullis_users: [{ id: session.user.id, email, email_verified_at: null }],
      portcullis_sessions: [{ id: session_id }],
    });
  });

  test('calls the gateway’s operations through Hasura, and sees the session in the list', async () => {
    const { session_id } = decodeJwt(session.access_token);
    const page = stage.as(session.access_token);
    expect(await page.run('{ me { id email emailVerified } sessions { id } }')).toEqual({
      me: { id: session.user.id, email, emailVerified: false },
      sessions: [{ id: session_id }],
    });
  });

  test('logs in by GraphQL as the same person, with a session of their own', async () => {
    const again = await logIn(stage.gateway, { email, password: PASSWORD });
    expect(again.user.id).toBe(session.user.id);
    const { sessions } = await stage.as(again.accessToken).run<{ sessions: object[] }>('{ sessions { id } }');
    expect(sessions).toHaveLength(2);
    expect(await getUser(again.accessToken)).toMatchObject({
      status: 200,
      body: { id: session.user.id, email },
    });
  });
});

describe('a logout', () => {
  test('at the GoTrue dialect ends the session for GraphQL and for the rows in Hasura at once', async () => {
    await send(stage.gateway, 'POST', '/logout', { headers: bearer(session.access_token) });
    const page = stage.as(session.access_token);
    expect(await page.run('{ portcullis_users { id } }')).toEqual({ portcullis_users: [] });
    expect(await page.refused('{ sessions { id } }')).toMatchObject([
      { extensions: { code: 'unauthenticated' } },
    ]);
  });

  test('in GraphQL, through Hasura, ends the session at the GoTrue dialect', async () => {
    await stage.as(session.access_token).run('mutation { logout { sessionsEnded } }');
    const gone = await getUser(session.access_token);
    expect([gone.status, gone.headers.get('x-sb-error-code')]).toEqual([403, 'session_not_found']);
    const { refresh_token } = session;
    const refused = await send(stage.gateway, 'POST', '/token?grant_type=refresh_token', {
      body: { refresh_token },
    });
    expect([refused.status, refused.headers.get('x-sb-error-code')]).toEqual([
      400,
      'refresh_token_not_found',
    ]);
  });
});

test('an anonymous person of Hasura’s remote schema is one of the GoTrue dialect', async () => {
  const { signInAnonymously } = await stage
    .anonymous()
    .run<{ signInAnonymously: { accessToken: string; user: { id: string } } }>(
      'mutation { signInAnonymously { accessToken user { id email } } }',
    );
  const { accessToken, user } = signInAnonymously;
  expect(user).toEqual({ id: expect.any(String), email: null });
  expect(await getUser(accessToken)).toMatchObject({
    status: 200,
    body: { id: user.id, is_anonymous: true },
  });
  expect(await stage.as(accessToken).run('{ portcullis_users { id } }')).toEqual({
    portcullis_users: [{ id: user.id }],
  });
});

test('user_metadata reaches neither Hasura’s tables nor its claims', async () => {
  const data = { 'x-hasura-role': 'admin', 'https://hasura.io/jwt/claims': { 'x-hasura-role': 'admin' } };
  const body = { email: newPerson().email, password: PASSWORD, data };
  const signedUp = (await send(stage.gateway, 'POST', '/signup', { body })).body as Session;
  const { 'https://hasura.io/jwt/claims': claims, user_metadata } = decodeJwt(signedUp.access_token);
  expect(user_metadata).toMatchObject(data);
  expect(Object.values(claims as object)).not.toContain('admin');
  const errors = await stage
    .as(signedUp.access_token)
    .refused('{ portcullis_private_account_details { user_id } }');
  expect(errors).toMatchObject([{ extensions: { code: 'validation-failed' } }]);
});
