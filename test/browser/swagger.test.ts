import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { launchChromium, visit } from './chromium.ts';

let gateway: TestGateway;
let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
  gateway = await startGateway();
});
afterAll(async () => {
  await browser?.close();
  await gateway?.close();
});

test('/swagger lists and calls the endpoints without requests to other servers and without warnings', async () => {
  const opened = await visit(browser, `${gateway.url}/swagger`);
  await opened.page.waitForSelector('#operations-Teams-login');
  const text = await opened.page.locator('body').innerText();
  for (const path of [
    '/api/v1/signup',
    '/api/verify-email/{token}',
    '/api/_jwk-gen',
    '/.well-known/jwks.json',
  ])
    expect(text).toContain(path);
  await opened.page.locator('#operations-Portal-portalLogin').click();
  await opened.page.waitForSelector(
    '#operations-Portal-portalLogin .parameters, #operations-Portal-portalLogin .opblock-body',
  );
  const login = opened.page.locator('#operations-Portal-portalLogin');
  await login.locator('button.execute').click();
  await expect
    .poll(() => login.locator('.live-responses-table').innerText())
    .toContain('invalid_credentials');
  await opened.screenshot('swagger');
  expect(opened.foreignRequests).toEqual([]);
  // The only warning is Chromium's own, about the expected 400.
  expect(opened.complaints.filter((complaint) => !complaint.includes('status of 400'))).toEqual([]);
});
