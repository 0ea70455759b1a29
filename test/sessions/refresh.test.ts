import { describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import {
  bearer,
  logIn,
  ME,
  newPerson,
  type SignedInAnswer,
  signUp,
  startGateway,
} from '../support/gateway.ts';

const REFRESH = /* GraphQL */ `
  mutation Refresh($input: RefreshInput) {
    refresh(input: $input) { accessToken expiresAt refreshToken teamToken user { id email name emailVerified } }
  }
`;

const gateway = forFile(() => startGateway());
const replica = forFile(() => startGateway({ replicaOf: gateway }));

const refresh = async (
  refreshToken: string,
  { via = gateway, headers = {} as Record<string, string> } = {},
) => (await via.graphql<{ refresh: SignedInAnswer }>(REFRESH, { input: { refreshToken } }, headers)).refresh;
const refused = (refreshToken: string) => gateway.failure(REFRESH, { input: { refreshToken } });
const error = (code: string, message: string) => [
  { message, extensions: { code, attribute: null }, path: ['refresh'] },
];
const invalid = error('invalid_refresh_token', 'The refresh token is not valid.');
const reused = error(
  'refresh_token_reused',
  'The refresh token was used before. Its session has been ended.',
);
/** Makes all exchanges of a person's sessions look older than the grace period. */
const passGrace = ({ user }: SignedInAnswer) => gateway.sql`
  update portcullis_private.refresh_tokens t set rotated_at = rotated_at - interval '31 seconds'
  from portcullis.sessions s where s.id = t.session_id and s.user_id = ${user.id} and rotated_at is not null`;
const liveTokens = ({ user }: SignedInAnswer) => gateway.sql`
  select t.token_hash from portcullis_private.refresh_tokens t join portcullis.sessions s on s.id = t.session_id
  where s.user_id = ${user.id} and t.rotated_at is null and s.revoked_at is null`;

describe('refresh', () => {
  test('exchanges the token for a new refresh token and new access tokens of the same session', async () => {
    const first = await signUp(gateway);
    const second = await refresh(first.refreshToken);
    expect(second.refreshToken).not.toBe(first.refreshToken);
    expect(second.user).toEqual(first.user);
    expect(second.teamToken).toEqual(expect.any(String));
    expect(await gateway.graphql(ME, {}, bearer(second.accessToken))).toMatchObject({
      me: { id: first.user.id },
    });
    const third = await refresh(second.refreshToken, { via: replica });
    expect(third.refreshToken).not.toBe(second.refreshToken);
    expect(await liveTokens(first)).toHaveLength(1);
  });

  test('ignores a broken access token in the request', async () => {
    const { refreshToken } = await signUp(gateway);
    await refresh(refreshToken, { headers: bearer('eyJhbGciOiJFUzI1NiJ9.e30.broken') });
  });

  test('answers fifty concurrent calls with one token by one working successor', async () => {
    const signedIn = await signUp(gateway);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        refresh(signedIn.refreshToken, { via: i % 2 ? gateway : replica }),
      ),
    );
    const tokens = new Set(answers.map(({ refreshToken }) => refreshToken));
    expect(tokens.size).toBe(1);
    expect(await liveTokens(signedIn)).toHaveLength(1);
    await refresh([...tokens][0] ?? '');
  });

  test('a repeat within the grace period gets the live token, also six exchanges later', async () => {
    const signedIn = await signUp(gateway);
    let current = signedIn.refreshToken;
    for (let i = 0; i < 6; i++) current = (await refresh(current)).refreshToken;
    const repeated = await refresh(signedIn.refreshToken);
    expect(repeated.refreshToken).toBe(current);
    await refresh(repeated.refreshToken);
  });

  test('reuse of an older token ends its session, and no other: refresh_token_reused', async () => {
    const person = newPerson();
    const signedIn = await signUp(gateway, person);
    const elsewhere = await logIn(gateway, person);
    const rotated = await refresh((await refresh(signedIn.refreshToken)).refreshToken);
    await passGrace(signedIn);
    expect(await refused(signedIn.refreshToken)).toEqual(reused);
    expect(await refused(rotated.refreshToken)).toEqual(invalid);
    expect(await gateway.failure(ME, {}, bearer(rotated.accessToken))).toMatchObject([
      { extensions: { code: 'unauthenticated' } },
    ]);
    await refresh(elsewhere.refreshToken); // the session of another device
    const events = await gateway.sql`select outcome from portcullis.security_events
      where action = 'refresh_token_reused' and user_id = ${signedIn.user.id}`;
    expect(events).toEqual([{ outcome: 'failure' }]);
  });

  test('a thief’s repeat within the grace period is detected when the victim refreshes: refresh_token_reused', async () => {
    const signedIn = await signUp(gateway);
    const victim = await refresh(signedIn.refreshToken);
    const thief = await refresh(signedIn.refreshToken);
    await refresh((await refresh(thief.refreshToken)).refreshToken);
    await passGrace(signedIn);
    expect(await refused(victim.refreshToken)).toEqual(reused);
  });

  test('eight concurrent reuses of an old token are recorded once', async () => {
    const signedIn = await signUp(gateway);
    await refresh((await refresh(signedIn.refreshToken)).refreshToken);
    await passGrace(signedIn);
    await Promise.all(Array.from({ length: 8 }, () => refused(signedIn.refreshToken)));
    const events = await gateway.sql`select 1 from portcullis.security_events
      where action = 'refresh_token_reused' and user_id = ${signedIn.user.id}`;
    expect(events).toHaveLength(1);
  });

  test.each([
    [
      'has expired',
      (id: string) => gateway.sql`update portcullis_private.refresh_tokens t set expires_at = now()
      from portcullis.sessions s where s.id = t.session_id and s.user_id = ${id}`,
    ],
    [
      'belongs to a revoked session',
      (id: string) => gateway.sql`update portcullis.sessions set revoked_at = now() where user_id = ${id}`,
    ],
    [
      'belongs to a session past its end',
      (id: string) => gateway.sql`update portcullis.sessions set expires_at = now() where user_id = ${id}`,
    ],
    [
      'belongs to a disabled user',
      (id: string) => gateway.sql`update portcullis.users set disabled_at = now() where id = ${id}`,
    ],
    [
      'belongs to a deleted user',
      (id: string) =>
        gateway.sql`with t as (delete from portcullis.teams) delete from portcullis.users where id = ${id}`,
    ],
  ])('answers invalid_refresh_token to a token that %s', async (_what, spoil) => {
    const { refreshToken, user } = await signUp(gateway, newPerson());
    await spoil(user.id);
    expect(await refused(refreshToken)).toEqual(invalid);
  });

  test('answers invalid_refresh_token to any other text, and required to a missing token', async () => {
    const { accessToken } = await signUp(gateway);
    for (const token of ['rubbish', 'prt_', accessToken, 'x'.repeat(100_000), '\u0000'])
      expect(await refused(token)).toEqual(invalid);
    const required = [
      {
        message: 'This attribute is required.',
        extensions: { code: 'required', attribute: 'refreshToken' },
        path: ['refresh'],
      },
    ];
    expect(await refused('')).toEqual(required);
    expect(await gateway.failure(REFRESH)).toEqual(required);
  });

  test('a new refresh token expires no later than its session', async () => {
    const signedIn = await signUp(gateway);
    await gateway.sql`update portcullis.sessions set expires_at = now() + interval '1 hour' where user_id = ${signedIn.user.id}`;
    await refresh(signedIn.refreshToken);
    const rows =
      await gateway.sql`select 1 from portcullis_private.refresh_tokens t join portcullis.sessions s on s.id = t.session_id
      where s.user_id = ${signedIn.user.id} and t.rotated_at is null and t.expires_at > s.expires_at`;
    expect(rows).toHaveLength(0);
  });

  test('a session that refreshes too often is rate_limited, and keeps its token', async () => {
    const signedIn = await signUp(gateway);
    await gateway.sql`update portcullis_private.refresh_tokens t set generation = 501
      from portcullis.sessions s where s.id = t.session_id and s.user_id = ${signedIn.user.id}`;
    expect(await refused(signedIn.refreshToken)).toMatchObject([
      { extensions: { code: 'rate_limited', retryAfterSeconds: 10 } },
    ]);
    await gateway.sql`update portcullis.sessions set created_at = now() - interval '1 minute' where user_id = ${signedIn.user.id}`;
    await refresh(signedIn.refreshToken);
  });

  test('without a signing key answers no_signing_key, and the token stays valid', async () => {
    const lonely = await startGateway();
    const { refreshToken } = await signUp(lonely);
    await lonely.sql`update portcullis.jwks set expires_at = now()`;
    expect(await lonely.failure(REFRESH, { input: { refreshToken } })).toMatchObject([
      { extensions: { code: 'no_signing_key' } },
    ]);
    await lonely.sql`update portcullis.jwks set expires_at = now() + interval '1 day'`;
    await refresh(refreshToken, { via: lonely });
    await lonely.close();
  });

  test('refresh tokens are stored as hashes, and are not in the log', async () => {
    const { refreshToken, user } = await signUp(gateway);
    const rows =
      await gateway.sql`select t::text as row from portcullis_private.refresh_tokens t join portcullis.sessions s
      on s.id = t.session_id where s.user_id = ${user.id}`;
    expect(JSON.stringify(rows)).not.toContain(refreshToken);
    expect(gateway.logged()).not.toContain(refreshToken);
  });
});
