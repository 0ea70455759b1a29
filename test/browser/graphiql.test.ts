import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exampleTabs } from '../../src/http/graphiql-examples.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { launchChromium, type Visit, visit } from './chromium.ts';

let gateway: TestGateway;
let browser: Browser;
let opened: Visit;

beforeAll(async () => {
  browser = await launchChromium();
  gateway = await startGateway();
  opened = await visit(browser, `${gateway.url}/graphql`);
  await opened.page.waitForSelector('.graphiql-execute-button');
});
afterAll(async () => {
  await browser?.close();
  await gateway?.close();
});

const QUERY = '.graphiql-query-editor';
const VARIABLES = '.graphiql-editor-tool .graphiql-editor >> nth=0';
const HEADERS = '.graphiql-editor-tool .graphiql-editor >> nth=1';
const RESPONSE = '.graphiql-response';

/** Removes white space, which Monaco changes: it wraps lines and shows spaces as no-break spaces. */
const squeeze = (text: string): string => text.replace(/\s/g, '');
const shown = async (selector: string): Promise<string> =>
  squeeze((await opened.page.locator(`${selector} >> .view-lines`).first().textContent()) ?? '');

const openTab = (name: string) => opened.page.locator('.graphiql-tab-button', { hasText: name }).click();
async function send(): Promise<void> {
  // GraphiQL reads an operation's name a tenth of a second after the name appears.
  await opened.page.waitForTimeout(300);
  await opened.page.locator('.graphiql-execute-button').click();
}
const openTool = (name: string) =>
  opened.page.locator('.graphiql-editor-tools button', { hasText: name }).click();

async function write(selector: string, text: string): Promise<void> {
  await opened.page.locator(`${selector} >> .view-lines`).click();
  await opened.page.keyboard.press('ControlOrMeta+A');
  await opened.page.keyboard.press('Delete');
  await opened.page.keyboard.insertText(text);
}

describe('GraphiQL in a browser', () => {
  test('opens with the examples, the first one in front', async () => {
    const { page, screenshot } = opened;
    const names = exampleTabs.map(({ query }) => /(?:query|mutation) (\w+)/.exec(query)?.[1]);
    expect(await page.title()).toBe('Portcullis');
    await expect.poll(() => page.locator('.graphiql-tab-button').allTextContents()).toEqual(names);
    expect(await page.locator('.graphiql-tab-active').innerText()).toBe(names[0]);
    await expect.poll(() => shown(QUERY)).toBe(squeeze(exampleTabs[0].query));
    expect(await page.locator('body').innerText()).not.toMatch(/yoga/i);
    await screenshot('1-opened');
  });

  test('shows the operation, variables and headers of each example', async () => {
    for (const { query, variables, headers } of exampleTabs) {
      await openTab(/(?:query|mutation) (\w+)/.exec(query)?.[1] ?? '');
      await expect.poll(() => shown(QUERY)).toBe(squeeze(query));
      await openTool('Headers');
      await expect.poll(() => shown(HEADERS)).toBe(squeeze(headers ?? ''));
      await openTool('Variables');
      await expect.poll(() => shown(VARIABLES)).toBe(squeeze(variables ?? ''));
    }
  });

  test('runs the first example, authConfig', async () => {
    await openTab('AuthConfig');
    await send();
    await expect
      .poll(() => shown(RESPONSE))
      .toContain('{"data":{"authConfig":{"signup":true,"passwordMinLength":8,');
    await opened.screenshot('2-auth-config');
  });

  test('runs a sign-up, and then me with its token', async () => {
    const { page, screenshot } = opened;
    await openTab('Signup');
    const answered = page.waitForResponse(
      (response) => response.request().postData()?.includes('Signup') === true,
    );
    await send();
    const { data } = (await (await answered).json()) as { data: { signup: { accessToken: string } } };
    await expect.poll(() => shown(RESPONSE)).toContain('{"data":{"signup":{"accessToken":"eyJ');
    await screenshot('3-signup');

    await openTab('Me');
    await openTool('Headers');
    await screenshot('4-me-before');
    await write(HEADERS, JSON.stringify({ authorization: `Bearer ${data.signup.accessToken}` }));
    await send();
    await expect.poll(() => shown(RESPONSE)).toContain('"email":"ada@example.com"');
    await screenshot('5-me');
  });

  test('underlines a field that the schema does not have', async () => {
    await openTab('ContractAddresses');
    await write(QUERY, 'query ContractAddresses { contractAddresses { nonsense } }');
    await opened.page.waitForSelector(`${QUERY} .squiggly-error`);
    await opened.screenshot('6-underlined');
  });

  test('shows the descriptions of the schema', async () => {
    const { page, screenshot } = opened;
    await page.locator('.graphiql-sidebar button').first().click();
    const docs = page.locator('.graphiql-doc-explorer');
    await docs.getByText('Mutation', { exact: true }).click();
    await expect.poll(() => docs.innerText()).toContain('Signs up: creates an account');
    await docs.getByRole('link', { name: 'login', exact: true }).click();
    await docs.getByText('LoginInput').first().click();
    await expect.poll(() => docs.innerText()).toContain('Case and surrounding spaces do not matter.');
    await screenshot('7-docs');
  });

  test('sends no request to other servers and logs no warning', () => {
    expect(opened.foreignRequests).toEqual([]);
    expect(opened.complaints).toEqual([]);
  });
});

describe('GET /graphql', () => {
  const get = (url: string, headers: Record<string, string>, method = 'GET') =>
    fetch(`${url}/graphql`, { method, headers });
  const html = { accept: 'text/html' };

  test('answers with the page, compressed for clients that accept gzip', async () => {
    const [zipped, plain] = await Promise.all(
      ['gzip', 'identity'].map((encoding) => get(gateway.url, { ...html, 'accept-encoding': encoding })),
    );
    expect(zipped?.headers.get('content-encoding')).toBe('gzip');
    expect(plain?.headers.get('content-encoding')).toBeNull();
    expect(plain?.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const page = await plain?.text();
    expect(page).toMatch(/^\s*<!doctype html>/);
    expect(await zipped?.text()).toBe(page);
  });

  test('allows one script and connections only to the gateway', async () => {
    const { headers } = await get(gateway.url, html);
    const policy = headers.get('content-security-policy');
    expect(policy).toMatch(/script-src 'sha256-[\w+/]{43}='; /);
    expect(policy).toContain("connect-src 'self'");
    expect(policy).not.toMatch(/unsafe-eval|https?:|\*/);
  });

  test.each([
    ['a GET that does not accept HTML', 'GET', { accept: 'application/json' }],
    ['a HEAD', 'HEAD', { accept: '*/*' }],
  ])('answers 405 to %s', async (_what, method, headers) => {
    const response = await get(gateway.url, headers, method);
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  });

  test.each([
    ['with GRAPHIQL=off', { GRAPHIQL: 'off' }],
    ['in production by default', { NODE_ENV: 'production', SMTP_URL: 'off' }],
  ])('answers 405 %s', async (_where, env) => {
    const other = await startGateway({ env });
    const response = await get(other.url, html);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      405,
      'application/json; charset=utf-8',
    ]);
    await other.close();
  });
});
