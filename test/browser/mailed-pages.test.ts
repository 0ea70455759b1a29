import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Accounts, codeOf, FORGOT, join, startAccounts } from '../accounts/accounts.ts';
import { LOGIN, logIn, PUBLIC_URL } from '../support/gateway.ts';
import { launchChromium } from './chromium.ts';

let accounts: Accounts;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let folder: string;
let foreign: string[];
let complaints: string[];

beforeAll(async () => {
  browser = await launchChromium();
  accounts = await startAccounts({ APP_URL: 'https://app.example.com' });
  folder = await mkdtemp(joinPath(tmpdir(), 'portcullis-screenshots-'));
  process.stdout.write(`Screenshots: ${folder}\n`);
});
afterAll(async () => {
  await browser?.close();
  await accounts?.close();
});

const PHONE = { width: 390, height: 760 };

beforeEach(async () => {
  await context?.close();
  context = await browser.newContext({ javaScriptEnabled: false, viewport: PHONE });
  [foreign, complaints] = [[], []];
  await context.route('**/*', (route) => {
    const asked = route.request().url();
    if (asked.startsWith(accounts.gateway.url)) return route.continue();
    foreign.push(asked);
    return route.abort();
  });
  page = await context.newPage();
  page.on('console', (message) => {
    // Chromium logs this for every error answer.
    if (!/status of 4(00|10)/.test(message.text())) complaints.push(message.text());
  });
});

const visit = (link: string) => page.goto(link.replace(PUBLIC_URL, accounts.gateway.url));
const title = () => page.locator('h1').innerText();
const screenshot = (name: string) =>
  page.screenshot({ path: joinPath(folder, `${name}.png`), fullPage: true });
/** The card fits on a phone's screen. */
const fits = async () => {
  const box = await page.locator('.card').boundingBox();
  expect(box?.x).toBeGreaterThanOrEqual(0);
  expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(PHONE.width);
};

describe('a mailed page without scripts', () => {
  test('lets a person verify their address with their password', async () => {
    const ada = await join(accounts);
    const { link } = await accounts.mail(ada.email, 'verify-email');
    await visit(link);
    expect(await title()).toBe('Confirm your email address');
    expect(await page.locator('dd').first().innerText()).toBe(ada.email);
    expect(
      await page
        .locator('button')
        .first()
        .evaluate((node) => getComputedStyle(node).borderRadius),
    ).toBe('8px');
    await fits();
    await screenshot('1-verify');
    const confirm = async (password: string) => {
      await page.getByLabel('Password').fill(password);
      await page.getByRole('button', { name: 'Confirm address' }).click();
    };
    await confirm('not this one');
    expect(await page.getByRole('alert').innerText()).toBe('This password is wrong.');
    await fits();
    await screenshot('1-wrong');
    await confirm(ada.password);
    expect(await title()).toBe('Address confirmed');
    expect(await page.getByRole('link', { name: 'Continue' }).getAttribute('href')).toBe(
      'https://app.example.com',
    );
    await screenshot('2-verified');
    expect((await logIn(accounts.gateway, ada)).user.emailVerified).toBe(true);
    await visit(link);
    expect(await title()).toBe('This link is no longer valid');
    await screenshot('3-used');
    expect([foreign, complaints]).toEqual([[], []]);
  });

  test('lets a person who did not sign up take the account with a new password', async () => {
    const stranger = await join(accounts);
    await visit((await accounts.mail(stranger.email, 'verify-email')).link);
    await page.getByRole('button', { name: 'I did not sign up' }).click();
    expect(await title()).toBe('Set a new password');
    await page.getByLabel('New password', { exact: true }).fill('the owner’s own');
    await page.getByLabel('Repeat the new password').fill('the owner’s own');
    await screenshot('9-disowned');
    await page.getByRole('button', { name: 'Set password' }).click();
    expect(await title()).toBe('Password set');
    await logIn(accounts.gateway, { email: stranger.email, password: 'the owner’s own' });
    expect([foreign, complaints]).toEqual([[], []]);
  });

  test('shows an expired link as invalid, before and after the button', async () => {
    const ada = await join(accounts);
    const { link } = await accounts.mail(ada.email, 'verify-email');
    await visit(link);
    await accounts.gateway.sql`update portcullis_private.one_time_tokens set expires_at = now()`;
    await page.getByLabel('Password').fill(ada.password);
    await page.getByRole('button', { name: 'Confirm address' }).click();
    expect(await title()).toBe('This link is no longer valid');
    await visit(link);
    expect(await title()).toBe('This link is no longer valid');
    await fits();
  });

  test('lets a person set a new password after a weak and a mistyped one', async () => {
    const ada = await join(accounts);
    await accounts.gateway.graphql(FORGOT, { input: { email: ada.email } });
    await visit((await accounts.mail(ada.email, 'reset-password')).link);
    expect(await title()).toBe('Set a new password');
    expect(await page.getByLabel('Account').inputValue()).toBe(ada.email);
    await fits();
    await screenshot('4-reset');
    const fill = async (password: string, repeat = password) => {
      await page.getByLabel('New password', { exact: true }).fill(password);
      await page.getByLabel('Repeat the new password').fill(repeat);
      await page.getByRole('button', { name: 'Set password' }).click();
    };
    await fill('short');
    expect(await page.getByRole('alert').innerText()).toBe(
      'This password is too short: it needs at least 8 characters.',
    );
    expect(await page.getByLabel('New password', { exact: true }).inputValue()).toBe('');
    await fits();
    await screenshot('5-weak');
    await fill('a new pässphrase', 'another one');
    expect(await page.getByRole('alert').innerText()).toBe('The two passwords are not the same.');
    await fill('a new pässphrase');
    expect(await title()).toBe('Password set');
    await screenshot('6-set');
    await logIn(accounts.gateway, { email: ada.email, password: 'a new pässphrase' });
    const input = { email: ada.email, password: ada.password };
    expect(await codeOf(accounts.gateway.failure(LOGIN, { input }))).toBe('invalid_credentials');
    expect([foreign, complaints]).toEqual([[], []]);
  });

  test('works by keyboard, also in dark mode', async () => {
    await page.emulateMedia({ colorScheme: 'dark' });
    const ada = await join(accounts);
    await accounts.gateway.graphql(FORGOT, { input: { email: ada.email } });
    await visit((await accounts.mail(ada.email, 'reset-password')).link);
    await page.getByLabel('New password', { exact: true }).focus();
    await page.keyboard.type('a new passphrase');
    await page.keyboard.press('Tab');
    await page.keyboard.type('a new passphrase');
    await page.keyboard.press('Tab');
    await screenshot('7-dark');
    await page.keyboard.press('Enter');
    await expect.poll(title).toBe('Password set');
  });

  test('explains an invite, and shows an unknown invite as invalid', async () => {
    const ada = await join(accounts, { teamName: 'Analytical Engines' });
    const [row] = await accounts.gateway.sql`
      insert into portcullis.invites (id, team_id, email, role, inviter_id, expires_at)
      select gen_random_uuid(), team_id, 'grace@example.com', 'MEMBER', user_id, now() + interval '7 days'
      from portcullis.memberships where user_id = ${ada.user.id} returning id`;
    await visit(`${PUBLIC_URL}/mail/invite/${row?.id}`);
    expect(await title()).toBe('Join “Analytical Engines”');
    await fits();
    await screenshot('8-invite');
    await visit(`${PUBLIC_URL}/mail/invite/${crypto.randomUUID()}`);
    expect(await title()).toBe('This invite is no longer valid');
    expect([foreign, complaints]).toEqual([[], []]);
  });
});
