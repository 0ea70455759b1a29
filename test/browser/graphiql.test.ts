import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exampleTabs } from '../../src/http/graphiql-examples.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { launchChromium, type Visit, visit } from './chromium.ts';

let gateway: TestGateway;
let browser: Browser;
let opened: Visit;

/** Monaco shows spaces as no-break spaces, and only the lines that are in view. */
const textOf = async (selector: string): Promise<string> =>
  (await opened.page.locator(selector).first().innerText()).replaceAll('\u00a0', ' ');

beforeAll(async () => {
  browser = await launchChromium();
  gateway = await startGateway();
  opened = await visit(browser, `${gateway.url}/graphql`);
});
afterAll(async () => {
  await browser?.close();
  await gateway?.close();
});

describe('x', () => {
  test('look', async () => {
    const { page } = opened;
    await page.waitForSelector('.graphiql-execute-button', { timeout: 20_000 });
    await page.waitForTimeout(3000);
    await opened.screenshot('1-open');
    console.log(await page.locator('.graphiql-tab').allInnerTexts(), await page.title());
    await page.locator('.graphiql-execute-button').click();
    await page.waitForTimeout(1500);
    await opened.screenshot('2-first');
    console.log(await textOf('.graphiql-response'));
    const where = async (what: string) =>
      console.log(what, await page.evaluate("[...document.querySelectorAll('.graphiql-tab')].map(e => e.style.transform + ' ' + Math.round(e.getBoundingClientRect().x) + (e.className.includes('active') ? '*' : '')).join(' | ')"));
    await page.evaluate("for (const t of ['pointerdown','pointerup','click','mousedown','mouseup','pointercancel','pointermove']) addEventListener(t, (e) => { (globalThis.seen ??= []).push(t + ' ' + e.target.className + ' ' + e.defaultPrevented) }, true)");
    await where('before');
    const box = (await page.locator('.graphiql-tab-button').nth(1).boundingBox())!;
    console.log(box);
    await page.mouse.move(box.x + 20, box.y + 10);
    await where('moved');
    await page.waitForTimeout(500);
    await where('moved+500');
    await page.mouse.down();
    await page.waitForTimeout(50);
    await where('down');
    await page.mouse.up();
    await page.waitForTimeout(50);
    await where('up');
    await page.waitForTimeout(500);
    await where('up+500');
    console.log(await page.evaluate('seen'));
    await opened.screenshot('3-signup');
    await page.locator('.graphiql-execute-button').click();
    await page.waitForTimeout(1500);
    await opened.screenshot('4-signup');
    await page.locator('.graphiql-sidebar button').first().click();
    await page.waitForTimeout(700);
    await opened.screenshot('5-docs');
    console.log(opened.foreignRequests, opened.complaints, exampleTabs.length, page.url());
  });
});
