import { describe, expect, test } from 'vitest';
import { create } from '../access-tokens/programs.ts';
import { CHANGE_EMAIL, codeOf, FORGOT, RESET } from '../accounts/accounts.ts';
import { protect } from '../second-factors/authenticator.ts';
import { forFile } from '../support/for-file.ts';
import { bearer, LOGIN, ME, newPerson, signUp } from '../support/gateway.ts';
import { type Codes, startCodes } from './codes.ts';

// A stranger signs up with the address of another person, who then signs in by what was mailed to them.

const codes = forFile(() => startCodes());

const REFRESH = 'mutation ($input: RefreshInput) { refresh(input: $input) { accessToken } }';
const EXCHANGE =
  'mutation ($input: SignInWithAccessTokenInput!) { signInWithAccessToken(input: $input) { accessToken } }';

/** Sets up an account with the address of its owner, and everything by which a stranger could come back. */
async function plant({ gateway }: Codes) {
  const person = newPerson({ name: 'Eve' });
  const signedIn = await signUp(gateway, person);
  const { token: program } = await create(gateway, signedIn);
  const app = await protect(gateway, signedIn);
  const headers = bearer(app.accessToken);
  const newEmail = newPerson().email;
  await gateway.graphql(CHANGE_EMAIL, { input: { currentPassword: person.password, newEmail } }, headers);
  const [phone] = await gateway.sql`
    insert into portcullis.phones (user_id, number, verified_at) values (${signedIn.user.id}, '+4915199990000', now())
    on conflict (number) do update set user_id = excluded.user_id returning number`;
  return { person, signedIn, program, app, newEmail, phone };
}

type Planted = Awaited<ReturnType<typeof plant>>;

/** The ways by which the owner of the mailbox signs in. Each answers with their access token. */
const WAYS: Record<string, (email: string) => Promise<string>> = {
  'the code of /otp': async (email) => {
    await codes.post('/otp', { email });
    const { code } = await codes.mailed(email);
    return tokenOf(await codes.post('/verify', { type: 'email', email, token: code }));
  },
  'the link of /magiclink': async (email) => {
    await codes.post('/magiclink', { email });
    const answer = await codes.open((await codes.mailed(email)).link);
    return /access_token=([\w.-]+)/.exec(answer.headers.get('location') ?? '')?.[1] ?? '';
  },
  'the code of /recover': async (email) => {
    await codes.post('/recover', { email });
    const { code } = await codes.mailed(email);
    return tokenOf(await codes.post('/verify', { type: 'recovery', email, token: code }));
  },
  'a password reset by its page': async (email) => {
    await codes.gateway.graphql(FORGOT, { input: { email } });
    const { token } = await mailedPage(email, '/mail/reset-password/');
    const newPassword = 'set by the owner';
    await codes.gateway.graphql(RESET, { input: { token, newPassword } });
    const input = { email, password: newPassword };
    return (await codes.gateway.graphql<{ login: { accessToken: string } }>(LOGIN, { input })).login
      .accessToken;
  },
  'the link of the sign-up at teams': async (email) => {
    const { token } = await mailedPage(email, '/mail/verify-email/');
    const answer = await fetch(`${codes.gateway.url}/api/verify-email/${token}`);
    return ((await answer.json()) as { userToken: string }).userToken;
  },
};

/** Waits for the mail whose link opens a page. */
async function mailedPage(email: string, path: string): Promise<{ token: string }> {
  const find = () => codes.smtp.mails.find(({ to, link }) => to.includes(email) && link.includes(path));
  await expect.poll(find, { timeout: 10_000 }).toBeDefined();
  return find() as { token: string };
}

const tokenOf = ({ body }: { body: unknown }): string => (body as { access_token: string }).access_token;

async function expectNothingLeft({ person, signedIn, program, app, newEmail }: Planted): Promise<void> {
  const { gateway } = codes;
  const { id } = signedIn.user;
  for (const { accessToken } of [signedIn, app])
    expect(await codeOf(gateway.failure(ME, {}, bearer(accessToken)))).toBe('unauthenticated');
  for (const { refreshToken } of [signedIn, app])
    expect(await codeOf(gateway.failure(REFRESH, { input: { refreshToken } }))).toBe('invalid_refresh_token');
  expect(await codeOf(gateway.failure(EXCHANGE, { input: { token: program } }))).toBe(
    'invalid_access_token token',
  );
  const { email, password } = person;
  const login = await codeOf(gateway.failure(LOGIN, { input: { email, password } }));
  expect(['email_not_verified', 'invalid_credentials']).toContain(login);
  const grant = await codes.post('/token?grant_type=password', { email, password });
  expect(grant.status).toBe(400);
  const [left] = await gateway.sql`
    select (select count(*)::int from portcullis.memberships where user_id = ${id}) as memberships,
      (select count(*)::int from portcullis.phones where user_id = ${id}) as phones,
      (select count(*)::int from portcullis.identities where user_id = ${id}) as identities,
      (select count(*)::int from portcullis_private.second_factors where user_id = ${id}) as factors,
      (select count(*)::int from portcullis_private.recovery_codes where user_id = ${id}) as recovery_codes,
      (select count(*)::int from portcullis.sessions where user_id = ${id} and revoked_at is null) as sessions,
      (select count(*)::int from portcullis_private.one_time_tokens
        where user_id = ${id} and purpose <> 'verify_email') as tokens`;
  expect(left).toMatchObject({
    ...{ phones: 0, identities: 0, factors: 0, recovery_codes: 0, sessions: 1, tokens: 0 },
  });
  // The link of the change of address that the stranger asked for is void.
  const links = codes.smtp.mails.filter(({ to }) => to.includes(newEmail));
  for (const { token } of links) {
    const CONFIRM =
      'mutation ($input: ConfirmEmailChangeInput!) { confirmEmailChange(input: $input) { ok } }';
    expect(await codeOf(gateway.failure(CONFIRM, { input: { token, password } }))).toMatch(/^invalid_token/);
  }
}

describe('an account that a stranger set up', () => {
  test.each(Object.entries(WAYS))('is the owner’s alone after %s', async (_name, signIn) => {
    const planted = await plant(codes);
    const token = await signIn(planted.person.email);
    const { me } = await codes.gateway.graphql<{ me: { email: string } }>(ME, {}, bearer(token));
    expect(me.email).toBe(planted.person.email);
    await expectNothingLeft(planted);
  });
});
