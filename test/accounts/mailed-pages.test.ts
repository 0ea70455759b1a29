import { describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { logIn, ME, newPerson, PUBLIC_URL, startGateway } from '../support/gateway.ts';
import { allAtOnce, CHANGE_EMAIL, codeOf, FORGOT, join, openPage, startAccounts } from './accounts.ts';

const accounts = forFile(() => startAccounts({ APP_URL: 'https://app.example.com/welcome' }));

const open = (path: string, form?: Record<string, string> | string, headers?: Record<string, string>) =>
  openPage(accounts.gateway, path, form, headers);
const pathOf = ({ link }: { link: string }) => link.slice(PUBLIC_URL.length);
const isVerified = async (userId: string) =>
  (
    await accounts.gateway
      .sql`select from portcullis.users where id = ${userId} and email_verified_at is not null`
  ).length === 1;
const verification = async () => {
  const ada = await join(accounts);
  return { ada, path: pathOf(await accounts.mail(ada.email, 'verify-email')) };
};
const resetPage = async () => {
  const ada = await join(accounts);
  await accounts.gateway.graphql(FORGOT, { input: { email: ada.email } });
  return { ada, path: pathOf(await accounts.mail(ada.email, 'reset-password')) };
};
const DEAD = 'This link is no longer valid';

describe('mailed pages', () => {
  test('the verification page changes nothing when opened, and its form verifies the address once', async () => {
    const { ada, path } = await verification();
    for (let i = 0; i < 3; i++) {
      const page = await open(path);
      expect(page).toMatchObject({ status: 200, title: 'Confirm your email address' });
      expect(page.html).toContain(`<dd>${ada.email}</dd>`);
    }
    expect((await fetch(accounts.gateway.url + path, { method: 'HEAD' })).status).toBe(200);
    expect(await isVerified(ada.user.id)).toBe(false);
    const done = await open(path, { password: ada.password });
    expect(done).toMatchObject({ status: 200, title: 'Address confirmed' });
    expect(done.html).toContain('<a class="button" href="https://app.example.com/welcome" rel="noreferrer">');
    expect(await isVerified(ada.user.id)).toBe(true);
    expect(await accounts.gateway.graphql(ME, {}, ada.headers)).toMatchObject({
      me: { memberships: [{ role: 'OWNER', team: { name: "Ada's team" } }] },
    });
    for (const again of [await open(path), await open(path, { password: ada.password })])
      expect(again).toMatchObject({ status: 410, title: DEAD });
  });

  test('the verification page sets no cookie and opens no session', async () => {
    const { ada, path } = await verification();
    const { html, headers } = await open(path, { password: ada.password });
    expect(headers.getSetCookie()).toEqual([]);
    expect(html).not.toMatch(/eyJ|prt_/);
    const sessions = await accounts.gateway
      .sql`select from portcullis.sessions where user_id = ${ada.user.id}`;
    expect(sessions).toHaveLength(1);
  });

  test('the page of a new address confirms it with the password, and refuses a wrong password', async () => {
    const ada = await join(accounts);
    const newEmail = newPerson().email;
    const input = { newEmail, currentPassword: ada.password };
    await accounts.gateway.graphql(CHANGE_EMAIL, { input }, ada.headers);
    const path = pathOf(await accounts.mail(newEmail, 'change-email'));
    expect((await open(path)).html).toContain(`<dd>${newEmail}</dd>`);
    for (const [password, sentence] of [
      ['', 'Enter the password of the account.'],
      ['not the password', 'This password is wrong.'],
    ] as const) {
      const refused = await open(path, { password });
      expect(refused.status).toBe(400);
      expect(refused.html).toContain(`role="alert">${sentence}</p>`);
    }
    expect(await open(path, { password: ada.password })).toMatchObject({
      status: 200,
      title: 'New address confirmed',
    });
    await logIn(accounts.gateway, { email: newEmail, password: ada.password });
    expect(await open(path)).toMatchObject({ status: 410, title: DEAD });
  });

  test('the page of a new address shows the account’s name and masked address, and when to confirm', async () => {
    const ada = await join(accounts, { name: 'Visit https://evil.example <b>' });
    const newEmail = newPerson().email;
    const input = { newEmail, currentPassword: ada.password };
    await accounts.gateway.graphql(CHANGE_EMAIL, { input }, ada.headers);
    const mail = await accounts.mail(newEmail, 'change-email');
    expect(mail.text).toContain('only if you asked for it yourself, while you were signed in');
    const { html } = await open(pathOf(mail));
    expect(html).toContain('Confirm only if you asked for this yourself, while you were signed in');
    expect(html).toContain('<dd>Visit https: //evil. example b</dd>');
    expect(html).toContain('<dd>p…@example.com</dd>');
    expect(html).not.toContain(ada.email);
  });

  test('the reset page explains each refused password, and keeps its link until a password is set', async () => {
    const { ada, path } = await resetPage();
    const form = await open(path);
    expect(form).toMatchObject({ status: 200, title: 'Set a new password' });
    expect(form.html).toContain('At least 8 characters.');
    expect(form.html).toContain('autocomplete="new-password"');
    const send = (new_password: string, repeat = new_password) => open(path, { new_password, repeat });
    for (const [refused, sentence] of [
      [await send('short'), 'This password is too short: it needs at least 8 characters.'],
      [await send('x'.repeat(1025)), 'This password is too long.'],
      [await send(''), 'Enter a new password.'],
      [await send('a new passphrase', 'another one'), 'The two passwords are not the same.'],
      [await send('a new passphrase', ''), 'The two passwords are not the same.'],
    ] as const) {
      expect(refused).toMatchObject({ status: 400, title: 'Set a new password' });
      expect(refused.html).toContain(`<p class="problem" id="problem" role="alert">${sentence}</p>`);
      expect(refused.html).toContain('aria-describedby="problem rule" aria-invalid="true"');
      expect(refused.html).not.toMatch(/short"|a new passphrase|xxxx/);
    }
    expect(await send('nëues & "Passwort" <ü>')).toMatchObject({ status: 200, title: 'Password set' });
    expect(await codeOf(accounts.gateway.failure(ME, {}, ada.headers))).toBe('unauthenticated');
    await logIn(accounts.gateway, { email: ada.email, password: 'nëues & "Passwort" <ü>' });
    expect(await send('yet another one')).toMatchObject({ status: 410, title: DEAD });
    expect(await open(path)).toMatchObject({ status: 410, title: DEAD });
  });

  test('of eight concurrent verification forms one succeeds', async () => {
    const { ada, path } = await verification();
    const outcomes = await allAtOnce(8, async () => {
      const { status } = await open(path, { password: ada.password });
      if (status !== 200) throw new Error(String(status));
    });
    expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(1);
  });

  test('used, expired and unknown links show the same 410 page', async () => {
    const [used, expired] = [await verification(), await verification()];
    await open(used.path, { password: used.ada.password });
    await accounts.gateway.sql`update portcullis_private.one_time_tokens set expires_at = now()
      where user_id = ${expired.ada.user.id}`;
    const pages = [];
    for (const path of [
      used.path,
      expired.path,
      '/mail/verify-email/made-up',
      '/mail/reset-password/made-up',
    ])
      for (const form of [undefined, { new_password: '12345678', repeat: '12345678' }])
        pages.push(await open(path, form));
    for (const { status, html } of pages)
      expect({ status, html }).toEqual({ status: 410, html: pages[0]?.html });
  });

  test.each([
    ['a page of another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['a page of a sibling domain', { 'sec-fetch-site': 'same-site' }],
    ['a page of another site in an old browser', { origin: 'https://evil.example' }],
    ['a site whose origin begins like the gateway’s', { origin: `${PUBLIC_URL}.evil.example` }],
  ])('the verification page answers 403 to a form from %s', async (_where, headers) => {
    const { ada, path } = await verification();
    const refused = await open(path, {}, headers);
    expect(refused).toMatchObject({ status: 403, title: 'That did not work' });
    expect(refused.html).toContain('This request came from another site.');
    expect(await isVerified(ada.user.id)).toBe(false);
  });

  test.each([
    ['the gateway itself', { 'sec-fetch-site': 'same-origin', origin: 'null' }],
    ['the gateway itself in an old browser', { origin: PUBLIC_URL }],
    ['an old browser that hides the origin', { origin: 'null' }],
    ['a client without origin headers', {}],
  ])('the verification page accepts a form from %s', async (_where, headers) => {
    const { ada, path } = await verification();
    expect((await open(path, { password: ada.password }, headers)).status).toBe(200);
    expect(await isVerified(ada.user.id)).toBe(true);
  });

  test('the reset page answers 415 to JSON, 413 to a large form and 405 to PUT', async () => {
    const { path } = await resetPage();
    expect(await open(path, '{}', { 'content-type': 'application/json' })).toMatchObject({ status: 415 });
    expect(await open(path, { new_password: 'x'.repeat(20_000) })).toMatchObject({ status: 413 });
    const put = await fetch(accounts.gateway.url + path, { method: 'PUT' });
    expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET, POST']);
  });

  test('a mailed page forbids scripts, subresources, frames, caches and the Referer header', async () => {
    const { path } = await verification();
    for (const { headers, html } of [
      await open(path),
      await open('/mail/verify-email/x'),
      await open(path, {}),
    ]) {
      expect(headers.get('content-security-policy')).toMatch(
        /^default-src 'none'; style-src 'sha256-[\w+/]{43}='; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
      );
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-type')).toBe('text/html; charset=UTF-8');
      expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
      expect(html).not.toMatch(/<script|<img|<link|style="| on\w+="/);
    }
  });

  test('the log contains the route of a mailed page, not the token or the email address', async () => {
    const { ada, path } = await verification();
    await open(path);
    await open(path, {});
    await open('/mail/reset-password/made-up-token');
    await open(path, {}, { origin: 'https://evil.example' });
    const log = accounts.gateway.logged();
    expect(log).toContain('"route":"/mail/verify-email/:token"');
    expect(log).toContain('"route":"/mail/reset-password/:token"');
    expect(log).not.toContain(path.split('/').at(-1));
    expect(log).not.toContain('made-up-token');
    expect(log).not.toContain(ada.email);
  });

  test('the verification page answers 500 with the request id if the database query fails', async () => {
    const other = await startGateway({ env: { LIMIT_LOGIN_PER_ACCOUNT: '5/60' } });
    await other.sql`alter table portcullis_private.one_time_tokens rename to hidden`;
    const failed = await openPage(other, '/mail/verify-email/x');
    expect(failed).toMatchObject({ status: 500, title: 'That did not work' });
    expect(failed.html).toContain(`Request: ${failed.headers.get('x-request-id')}`);
    expect(failed.html).not.toMatch(/one_time_tokens|relation/);
    await other.close();
  });

  test('a mailed page has the language of MAIL_LOCALE', async () => {
    const other = await startGateway({ env: { MAIL_LOCALE: 'de-AT' } });
    const page = await openPage(other, '/mail/verify-email/x');
    expect(page.title).toBe('Dieser Link gilt nicht mehr');
    expect(page.html).toContain('<html lang="de">');
    await other.close();
  });
});
