import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config/read-config.ts';
import { production } from '../config/production.ts';
import { forFile } from '../support/for-file.ts';
import { newPerson, signUp } from '../support/gateway.ts';
import { newPkce } from '../support/pkce.ts';
import { SITE, startCodes, verifiedUser } from './codes.ts';

// LINK_CONFIRMATION: a mailed link shows a page, whose button does what the link was mailed for.

const codes = forFile(() => startCodes({ LINK_CONFIRMATION: 'on' }));

const place = (answer: Response) => answer.headers.get('location') ?? '';

/** Sends a form of the page, as a browser does. */
async function submit(page: string, fields: Record<string, string> = {}, which = 0): Promise<Response> {
  const action = [...page.matchAll(/<form method="post" action="([^"]+)"/g)][which]?.[1]?.replaceAll(
    '&amp;',
    '&',
  );
  return fetch(codes.gateway.url + (action ?? ''), {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams(fields),
  });
}

async function magicLink(body: object = {}, redirect = SITE) {
  const { id, email } = await verifiedUser(codes);
  await codes.post(`/otp?redirect_to=${encodeURIComponent(redirect)}`, { email, ...body });
  return { id, email, ...(await codes.mailed(email, 2)) };
}

describe('the page of a link', () => {
  test('is shown as often as scanners open it, and its button signs in once', async () => {
    const { email, link } = await magicLink();
    for (let scan = 0; scan < 3; scan++) {
      await codes.open(link, 'HEAD');
      const answer = await codes.open(link);
      expect([answer.status, place(answer)]).toEqual([200, '']);
      expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.get('content-security-policy')).toContain(`form-action 'self' ${SITE};`);
    }
    const page = await (await codes.open(link)).text();
    expect(page).toContain(email);
    const answer = await submit(page);
    expect(answer.status).toBe(303);
    expect(place(answer)).toMatch(
      /^https:\/\/app\.example\.com#access_token=.*&sb=&token_type=bearer&type=magiclink$/,
    );
    const again = await submit(page);
    expect([again.status, place(again)]).toEqual([410, '']);
  });

  test('of a PKCE flow leads back with a code', async () => {
    const pkce = { code_challenge: newPkce().challenge, code_challenge_method: 's256' };
    const { link } = await magicLink(pkce);
    const page = await (await codes.open(link)).text();
    expect(place(await submit(page))).toMatch(/^https:\/\/app\.example\.com\?code=[0-9a-f-]{36}$/);
  });

  test('may lead on to a deep link', async () => {
    const { link } = await magicLink({}, 'myapp://login');
    const answer = await codes.open(link);
    expect(answer.headers.get('content-security-policy')).toContain("form-action 'self' myapp:;");
    expect(place(await submit(await answer.text()))).toMatch(/^myapp:\/\/login#access_token=/);
  });

  test('of a dead link is not shown: it leads back with the error', async () => {
    const answer = await codes.open(new URL('https://auth.example.com/verify?token=made-up&type=signup'));
    expect([answer.status, place(answer)]).toEqual([303, expect.stringContaining('error_code=otp_expired')]);
  });

  test('is shown below the aliases too', async () => {
    const { link } = await magicLink();
    const alias = new URL(`https://auth.example.com/gotrue/auth/v1${link.pathname}${link.search}`);
    expect((await codes.open(alias)).status).toBe(200);
  });

  test('refuses a form of another site', async () => {
    const { link } = await magicLink();
    const answer = await fetch(`${codes.gateway.url}/mail/link${link.search}`, {
      method: 'POST',
      redirect: 'manual',
      headers: { origin: 'https://evil.example.net' },
      body: new URLSearchParams(),
    });
    expect(answer.status).toBe(403);
    expect((await codes.open(link)).status).toBe(200);
  });
});

describe('the page of a sign-up with a password', () => {
  /** The address of a person with whose address a stranger may have signed up. */
  async function signedUp() {
    const person = newPerson();
    const { user } = await signUp(codes.gateway, person);
    await codes.post('/otp', { email: person.email });
    const { link } = await codes.mailed(person.email);
    return { person, user, link, page: await (await codes.open(link)).text() };
  }
  const canLogIn = async ({ email, password }: { email: string; password: string }) =>
    (await codes.post('/token?grant_type=password', { email, password })).status === 200;

  test('asks for the password, and keeps it', async () => {
    const { person, page } = await signedUp();
    expect(page).toContain('name="password"');
    const missing = await submit(page);
    expect([missing.status, await missing.text()]).toEqual([
      400,
      expect.stringContaining('Enter the password'),
    ]);
    const wrong = await submit(page, { password: 'a wrong password' });
    expect([wrong.status, await wrong.text()]).toEqual([
      400,
      expect.stringContaining('This password is wrong'),
    ]);
    const answer = await submit(page, { password: person.password });
    expect([answer.status, place(answer)]).toEqual([303, expect.stringContaining('access_token')]);
    expect(await canLogIn(person)).toBe(true);
  });

  test('takes the account from a stranger: I did not sign up', async () => {
    const { person, user, page } = await signedUp();
    const answer = await submit(page, { disown: 'yes' }, 1);
    expect([answer.status, place(answer)]).toEqual([303, expect.stringContaining('access_token')]);
    expect(await canLogIn(person)).toBe(false);
    const [row] = await codes.gateway.sql`
      select (select count(*)::int from portcullis.sessions where user_id = ${user.id} and revoked_at is null) as sessions,
        (select count(*)::int from portcullis_private.passwords where user_id = ${user.id}) as passwords`;
    expect(row).toEqual({ sessions: 1, passwords: 0 });
  });
});

test('LINK_CONFIRMATION is by default on in production, and off elsewhere', () => {
  expect(readConfig(production).codes.linkConfirmation).toBe(true);
  expect(readConfig({}).codes.linkConfirmation).toBe(false);
  expect(readConfig({ LINK_CONFIRMATION: 'on' }).codes.linkConfirmation).toBe(true);
});
