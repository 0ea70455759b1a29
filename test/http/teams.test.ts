import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countJobs } from '../mail/smtp.ts';
import { bearer, newPerson, startGateway, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ env: { LIMIT_MAIL_SPACING_SECONDS: '1' } });
});
afterAll(() => gateway.close());

type Tokens = { userToken: string; vaultToken: string | null; refreshToken: string | null };
const get = async (path: string, headers: Record<string, string> = {}) => {
  const answer = await fetch(gateway.url + path, { headers });
  return { status: answer.status, body: (await answer.json()) as unknown };
};
const person = () => {
  const { teamName: _, ...rest } = newPerson();
  return rest;
};
async function register() {
  const someone = person();
  const { status, body } = await gateway.post('/api/register', someone);
  expect(status).toBe(200);
  return { ...someone, tokens: body as Tokens };
}
/** The newest token that was mailed to an address. */
async function mailedToken(email: string, page: string): Promise<string> {
  let token: string | undefined;
  await expect
    .poll(() => {
      const mails =
        gateway.deps.mailInbox?.list().filter((mail) => JSON.stringify(mail).includes(email)) ?? [];
      token = mails
        .map((mail) => new RegExp(`/mail/${page}/([\\w-]+)`).exec(JSON.stringify(mail))?.[1])
        .find(Boolean);
      return token;
    })
    .toBeTruthy();
  return token ?? '';
}
const claimsOf = (token: string | null) => decodeJwt(token ?? '')['https://hasura.io/jwt/claims'];
const code = (body: unknown) => (body as { code?: string }).code;

describe('the teams API', () => {
  test('register and login return a user token, a refresh token and no vault token before verification', async () => {
    const { email, password, tokens } = await register();
    expect(tokens).toEqual({
      userToken: expect.any(String),
      vaultToken: null,
      refreshToken: expect.stringMatching(/^prt_/),
    });
    expect(await gateway.post('/api/login', { email, password })).toMatchObject({
      status: 200,
      body: { vaultToken: null },
    });
    expect(await gateway.post('/api/login', { email, password: 'wrong password' })).toMatchObject({
      status: 400,
      body: { code: 'invalid_credentials', detail: 'Invalid email or password.', attribute: null },
    });
    expect(await gateway.post('/api/register', { ...person(), name: '' })).toMatchObject({
      status: 400,
      body: { code: 'required', attribute: 'name' },
    });
    expect((await gateway.post('/api/register', { email, password, name: 'Ada' })).body).toMatchObject({
      code: 'already_registered',
    });
  });

  test('verify-email makes the default team and project once; a second use answers invalid_token', async () => {
    const { email, name } = await register();
    const token = await mailedToken(email, 'verify-email');
    const { status, body } = await get(`/api/verify-email/${token}`);
    expect(status).toBe(200);
    const { userToken, vaultToken } = body as Tokens;
    expect(decodeJwt(userToken).email_verified).toBe(true);
    expect(claimsOf(vaultToken)).toMatchObject({
      'x-hasura-team-role': 'OWNER',
      'x-hasura-default-role': 'user',
    });
    const rows = await gateway.sql`
      select t.name as team, p.name as project from portcullis.users u join portcullis.memberships m on m.user_id = u.id
      join portcullis.teams t on t.id = m.team_id join portcullis.projects p on p.team_id = t.id where u.email = ${email}`;
    expect(rows).toEqual([{ team: `${name}'s team`, project: 'Default project' }]);
    expect(await get(`/api/verify-email/${token}`)).toMatchObject({
      status: 400,
      body: { code: 'invalid_token' },
    });
  });

  test('a session that verifies the address gets a vault token at its next refresh', async () => {
    const { email, tokens } = await register();
    await get(`/api/verify-email/${await mailedToken(email, 'verify-email')}`, bearer(tokens.userToken));
    const { body } = await get('/api/refresh', bearer(tokens.refreshToken ?? ''));
    expect(claimsOf((body as Tokens).vaultToken)).toMatchObject({ 'x-hasura-team-role': 'OWNER' });
  });

  test('refresh accepts a refresh token or the user token of a live session, else answers 401', async () => {
    const { tokens } = await register();
    const byRefreshToken = await get('/api/refresh', bearer(tokens.refreshToken ?? ''));
    expect(byRefreshToken).toMatchObject({
      status: 200,
      body: { refreshToken: expect.stringMatching(/^prt_/) },
    });
    expect((byRefreshToken.body as Tokens).refreshToken).not.toBe(tokens.refreshToken);
    const byUserToken = await get('/api/refresh', bearer(tokens.userToken));
    expect(byUserToken).toMatchObject({ status: 200, body: { refreshToken: null } });
    expect(decodeJwt((byUserToken.body as Tokens).userToken).sid).toBe(decodeJwt(tokens.userToken).sid);

    expect(await get('/api/refresh')).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    expect(await get('/api/refresh', bearer('rubbish'))).toMatchObject({
      status: 401,
      body: { code: 'invalid_refresh_token' },
    });
    expect(await get('/api/refresh', bearer('a.b.c'))).toMatchObject({
      status: 401,
      body: { code: 'unauthenticated' },
    });
    await gateway.sql`update portcullis.sessions set expires_at = now() where id = ${decodeJwt(tokens.userToken).sid as string}`;
    expect(await get('/api/refresh', bearer(tokens.userToken))).toMatchObject({ status: 401 });
  });

  test('resend-email-verification mails a new link and makes the previous link answer invalid_token', async () => {
    const { email, tokens } = await register();
    const first = await mailedToken(email, 'verify-email');
    expect(await get('/api/resend-email-verification?capcha=x')).toMatchObject({ status: 401 });
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const resent = await get('/api/resend-email-verification?capcha=x', bearer(tokens.userToken));
    expect(resent).toMatchObject({
      status: 200,
      body: { userToken: expect.any(String), refreshToken: null },
    });
    await expect.poll(() => mailedToken(email, 'verify-email')).not.toBe(first);
    expect(code((await get(`/api/verify-email/${first}`)).body)).toBe('invalid_token');
    expect(await get(`/api/verify-email/${await mailedToken(email, 'verify-email')}`)).toMatchObject({
      status: 200,
    });
  });

  test('a password reset by mail sets the new password and ends every session', async () => {
    const { email, tokens } = await register();
    const ok = { status: 200, body: { status: 'ok' } };
    expect(await gateway.post('/api/forgot-passsword', { email }, bearer('ignored'))).toMatchObject(ok);
    expect(await gateway.post('/api/forgot-passsword', { email: newPerson().email })).toMatchObject(ok);
    const token = await mailedToken(email, 'reset-password');
    const reset = (newPassword: string) => gateway.post('/api/reset-passsword', { token, newPassword });
    expect(await reset('short')).toMatchObject({
      status: 400,
      body: { code: 'min_length', attribute: 'newPassword' },
    });
    expect(await reset('battery staple')).toMatchObject(ok);
    expect(await reset('battery staple')).toMatchObject({ status: 400, body: { code: 'invalid_token' } });
    expect(await get('/api/refresh', bearer(tokens.refreshToken ?? ''))).toMatchObject({ status: 401 });
    expect(await gateway.post('/api/login', { email, password: 'battery staple' })).toMatchObject({
      status: 200,
    });
  });

  test('exist-email tells whether an address has an account, and answers feature_disabled when switched off', async () => {
    const { email } = await register();
    expect(await get(`/api/exist-email/${encodeURIComponent(email.toUpperCase())}`)).toEqual({
      status: 200,
      body: true,
    });
    expect(await get(`/api/exist-email/${newPerson().email}`)).toEqual({ status: 200, body: false });
    expect(await get('/api/exist-email/rubbish')).toEqual({ status: 200, body: false });
    const discreet = await startGateway({ env: { EMAIL_EXISTS: 'off' } });
    const answer = await fetch(`${discreet.url}/api/exist-email/${email}`);
    expect({ status: answer.status, code: code(await answer.json()) }).toEqual({
      status: 403,
      code: 'feature_disabled',
    });
    await discreet.close();
  });

  test('HEAD answers 405 where GET changes something, and changes nothing', async () => {
    const { email, tokens } = await register();
    const token = await mailedToken(email, 'verify-email');
    const head = async (path: string) => {
      const headers = bearer(tokens.refreshToken ?? '');
      const answer = await fetch(gateway.url + path, { method: 'HEAD', headers });
      return [answer.status, answer.headers.get('allow')];
    };
    for (const path of [`/api/verify-email/${token}`, '/api/refresh', '/api/resend-email-verification'])
      expect(await head(path)).toEqual([405, 'GET']);
    expect(await head(`/api/exist-email/${email}`)).toEqual([200, null]);
    expect((await get(`/api/verify-email/${token}`)).status).toBe(200);
  });

  test('the log contains no token and no address of a path', async () => {
    const { email } = await register();
    const token = await mailedToken(email, 'verify-email');
    await get(`/api/verify-email/${token}`);
    await get(`/api/exist-email/${email}`);
    expect(gateway.logged()).toContain('/api/verify-email/:token');
    expect(gateway.logged()).not.toContain(token);
    expect(gateway.logged()).not.toContain(email);
  });
});

test('a person who has signed in before gets one mail about a sign-in from a new device', async () => {
  const { email, password } = await register();
  await gateway.sql`update portcullis.users set email_verified_at = now() where email = ${email}`;
  const notices = () =>
    gateway.deps.mailInbox
      ?.list()
      .filter(
        (mail) => JSON.stringify(mail).includes(email) && /sign-in|signed in/i.test(JSON.stringify(mail)),
      ) ?? [];
  await gateway.post('/api/login', { email, password });
  await gateway.post(
    '/api/login',
    { email, password },
    { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0' },
  );
  await expect.poll(() => notices().length).toBe(1);
  await gateway.post(
    '/api/login',
    { email, password },
    { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0' },
  );
  await expect.poll(() => countJobs(gateway.sql)).toBe(0);
  expect(notices()).toHaveLength(1);
});
