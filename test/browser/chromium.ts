import { accessSync, constants } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';

const USUAL_PLACES = [
  ...['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/snap/bin/chromium'],
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

const ARGUMENTS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Starts the machine's Chromium.
 * @throws Error if the machine has no Chromium: a test that did not run has not passed
 */
export function launchChromium(): Promise<Browser> {
  const named = process.env.CHROMIUM;
  const executablePath = (named ? [named] : USUAL_PLACES).find(isProgram);
  if (executablePath === undefined)
    throw new Error(
      `not run: no Chromium found at ${named ?? USUAL_PLACES.join(', ')}; name one in CHROMIUM`,
    );
  return chromium.launch({ executablePath, args: ARGUMENTS });
}

export type Visit = {
  page: Page;
  /** The page's requests to other servers. All of them are refused: the page has no internet. */
  foreignRequests: string[];
  /** Warnings, errors, exceptions and violations of the content security policy. */
  complaints: string[];
  screenshot(name: string): Promise<void>;
};

/** Opens a page in a fresh profile that can reach only the page's own origin. */
export async function visit(browser: Browser, url: string): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const foreignRequests: string[] = [];
  const complaints: string[] = [];
  await context.route('**/*', (route) => {
    const asked = route.request().url();
    if (new URL(asked).origin === new URL(url).origin) return route.continue();
    foreignRequests.push(asked);
    return route.abort();
  });
  const page = await context.newPage();
  page.on('console', (message) => {
    if (['warning', 'error'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.exposeFunction('reportBreach', (breach: string) => complaints.push(breach));
  await page.addInitScript(
    "addEventListener('securitypolicyviolation', (e) => reportBreach(e.violatedDirective + ' ' + e.blockedURI))",
  );
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-screenshots-'));
  process.stdout.write(`Screenshots: ${folder}\n`);
  const screenshot = async (name: string) =>
    void (await page.screenshot({ path: join(folder, `${name}.png`) }));
  await page.goto(url);
  return { page, foreignRequests, complaints, screenshot };
}
