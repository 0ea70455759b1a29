import { decodeJwt } from 'jose';
import { describe, expect, test } from 'vitest';
import { countJobs } from '../mail/smtp.ts';
import { forFile } from '../support/for-file.ts';
import { bearer, logIn, ME, PUBLIC_URL, type SignedInAnswer } from '../support/gateway.ts';
import { allAtOnce, codeOf, eventsOf, join, passSpacing, RESEND, startAccounts, VERIFY } from './accounts.ts';

const accounts = forFile(() => startAccounts());

const verify = async (token: string, password = 'correct horse') =>
  (await accounts.gateway.graphql<{ verifyEmail: SignedInAnswer }>(VERIFY, { input: { token, password } }))
    .verifyEmail;
const teamsOf = (userId: string) => accounts.gateway.sql`
  select t.name, m.role, p.name as project from portcullis.memberships m
  join portcullis.teams t on t.id = m.team_id left join portcullis.projects p on p.team_id = t.id
  where m.user_id = ${userId}`;

describe('verifyEmail', () => {
  test('creates a default team and project, and signs the user in to the team', async () => {
    const ada = await join(accounts);
    expect(ada).toMatchObject({ teamToken: null, user: { emailVerified: false } });
    const { token, link } = await accounts.mail(ada.email, 'verify-email');
    expect(link).toMatch(new RegExp(`^${PUBLIC_URL}/mail/verify-email/[\\w-]{40,}$`));
    const answer = await verify(token);
    expect(answer.user).toMatchObject({
      id: ada.user.id,
      emailVerified: true,
      memberships: [{ role: 'OWNER', team: { name: 'Ada\u0027s team' } }],
    });
    expect(await teamsOf(ada.user.id)).toEqual([
      { name: "Ada's team", role: 'OWNER', project: 'Default project' },
    ]);
    expect(decodeJwt(answer.accessToken).email_verified).toBe(true);
    expect(decodeJwt(answer.teamToken ?? '')['https://hasura.io/jwt/claims']).toMatchObject({
      'x-hasura-team-role': 'OWNER',
    });
    expect(await accounts.gateway.graphql(ME, {}, bearer(answer.accessToken))).toMatchObject({
      me: { emailVerified: true },
    });
    expect(await eventsOf(accounts.gateway, ada.user.id)).toEqual([
      ...['signup', 'email_verified', 'team_created', 'login'],
    ]);
  });

  test('with the password keeps the password and the sessions that it opened', async () => {
    const ada = await join(accounts);
    await verify((await accounts.mail(ada.email, 'verify-email')).token);
    expect(await accounts.gateway.graphql(ME, {}, ada.headers)).toMatchObject({
      me: { emailVerified: true },
    });
    expect((await logIn(accounts.gateway, ada)).user.emailVerified).toBe(true);
  });

  test('creates no team for a user who owns one', async () => {
    const ada = await join(accounts, { teamName: 'Engines' });
    await verify((await accounts.mail(ada.email, 'verify-email')).token);
    expect(await teamsOf(ada.user.id)).toEqual([{ name: 'Engines', role: 'OWNER', project: null }]);
  });

  test('of eight concurrent calls one succeeds and creates one team; the others answer invalid_token', async () => {
    const ada = await join(accounts);
    const { token } = await accounts.mail(ada.email, 'verify-email');
    expect(await allAtOnce(8, () => verify(token))).toEqual(['done', ...Array(7).fill('invalid_token')]);
    expect(await teamsOf(ada.user.id)).toHaveLength(1);
    const sessions = await accounts.gateway
      .sql`select from portcullis.sessions where user_id = ${ada.user.id}`;
    expect(sessions).toHaveLength(2);
  });

  test.each([
    ['was used', async (token: string) => void (await verify(token))],
    [
      'has expired',
      async () =>
        void (await accounts.gateway.sql`update portcullis_private.one_time_tokens set expires_at = now()`),
    ],
    [
      'belongs to a disabled account',
      async () => void (await accounts.gateway.sql`update portcullis.users set disabled_at = now()`),
    ],
    [
      'was mailed to a former address of the account',
      async () =>
        void (await accounts.gateway.sql`update portcullis.users set email = 'new.' || email
          where email_verified_at is null`),
    ],
  ])('answers invalid_token to a token that %s', async (_what, spoil) => {
    const ada = await join(accounts);
    const { token } = await accounts.mail(ada.email, 'verify-email');
    await spoil(token);
    const input = { token, password: ada.password };
    expect(await codeOf(accounts.gateway.failure(VERIFY, { input }))).toBe('invalid_token token');
    await accounts.gateway.sql`update portcullis.users set disabled_at = null`;
  });

  test('answers required to a missing token, and invalid_token to an unknown one', async () => {
    const failing = (token: unknown) =>
      codeOf(accounts.gateway.failure(VERIFY, { input: { token, password: 'correct horse' } }));
    expect(await failing('')).toBe('required token');
    expect(await failing(null)).toBe('required token');
    expect(await failing('x'.repeat(100_000))).toBe('invalid_token token');
    expect(await failing('nul\u0000')).toBe('invalid_token token');
  });
});

describe('resendEmailVerification', () => {
  const resend = (headers?: Record<string, string>) => accounts.gateway.graphql(RESEND, {}, headers);

  test('mails a new link, and the earlier link answers invalid_token', async () => {
    const ada = await join(accounts);
    const first = await accounts.mail(ada.email, 'verify-email');
    await passSpacing(accounts.gateway);
    expect(await resend(ada.headers)).toEqual({ resendEmailVerification: { ok: true } });
    const second = await accounts.mail(ada.email, 'verify-email', 2);
    expect(second.token).not.toBe(first.token);
    expect(await codeOf(accounts.gateway.failure(VERIFY, { input: { token: first.token } }))).toBe(
      'invalid_token token',
    );
    await verify(second.token);
  });

  test('is rate_limited within a minute of the sign-up’s mail, with the seconds to wait', async () => {
    const ada = await join(accounts);
    const [error] = (await accounts.gateway.failure(RESEND, {}, ada.headers)) as [
      { extensions: Record<string, unknown> },
    ];
    expect(error.extensions).toMatchObject({ code: 'rate_limited', retryAfterSeconds: expect.any(Number) });
  });

  test('mails nothing to a verified user, and answers unauthenticated without a session', async () => {
    const ada = await join(accounts);
    await verify((await accounts.mail(ada.email, 'verify-email')).token);
    await passSpacing(accounts.gateway);
    await expect.poll(() => countJobs(accounts.gateway.sql)).toBe(0);
    await resend(ada.headers);
    await resend(ada.headers);
    expect(await countJobs(accounts.gateway.sql)).toBe(0);
    expect(accounts.smtp.mails.filter(({ to }) => to.includes(ada.email))).toHaveLength(1);
    expect(await codeOf(accounts.gateway.failure(RESEND))).toBe('unauthenticated');
  });
});
