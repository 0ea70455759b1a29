import { describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { LOGIN, logIn, ME, newPerson, startGateway } from '../support/gateway.ts';
import {
  allAtOnce,
  codeOf,
  eventsOf,
  FORGOT,
  join,
  type Member,
  passSpacing,
  RESEND,
  RESET,
  startAccounts,
} from './accounts.ts';

const accounts = forFile(() => startAccounts());

const forgot = (email: string) => accounts.gateway.graphql(FORGOT, { input: { email } });
const reset = (token: string, newPassword = 'a new passphrase') =>
  accounts.gateway.graphql(RESET, { input: { token, newPassword } });
const failingReset = (input: object) => codeOf(accounts.gateway.failure(RESET, { input }));
const resetToken = async ({ email }: Member, count = 1) => {
  await forgot(email);
  return (await accounts.mail(email, 'reset-password', count)).token;
};

describe('forgotPassword', () => {
  test('gives the same answer after the same work, whether or not an account has the address', async () => {
    const { gateway } = accounts;
    const known = await join(accounts);
    const disabled = await join(accounts);
    await gateway.sql`update portcullis.users set disabled_at = now() where id = ${disabled.user.id}`;
    await gateway.sql`create table public.queued as select null::json as payload where false`;
    await gateway.sql.unsafe(`create function public.note() returns trigger language plpgsql as $$
      begin insert into public.queued values (new.payload); return new; end $$`);
    await gateway.sql`create trigger note after insert on portcullis_jobs._private_jobs
      for each row execute function public.note()`;
    const workFor = async (email: string) => {
      const hashes = gateway.deps.hashGate.finished;
      const counts = async () => {
        const [row] = await gateway.sql`select (select count(*)::int from public.queued) as jobs,
          (select count(*)::int from portcullis.security_events) as events,
          (select count(*)::int from portcullis_private.rate_limits) as limits`;
        return row as { jobs: number; events: number; limits: number };
      };
      const before = await counts();
      const { status, body, headers } = await gateway.post('/graphql', {
        query: FORGOT,
        variables: { input: { email } },
      });
      const after = await counts();
      const { jobs, events, limits } = before;
      return {
        answer: { status, body, headers: [...headers.keys()] },
        jobs: after.jobs - jobs,
        events: after.events - events,
        limits: after.limits - limits,
        hashes: gateway.deps.hashGate.finished - hashes,
      };
    };
    await forgot(newPerson().email); // creates the caller's own counter
    const work = [];
    for (const email of [
      known.email,
      disabled.email,
      newPerson().email,
      'no address',
      `${'x'.repeat(600)}@x`,
    ])
      work.push(await workFor(email));
    expect(work[0]).toMatchObject({
      answer: { status: 200, body: { data: { forgotPassword: { ok: true } } } },
      jobs: 1,
      events: 1,
      hashes: 0,
    });
    expect(work[0]?.limits).toBe(2); // the waiting time between mails, and the cap of resets
    expect(work.map(({ limits: _, ...rest }) => rest)).toEqual(
      Array(5).fill((({ limits: _, ...rest }) => rest)(work[0] as NonNullable<(typeof work)[0]>)),
    );
    const queued = await gateway.sql`select payload->>'kind' as kind from public.queued`;
    expect(queued.map(({ kind }) => kind)).toEqual(['none', 'password_reset', ...Array(4).fill('none')]);
    await gateway.sql`drop trigger note on portcullis_jobs._private_jobs`;
    await accounts.mail(known.email, 'reset-password');
    const toDisabled = accounts.smtp.mails.filter(({ to }) => to.includes(disabled.email));
    expect(toDisabled.filter(({ link }) => link.includes('reset-password'))).toEqual([]);
    expect(await eventsOf(gateway, known.user.id)).toEqual(['signup', 'password_reset_requested']);
    expect(await eventsOf(gateway, disabled.user.id)).toEqual(['signup', 'password_reset_requested failure']);
    expect(await eventsOf(gateway, null)).toContain('password_reset_requested failure');
  });

  test('answers ok again within a minute, and mails no second link', async () => {
    const ada = await join(accounts);
    const unknown = newPerson().email;
    for (let i = 0; i < 3; i++)
      expect([await forgot(ada.email), await forgot(unknown)]).toEqual(
        Array(2).fill({ forgotPassword: { ok: true } }),
      );
    await forgot(` ${ada.email.toUpperCase()}`);
    await accounts.mail(ada.email, 'reset-password');
    expect(await eventsOf(accounts.gateway, ada.user.id)).toEqual(['signup', 'password_reset_requested']);
    await passSpacing(accounts.gateway);
    const first = accounts.smtp.mails.findLast(({ link }) => link.includes('reset-password'))?.token ?? '';
    await resetToken(ada, 2);
    expect(await failingReset({ token: first, newPassword: 'a new passphrase' })).toBe('invalid_token token');
  });

  test('answers required to a missing address, and is rate_limited per IP address', async () => {
    expect(await codeOf(accounts.gateway.failure(FORGOT, { input: { email: ' ' } }))).toBe('required email');
    const strict = await startGateway({
      replicaOf: accounts.gateway,
      env: { LIMIT_PASSWORD_RESET_PER_ADDRESS: '1/60' },
    });
    expect(await codeOf(strict.failure(FORGOT, { input: { email: newPerson().email } }))).toBe(
      'rate_limited',
    );
    await strict.close();
  });
});

describe('resetPassword', () => {
  test('sets the password, verifies the address, and ends every session and pending token', async () => {
    const { gateway } = accounts;
    const ada = await join(accounts);
    const verification = await accounts.mail(ada.email, 'verify-email');
    const token = await resetToken(ada);
    expect(await reset(token)).toEqual({ resetPassword: { ok: true } });
    expect(await codeOf(gateway.failure(ME, {}, ada.headers))).toBe('unauthenticated');
    expect(
      await codeOf(gateway.failure(LOGIN, { input: { email: ada.email, password: ada.password } })),
    ).toBe('invalid_credentials');
    const { user, teamToken } = await logIn(gateway, { email: ada.email, password: 'a new passphrase' });
    expect(user.emailVerified).toBe(true);
    expect(teamToken).not.toBeNull();
    expect(
      await gateway.sql`select from portcullis_private.one_time_tokens where user_id = ${user.id}`,
    ).toEqual([]);
    const failed = gateway.failure(
      `mutation { verifyEmail(input: { token: "${verification.token}" }) { expiresAt } }`,
    );
    expect(await codeOf(failed)).toBe('invalid_token token');
    await accounts.notice(ada.email, /password .* was changed/i);
    expect(await eventsOf(gateway, user.id)).toEqual([
      ...['signup', 'password_reset_requested', 'email_verified', 'team_created', 'password_reset'],
      ...['login failure', 'login'],
    ]);
  });

  test('a refused password keeps the token valid, and an unknown token costs no password hash', async () => {
    const token = await resetToken(await join(accounts));
    const before = accounts.gateway.deps.hashGate.finished;
    expect(await failingReset({ token, newPassword: '1234567' })).toBe('min_length newPassword');
    expect(await failingReset({ token, newPassword: 'x'.repeat(1025) })).toBe('max_length newPassword');
    expect(await failingReset({ token, newPassword: '' })).toBe('required newPassword');
    expect(await failingReset({ token: '', newPassword: '' })).toBe('required token');
    expect(await failingReset({ token: 'made-up', newPassword: '12345678' })).toBe('invalid_token token');
    expect(accounts.gateway.deps.hashGate.finished).toBe(before);
    await reset(token, '12345678');
    expect(await failingReset({ token, newPassword: '12345678' })).toBe('invalid_token token');
  });

  test('of eight concurrent resets with one token, one succeeds and the others answer invalid_token', async () => {
    const ada = await join(accounts);
    const token = await resetToken(ada);
    let n = 0;
    const outcomes = await allAtOnce(8, () => reset(token, `new password ${n++}`));
    expect(outcomes).toEqual(['done', ...Array(7).fill('invalid_token')]);
    const logins = await Promise.allSettled(
      Array.from({ length: 8 }, (_, i) => logIn(accounts.gateway, { ...ada, password: `new password ${i}` })),
    );
    expect(logins.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('an expired token and a token of a disabled account answer invalid_token', async () => {
    const ada = await join(accounts);
    const token = await resetToken(ada);
    const failing = () => failingReset({ token, newPassword: 'a new passphrase' });
    await accounts.gateway.sql`update portcullis.users set disabled_at = now() where id = ${ada.user.id}`;
    expect(await failing()).toBe('invalid_token token');
    const again = await join(accounts);
    const expired = await resetToken(again);
    await accounts.gateway.sql`update portcullis_private.one_time_tokens set expires_at = now()`;
    expect(await failingReset({ token: expired, newPassword: 'a new passphrase' })).toBe(
      'invalid_token token',
    );
  });

  test('gives a password to an account without one', async () => {
    const ada = await join(accounts);
    await accounts.gateway.sql`delete from portcullis_private.passwords where user_id = ${ada.user.id}`;
    await reset(await resetToken(ada));
    await logIn(accounts.gateway, { ...ada, password: 'a new passphrase' });
  });

  test('unlocks an account that wrong passwords had locked', async () => {
    const ada = await join(accounts);
    for (let i = 0; i < 11; i++)
      await accounts.gateway.failure(LOGIN, { input: { email: ada.email, password: `guess ${i}` } });
    await reset(await resetToken(ada));
    await logIn(accounts.gateway, { ...ada, password: 'a new passphrase' });
  });

  test('ends a stranger’s session, and the change of address that the stranger asked for', async () => {
    // A stranger signs up with another person's address, and asks to change it to their own.
    const planted = await join(accounts);
    const thief = newPerson().email;
    await accounts.gateway.graphql(
      'mutation Do($input: ChangeEmailInput!) { changeEmail(input: $input) { ok } }',
      { input: { newEmail: thief, currentPassword: planted.password } },
      planted.headers,
    );
    const { token } = await accounts.mail(thief, 'change-email');
    await reset(await resetToken(planted), 'the owner’s password');
    expect(await codeOf(accounts.gateway.failure(ME, {}, planted.headers))).toBe('unauthenticated');
    const confirmed = accounts.gateway.failure(
      `mutation { confirmEmailChange(input: { token: "${token}" }) { ok } }`,
    );
    expect(await codeOf(confirmed)).toBe('invalid_token token');
    expect(await codeOf(accounts.gateway.failure(RESEND, {}, planted.headers))).toBe('unauthenticated');
  });
});
