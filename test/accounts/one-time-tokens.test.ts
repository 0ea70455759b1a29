import { describe, expect, test } from 'vitest';
import { createSecret } from '../../src/crypto/secrets.ts';
import { type TokenPurpose, tokenPurposes } from '../../src/db/tables/one-time-tokens.ts';
import { storeOneTimeToken } from '../../src/one-time-tokens/one-time-tokens.ts';
import { purposes } from '../../src/one-time-tokens/purposes.ts';
import { forFile } from '../support/for-file.ts';
import { logIn, newPerson } from '../support/gateway.ts';
import {
  CHANGE_EMAIL,
  CHANGE_PASSWORD,
  CONFIRM_EMAIL,
  codeOf,
  eventsOf,
  join,
  type Member,
  proveAddress,
  RESET,
  startAccounts,
  VERIFY,
} from './accounts.ts';

const accounts = forFile(() => startAccounts({ SMTP_URL: 'off' }));

/** Stores a token of a purpose without mailing it. */
async function tokenFor({ user, email }: Member, purpose: TokenPurpose): Promise<string> {
  const token = createSecret('pot');
  const address = purpose === 'change_email' ? newPerson().email : email;
  const subject = { userId: user.id, email: address, purpose, token };
  await storeOneTimeToken(accounts.gateway.deps.db, subject);
  return token;
}

/** The operation that uses a token of each purpose. */
const uses: Record<TokenPurpose, (token: string) => [document: string, input: object]> = {
  verify_email: (token) => [VERIFY, { token, password: 'correct horse' }],
  reset_password: (token) => [RESET, { token, newPassword: 'a new passphrase' }],
  change_email: (token) => [CONFIRM_EMAIL, { token }],
};
const use = (purpose: TokenPurpose, token: string) => {
  const [document, input] = uses[purpose](token);
  return accounts.gateway.graphql(document, { input });
};
const failingUse = (purpose: TokenPurpose, token: string) => {
  const [document, input] = uses[purpose](token);
  return codeOf(accounts.gateway.failure(document, { input }));
};

describe('token purposes', () => {
  test.each(tokenPurposes)('the purpose %s has a page, and its tokens get its lifetime', async (purpose) => {
    const { url, sql } = accounts.gateway;
    const ada = await join(accounts);
    const token = await tokenFor(ada, purpose);
    const { page, ttlSeconds } = purposes[purpose];
    expect((await fetch(`${url}/mail/${page}/${token}`)).status).toBe(200);
    const [stored] = await sql`
      select extract(epoch from expires_at - now())::float8 as left from portcullis_private.one_time_tokens
      where user_id = ${ada.user.id} and purpose = ${purpose}`;
    expect(stored?.left).toBeGreaterThan(ttlSeconds - 60);
    expect(stored?.left).toBeLessThanOrEqual(ttlSeconds);
  });

  test('the database admits the purposes of the code and no others', async () => {
    const [check] = await accounts.gateway.sql`
      select pg_get_constraintdef(oid) as definition from pg_constraint where conname = 'one_time_tokens_purpose'`;
    const admitted = [...String(check?.definition).matchAll(/'(\w+)'/g)].map(([, purpose]) => purpose);
    expect(admitted.sort()).toEqual([...tokenPurposes].sort());
  });
});

const pairs = tokenPurposes.flatMap((made) =>
  tokenPurposes.filter((used) => used !== made).map((used) => [made, used] as const),
);

describe('mailed tokens', () => {
  test.each(pairs)('a token for %s answers invalid_token to %s, and stays valid', async (made, used) => {
    const ada = await join(accounts);
    const token = await tokenFor(ada, made);
    expect(await failingUse(used, token)).toBe('invalid_token token');
    const page = await fetch(`${accounts.gateway.url}/mail/${purposes[used].page}/${token}`, {
      method: 'POST',
    });
    expect(page.status).toBe(410);
    await use(made, token);
    expect(await failingUse(made, token)).toBe('invalid_token token');
  });

  test('a reset token changes the password of its own account only', async () => {
    const [ada, grace] = [await join(accounts), await join(accounts)];
    await use('reset_password', await tokenFor(ada, 'reset_password'));
    await logIn(accounts.gateway, { ...ada, password: 'a new passphrase' });
    await logIn(accounts.gateway, grace);
  });

  test('an access or refresh token answers invalid_token to every purpose', async () => {
    const ada = await join(accounts);
    for (const purpose of tokenPurposes)
      for (const token of [ada.accessToken, ada.refreshToken])
        expect(await failingUse(purpose, token)).toBe('invalid_token token');
  });

  test.each([
    ['changePassword', CHANGE_PASSWORD, 'currentPassword'],
    ['resetPassword', RESET, 'token'],
  ])('%s retires the tokens of every purpose if the address is proven', async (_what, document, by) => {
    const ada = await join(accounts);
    await proveAddress(accounts.gateway, ada);
    const tokens = new Map<TokenPurpose, string>();
    for (const purpose of tokenPurposes) tokens.set(purpose, await tokenFor(ada, purpose));
    const proof =
      by === 'token' ? { token: tokens.get('reset_password') } : { currentPassword: ada.password };
    const input = { ...proof, newPassword: 'a new passphrase' };
    await accounts.gateway.graphql(document, { input }, by === 'token' ? {} : ada.headers);
    for (const [purpose, token] of tokens)
      expect(await failingUse(purpose, token)).toBe('invalid_token token');
  });
});

describe('security events of an account', () => {
  /** Makes a call while the security event of an action cannot be written. Returns `done` or the error code. */
  async function breaking(action: string, run: () => Promise<unknown>): Promise<unknown> {
    const { sql } = accounts.gateway;
    await sql.unsafe(`create function public.refuse() returns trigger language plpgsql as $$
      begin raise exception 'induced'; end $$`);
    await sql.unsafe(`create trigger refuse before insert on portcullis.security_events for each row
      when (new.action = '${action}') execute function public.refuse()`);
    const outcome = await run().then(
      () => 'done',
      (error) => error.response?.errors?.[0]?.extensions?.code,
    );
    await sql`drop trigger refuse on portcullis.security_events`;
    await sql`drop function public.refuse`;
    return outcome;
  }

  const change = (ada: Member) => {
    const input = { currentPassword: ada.password, newPassword: 'a new passphrase' };
    return accounts.gateway.graphql(CHANGE_PASSWORD, { input }, ada.headers);
  };
  const askForEmail = (ada: Member) => {
    const input = { newEmail: newPerson().email, currentPassword: ada.password };
    return accounts.gateway.graphql(CHANGE_EMAIL, { input }, ada.headers);
  };

  test.each<[string, (ada: Member) => Promise<() => Promise<unknown>>]>([
    ...tokenPurposes.map((purpose): [string, (ada: Member) => Promise<() => Promise<unknown>>] => [
      { verify_email: 'email_verified', reset_password: 'password_reset', change_email: 'email_changed' }[
        purpose
      ],
      async (ada) => {
        const token = await tokenFor(ada, purpose);
        return () => use(purpose, token);
      },
    ]),
    ['password_changed', async (ada) => () => change(ada)],
    ['email_change_requested', async (ada) => () => askForEmail(ada)],
    [
      'profile_updated',
      async (ada) => () =>
        accounts.gateway.graphql(
          'mutation { updateProfile(input: { name: "Eve" }) { id } }',
          {},
          ada.headers,
        ),
    ],
    [
      'account_deleted',
      async (ada) => () =>
        accounts.gateway.graphql(
          `mutation { deleteAccount(input: { currentPassword: "${ada.password}" }) { ok } }`,
          {},
          ada.headers,
        ),
    ],
    [
      'account_disabled',
      async (ada) => () =>
        accounts.gateway.graphql(
          `mutation { disableAccount(input: { userId: "${ada.user.id}" }) { userId } }`,
          {},
          { 'x-hasura-gateway-secret': accounts.gateway.secret, 'x-hasura-role': 'admin' },
        ),
    ],
  ])('if %s cannot be recorded, nothing changes: internal_error', async (action, prepare) => {
    const { sql } = accounts.gateway;
    const ada = await join(accounts);
    const act = await prepare(ada);
    const state = () => sql`
      select u.*, p.hash, (select count(*) from portcullis.sessions s where s.user_id = u.id and revoked_at is null),
        (select json_agg(t order by purpose) from portcullis_private.one_time_tokens t where t.user_id = u.id),
        (select json_agg(m) from portcullis.memberships m where m.user_id = u.id) as teams,
        (select count(*) from portcullis_jobs.jobs where task_identifier = 'mail') as jobs
      from portcullis.users u join portcullis_private.passwords p on p.user_id = u.id where u.id = ${ada.user.id}`;
    await expect.poll(() => sql`select from portcullis_jobs.jobs`).toEqual([]);
    const before = await state();
    expect(await breaking(action, act)).toBe('internal_error');
    expect(await state()).toEqual(before);
    expect(await eventsOf(accounts.gateway, ada.user.id)).not.toContain(action);
    await act();
    expect(await eventsOf(accounts.gateway, ada.user.id)).toContain(action);
  });
});
