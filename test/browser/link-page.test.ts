import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Codes, startCodes } from '../gotrue/codes.ts';
import { newPerson, signUp } from '../support/gateway.ts';
import { launchChromium } from './chromium.ts';

// The page of a mailed link, whose form leads to another site. Browsers check that redirect against the page's policy.

let application: Server;
let site: string;
let codes: Codes;
let browser: Browser;

beforeAll(async () => {
  application = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end('<h1>The application</h1>');
  });
  await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve));
  site = `http://localhost:${(application.address() as AddressInfo).port}`;
  codes = await startCodes({ LINK_CONFIRMATION: 'on', APP_URL: site });
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  await codes?.close();
  application?.close();
});

async function openMailed(email: string): Promise<Page> {
  await codes.post('/otp', { email });
  const { link } = await codes.mailed(email);
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(codes.gateway.url + link.pathname + link.search);
  return page;
}

test('leads to the application with the session, without scripts', async () => {
  const page = await openMailed(newPerson().email);
  expect(await page.locator('h1').innerText()).toBe('Confirm your email address');
  await page.getByRole('button', { name: 'Confirm and sign in' }).click();
  await page.getByRole('heading', { name: 'The application' }).waitFor();
  expect(page.url()).toMatch(new RegExp(`^${site}/#access_token=.*&sb=&token_type=bearer&type=signup$`));
});

test('asks for the password of a sign-up, and leads on with it', async () => {
  const person = newPerson();
  await signUp(codes.gateway, person);
  const page = await openMailed(person.email);
  await page.getByLabel('Password').fill('a wrong password');
  await page.getByRole('button', { name: 'Confirm and sign in' }).click();
  expect(await page.getByRole('alert').innerText()).toBe('This password is wrong.');
  await page.getByLabel('Password').fill(person.password);
  await page.getByRole('button', { name: 'Confirm and sign in' }).click();
  await page.getByRole('heading', { name: 'The application' }).waitFor();
});

test('lets the owner of the mailbox say that they did not sign up', async () => {
  const person = newPerson();
  await signUp(codes.gateway, person);
  const page = await openMailed(person.email);
  await page.getByRole('button', { name: 'I did not sign up' }).click();
  await page.getByRole('heading', { name: 'The application' }).waitFor();
});
