import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStage, type Stage } from '../hasura/scenarios/frontend.ts';
import { frontendFile } from '../readme/blocks.ts';
import { ADDRESS, type Tab, type Tokens } from '../readme/tabs.ts';
import { newPerson } from '../support/gateway.ts';
import { launchChromium } from './chromium.ts';

// `hasura/frontend/session.ts` in a page: with a real `localStorage`, real cookies, and the rules of an origin.

declare global {
  interface Window {
    session: Tab;
  }
}

let browser: Browser;
let stage: Stage;
let site: Server;
let elsewhere: Server;
let code: string;
const origin = (server: Server) => `http://localhost:${(server.address() as AddressInfo).port}`;

/** A site of its own origin, whose one page loads `session.ts`. */
async function serveSite(): Promise<Server> {
  const server = createServer(({ url }, response) => {
    const isCode = url === '/session.js';
    response.setHeader('content-type', isCode ? 'text/javascript' : 'text/html');
    const page =
      "<script type=module>import * as session from '/session.js'; window.session = session;</script>";
    response.end(isCode ? code : page);
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  return server;
}

beforeAll(async () => {
  browser = await launchChromium();
  [site, elsewhere] = [await serveSite(), await serveSite()];
  stage = await openStage({
    env: { REFRESH_COOKIE: 'lax', CORS_ORIGINS: origin(site) },
    engine: { env: { HASURA_GRAPHQL_CORS_DOMAIN: origin(site) } },
  });
});
afterAll(async () => {
  await browser?.close();
  await stage?.close();
  site?.close();
  elsewhere?.close();
});

async function openPage(on = site, edit = (text: string) => text, beside?: Page): Promise<Page> {
  // Of the page's own site, so that its cookies go along.
  const hasura = stage.engine.url.replace('127.0.0.1', 'localhost');
  code = edit((await frontendFile('session.ts')).replaceAll(ADDRESS, hasura));
  const context = beside?.context() ?? (await browser.newContext());
  const page = await context.newPage();
  await page.goto(origin(on));
  await page.waitForFunction(() => window.session !== undefined);
  return page;
}

const mine = (page: Page) => page.evaluate(() => window.session.query(window.session.MINE));
const stored = (page: Page): Promise<Tokens> => page.evaluate(() => window.session.stored());
async function expire(page: Page): Promise<void> {
  const tokens = await stored(page);
  const accessToken = await stage.aged(tokens.accessToken ?? '', 16 * 60);
  await page.evaluate((held) => window.session.store(held), { ...tokens, accessToken });
}
const person = () => {
  const { email, password, name } = newPerson();
  return { email, password, name };
};

test('somebody signs up, comes back after the token has expired in two tabs at once, and logs out', async () => {
  const ada = person();
  const page = await openPage();
  await page.evaluate((input) => window.session.signup(input), ada);
  expect(await mine(page)).toMatchObject({
    me: { email: ada.email },
    portcullis_sessions: [{}],
  });
  await page.reload();
  await page.waitForFunction(() => window.session !== undefined);
  const other = await openPage(site, undefined, page);
  await expire(page);
  const asked = [page, other, page, other].map(mine);
  for (const answer of await Promise.all(asked)) expect(answer).toMatchObject({ me: { email: ada.email } });
  expect(await stored(page)).toEqual(await stored(other));
  await other.evaluate(() => window.session.logout());
  expect(await stored(page)).toEqual({});
  expect(await mine(page).catch((error: Error) => error.message)).toContain('not found in type');
});

/** How many connections to this database wait for a row that another one holds. */
async function waiting(sql: Stage['gateway']['sql']): Promise<number> {
  const rows = await sql`
    select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  return rows.length;
}

const withCookie = (text: string) =>
  text.replace('new Request(HASURA, init)', "new Request(HASURA, { ...init, credentials: 'include' })");

test('with its change for cookies the refresh token is out of reach of scripts, and works', async () => {
  const bob = person();
  const page = await openPage(site, withCookie);
  await page.evaluate((input) => window.session.signup(input), { ...bob, cookie: true });
  expect(await stored(page)).toMatchObject({ refreshToken: null });
  expect(await page.evaluate(() => document.cookie)).toBe('');
  await expire(page);
  expect(await mine(page)).toMatchObject({ me: { email: bob.email } });
  await page.evaluate(() => window.session.logout());
  expect(await page.context().cookies()).toEqual([]);
});

test('with cookies, a refresh that answers after somebody else has signed up makes nobody somebody else', async () => {
  const { sql } = stage.gateway;
  const [carol, dave] = [person(), person()];
  const page = await openPage(site, withCookie);
  const signUp = (input: object) => page.evaluate((given) => window.session.signup(given), input);
  await signUp({ ...carol, cookie: true });
  await expire(page);
  const { user } = await stored(page);
  const asked = await sql.begin(async (tx) => {
    await tx`select from portcullis.sessions where user_id = ${user?.id ?? ''} for update`;
    const refused = mine(page).catch((error: Error) => error.message);
    await expect.poll(() => waiting(sql)).toBe(1);
    await signUp({ ...dave, cookie: true });
    return { refused };
  });
  const daves = await stored(page);
  expect(await asked.refused).toContain('JWTExpired');
  expect(await stored(page)).toEqual(daves);
  expect(await mine(page)).toMatchObject({ me: { email: dave.email } });
  // The cookie is Carol's by now.
  await expire(page);
  expect(await mine(page).catch((error: Error) => error.message)).toContain('JWTExpired');
  expect(await stored(page)).toEqual({});
});

test('a page of another origin gets to read nothing', async () => {
  const page = await openPage(elsewhere);
  const refused = page.evaluate((input) => window.session.signup(input), person());
  expect(await refused.catch((error: Error) => error.message)).toContain('Failed to fetch');
});
