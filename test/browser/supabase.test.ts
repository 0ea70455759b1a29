import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { createClient, SupabaseClient } from '@supabase/supabase-js';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { linkOf, nthMailTo } from '../gotrue/mailbox.ts';
import { startSmtp, type TestSmtp } from '../mail/smtp.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { launchChromium } from './chromium.ts';

// supabase-js in pages of another origin than the gateway's, with a real localStorage, real locks between tabs and the
// browser's own CORS.

declare global {
  interface Window {
    supabase: { createClient: typeof createClient };
    client: SupabaseClient;
  }
}

let browser: Browser;
let site: Server;
let stranger: Server;
let smtp: TestSmtp;
let gateway: TestGateway;
let screenshots: string;

const originOf = (server: Server) => `http://localhost:${(server.address() as AddressInfo).port}`;

const page = (url: string) => `<!doctype html><meta charset=utf-8><title>Notes</title>
<style>body { font: 1.2rem system-ui; margin: 3rem } dt { color: #666 }</style>
<h1>Notes</h1><dl><dt>Events</dt><dd id=events></dd><dt>Signed in as</dt><dd id=person>-</dd></dl>
<script src=/supabase.js></script>
<script>
  window.client = supabase.createClient('${url}/gotrue', 'anon', { auth: { flowType: 'pkce' } });
  client.auth.onAuthStateChange((event, session) => {
    events.textContent += event + ' ';
    person.textContent = session?.user?.email ?? '-';
  });
</script>`;

/** Serves an application on an origin of its own: one page with supabase-js. */
async function serveSite(): Promise<Server> {
  const file = createRequire(import.meta.url).resolve('@supabase/supabase-js/dist/umd/supabase.js');
  const library = await readFile(file, 'utf8');
  const server = createServer(({ url }, response) => {
    const isLibrary = url === '/supabase.js';
    response.setHeader('content-type', isLibrary ? 'text/javascript' : 'text/html');
    response.end(isLibrary ? library : page(gateway.url));
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  return server;
}

beforeAll(async () => {
  browser = await launchChromium();
  [site, stranger, smtp] = [await serveSite(), await serveSite(), await startSmtp()];
  gateway = await startGateway({
    env: {
      DIALECTS: 'gotrue',
      APP_URL: originOf(site),
      REDIRECT_URLS: `${originOf(site)}/**`,
      CORS_ORIGINS: originOf(site),
      SMTP_URL: smtp.url,
    },
  });
  screenshots = await mkdtemp(join(tmpdir(), 'portcullis-screenshots-'));
  process.stdout.write(`Screenshots: ${screenshots}\n`);
});
afterAll(async () => {
  await browser?.close();
  await gateway?.close();
  await smtp?.stop();
  site?.close();
  stranger?.close();
});

async function openPage(context: BrowserContext, url = originOf(site)): Promise<Page> {
  const opened = await context.newPage();
  await opened.goto(url);
  await opened.waitForFunction(() => window.client !== undefined);
  return opened;
}

const newPerson = () => ({
  email: `person-${randomBytes(6).toString('hex')}@example.com`,
  password: 'Correct-horse-1',
});

const signedInAs = (on: Page, email: string) =>
  on.waitForFunction((expected) => document.querySelector('#person')?.textContent === expected, email);

/** Opens the link of a mail in a tab, as a person does, and lands where the gateway redirects. */
async function follow(context: BrowserContext, email: string, count = 1): Promise<Page> {
  const { pathname, search } = linkOf(await nthMailTo(smtp, email, count));
  return openPage(context, `${gateway.url}${pathname}${search}`);
}

test('a person signs up, follows the mailed link, refreshes, signs out and signs in again', async () => {
  const context = await browser.newContext();
  const person = newPerson();
  const tab = await openPage(context);
  const signedUp = await tab.evaluate(
    (input) => window.client.auth.signUp({ ...input, options: { emailRedirectTo: `${location.origin}/in` } }),
    person,
  );
  expect([signedUp.error, signedUp.data.session, signedUp.data.user?.email]).toEqual([
    null,
    null,
    person.email,
  ]);

  const landed = await follow(context, person.email);
  await signedInAs(landed, person.email);
  // The client takes the code of PKCE out of the address.
  expect(landed.url()).toBe(`${originOf(site)}/in`);
  await landed.screenshot({ path: join(screenshots, 'supabase-signed-in.png') });

  const refreshed = await landed.evaluate(() => window.client.auth.refreshSession());
  expect(refreshed.data.user?.email).toBe(person.email);
  expect(await landed.evaluate(() => window.client.auth.signOut())).toEqual({ error: null });
  await signedInAs(landed, '-');
  const again = await landed.evaluate((input) => window.client.auth.signInWithPassword(input), person);
  expect([again.error, again.data.user?.email]).toEqual([null, person.email]);
  await signedInAs(landed, person.email);
  await context.close();
});

test('two tabs refresh one session at once and share the result, and a sign-out in one reaches the other', async () => {
  const context = await browser.newContext();
  const person = newPerson();
  const one = await openPage(context);
  await one.evaluate((email) => window.client.auth.signInWithOtp({ email }), person.email);
  const landed = await follow(context, person.email);
  await signedInAs(landed, person.email);
  const other = await openPage(context);
  await signedInAs(other, person.email);
  // The client discards the answer of the tab that finds a newer session in the storage.
  await Promise.all([landed, other].map((tab) => tab.evaluate(() => window.client.auth.refreshSession())));
  const sessions = await Promise.all(
    [landed, other].map((tab) => tab.evaluate(() => window.client.auth.getSession())),
  );
  const [first, second] = sessions.map(({ data }) => data.session?.access_token);
  expect([first !== undefined, second]).toEqual([true, first]);
  for (const tab of [landed, other]) {
    const { data } = await tab.evaluate(() => window.client.auth.getUser());
    expect(data.user?.email).toBe(person.email);
  }
  await landed.evaluate(() => window.client.auth.signOut());
  await signedInAs(other, '-');
  await context.close();
});

test('the link of a mail opens no session in another browser', async () => {
  const [mine, theirs] = [await browser.newContext(), await browser.newContext()];
  const { email } = newPerson();
  const tab = await openPage(mine);
  await tab.evaluate((address) => window.client.auth.signInWithOtp({ email: address }), email);
  const landed = await follow(theirs, email);
  const { data } = await landed.evaluate(() => window.client.auth.getSession());
  expect(data.session).toBeNull();
  await Promise.all([mine.close(), theirs.close()]);
});

test('a page of an origin that is not allowed reads no answer of the gateway', async () => {
  const context = await browser.newContext();
  const tab = await openPage(context, originOf(stranger));
  const { error } = await tab.evaluate((input) => window.client.auth.signInWithPassword(input), newPerson());
  expect(error?.name).toBe('AuthRetryableFetchError');
  await context.close();
});
