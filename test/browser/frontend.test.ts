import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStage, type Stage } from '../hasura/scenarios/frontend.ts';
import { frontendFile } from '../readme/blocks.ts';
import { ADDRESS, type Tab, type Tokens } from '../readme/tabs.ts';
import { newPerson } from '../support/gateway.ts';
import { launchChromium } from './chromium.ts';

// `hasura/frontend/session.ts` in a page, with a real `localStorage`, real cookies and the same-origin policy.

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

/** Serves a site on its own origin, whose only page loads `session.ts`. */
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
  // Hasura on the page's own site, so that the page's cookies are sent.
  const hasura = stage.engine.url.replace('127.0.0.1', 'localhost');
  code = edit((await frontendFile('session.ts')).replaceAll(ADDRESS, hasura));
  const context = beside?.context() ?? (await browser.newContext());
  const page = await context.newPage();
  await page.goto(origin(on));
  await page.waitForFunction(() => window.session !== undefined);
  return page;
}

const queryMine = (page: Page) => page.evaluate(() => window.session.query(window.session.MINE));
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

test('a person signs up, refreshes an expired token in two tabs at once, and logs out', async () => {
  const ada = person();
  const page = await openPage();
  await page.evaluate((input) => window.session.signup(input), ada);
  expect(await queryMine(page)).toMatchObject({
    me: { email: ada.email },
    portcullis_sessions: [{}],
  });
  await page.reload();
  await page.waitForFunction(() => window.session !== undefined);
  const other = await openPage(site, undefined, page);
  await expire(page);
  const asked = [page, other, page, other].map(queryMine);
  for (const answer of await Promise.all(asked)) expect(answer).toMatchObject({ me: { email: ada.email } });
  expect(await stored(page)).toEqual(await stored(other));
  await other.evaluate(() => window.session.logout());
  expect(await stored(page)).toEqual({});
  expect(await queryMine(page).catch((error: Error) => error.message)).toContain('not found in type');
});

/** The number of connections to this database that wait for a lock. */
async function countLockWaits(sql: Stage['gateway']['sql']): Promise<number> {
  const rows = await sql`
    select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  return rows.length;
}

const withCookie = (text: string) =>
  text.replace('new Request(HASURA, init)', "new Request(HASURA, { ...init, credentials: 'include' })");

test('with the change for cookies the refresh token works and scripts cannot read it', async () => {
  const bob = person();
  const page = await openPage(site, withCookie);
  await page.evaluate((input) => window.session.signup(input), { ...bob, cookie: true });
  expect(await stored(page)).toMatchObject({ refreshToken: null });
  expect(await page.evaluate(() => document.cookie)).toBe('');
  await expire(page);
  expect(await queryMine(page)).toMatchObject({ me: { email: bob.email } });
  await page.evaluate(() => window.session.logout());
  expect(await page.context().cookies()).toEqual([]);
});

test('with cookies a refresh that answers after another person’s sign-up changes no signed-in user', async () => {
  const { sql } = stage.gateway;
  const [carol, dave] = [person(), person()];
  const page = await openPage(site, withCookie);
  const signUp = (input: object) => page.evaluate((given) => window.session.signup(given), input);
  await signUp({ ...carol, cookie: true });
  await expire(page);
  const { user } = await stored(page);
  const asked = await sql.begin(async (tx) => {
    await tx`select from portcullis.sessions where user_id = ${user?.id ?? ''} for update`;
    const refused = queryMine(page).catch((error: Error) => error.message);
    await expect.poll(() => countLockWaits(sql)).toBe(1);
    await signUp({ ...dave, cookie: true });
    return { refused };
  });
  const daves = await stored(page);
  expect(await asked.refused).toContain('JWTExpired');
  expect(await stored(page)).toEqual(daves);
  expect(await queryMine(page)).toMatchObject({ me: { email: dave.email } });
  // By now the cookie holds Carol's refresh token.
  await expire(page);
  expect(await queryMine(page).catch((error: Error) => error.message)).toContain('JWTExpired');
  expect(await stored(page)).toEqual({});
});

test('a page of another origin cannot call Hasura', async () => {
  const page = await openPage(elsewhere);
  const refused = page.evaluate((input) => window.session.signup(input), person());
  expect(await refused.catch((error: Error) => error.message)).toContain('Failed to fetch');
});
