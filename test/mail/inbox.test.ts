import { request } from 'node:http';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMailInbox } from '../../src/mail/inbox.ts';
import { newPerson, signUp, startGateway, type TestGateway } from '../support/gateway.ts';
import { startSmtp } from './smtp.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ env: { HOST: '0.0.0.0' } });
});
afterAll(() => gateway.close());

type Answer = { status: number; headers: Record<string, unknown>; text: string };

/** `fetch` does not allow a test to set the Host header. */
const get = (path: string, headers: Record<string, string> = {}, host = '127.0.0.1'): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const call = request({ host, port: new URL(gateway.url).port, path, headers }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    });
    call.on('error', reject).end();
  });

/** The path of the inbox, or of one of its mails. */
const inbox = (id = '') => `/mail/inbox/${gateway.deps.mailInbox?.key}${id && `/${id}`}`;

const received = async (count: number) => {
  await expect.poll(() => gateway.deps.mailInbox?.list().length).toBe(count);
  return gateway.deps.mailInbox?.list() ?? [];
};

test('without SMTP_URL the inbox shows mails to this machine, as text and HTML', async () => {
  expect((await get(inbox())).text).toContain('No mail has arrived yet.');
  const person = newPerson();
  await signUp(gateway, person);
  const [mail] = await received(1);
  const list = await get(inbox(), { host: 'localhost:4000' });
  expect(list).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
  expect(list.text).toContain(person.email);
  expect(list.text).toContain(`href="${inbox(mail?.id)}"`);
  const page = await get(inbox(mail?.id));
  expect(page.text).toContain(`href="${inbox()}"`);
  const link = /https:\S+/.exec(mail?.text ?? '')?.[0];
  expect(page.text).toContain(`<a href="${link}" rel="noreferrer">`);
  expect(page.text).toMatch(/<iframe sandbox="" [^>]*srcdoc="&lt;!doctype html&gt;/);
  expect(page.headers['content-security-policy']).toContain("default-src 'none'");
  expect(page.text).not.toContain('<script');
  expect((await get(inbox('999'))).status).toBe(404);
});

test('the inbox answers 403 to a request with a proxy’s header', async () => {
  const headers = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via', 'x-forwarded-host'];
  for (const path of [inbox(), inbox('1')])
    for (const header of headers) expect((await get(path, { [header]: '127.0.0.1' })).status).toBe(403);
});

test('the inbox answers 403 to a foreign Host header, as in DNS rebinding', async () => {
  for (const host of [
    'evil.example',
    'evil.example:4000',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
  ])
    expect((await get(inbox(), { host })).status).toBe(403);
  for (const host of ['localhost', '127.0.0.1:4000', '[::1]:4000', 'auth.localhost'])
    expect((await get(inbox(), { host })).status).toBe(200);
});

test('the inbox answers 403 to another machine', async ({ skip }) => {
  const address = Object.values(networkInterfaces())
    .flat()
    .find((face) => face?.family === 'IPv4' && !face.internal)?.address;
  if (address === undefined) return skip('This machine has no address beside loopback.');
  expect((await get(inbox(), { host: 'localhost' }, address)).status).toBe(403);
});

// A proxy on this machine makes every request look local.
test('the inbox answers 404 without its own key', async () => {
  const key = gateway.deps.mailInbox?.key ?? '';
  expect(key).toHaveLength(22);
  for (const guess of ['', '/', '/1', '/x/1', `/${key.slice(1)}`, `/${key}x`, `/${'A'.repeat(22)}/1`])
    expect((await get(`/mail/inbox${guess}`)).status).toBe(404);
  expect(createMailInbox().key).not.toBe(key);
});

test('the inbox escapes hostile text in every part of a mail', async () => {
  gateway.deps.mailInbox?.deliver({
    messageId: '<1@example.com>',
    to: '"><script>alert(1)</script>@example.com',
    subject: '<img src=x onerror=alert(2)>',
    text: '</pre><s>alert(3)</script> https://example.com/"onclick="alert(4)',
    html: '"></iframe><script>alert(5)</script>',
  });
  const [mail] = gateway.deps.mailInbox?.list() ?? [];
  for (const path of [inbox(), inbox(mail?.id)])
    expect((await get(path)).text).not.toMatch(/<script|<img|"onclick|"><\/iframe><|<\/pre><s/);
});

test('the inbox keeps the newest 100 mails', () => {
  const mails = createMailInbox();
  for (let i = 1; i <= 101; i++)
    mails.deliver({ messageId: `<${i}@example.com>`, to: '', subject: String(i), text: '', html: '' });
  expect(mails.list().map(({ subject }) => subject)).toEqual(
    Array.from({ length: 100 }, (_, index) => String(101 - index)),
  );
});

test('the inbox answers 404 if SMTP_URL is a mail server or off', async () => {
  const smtp = await startSmtp();
  for (const SMTP_URL of [smtp.url, 'off']) {
    const other = await startGateway({ env: { SMTP_URL } });
    expect((await fetch(`${other.url}/mail/inbox`)).status).toBe(404);
    expect((await fetch(`${other.url}/mail/inbox/1`)).status).toBe(404);
    await other.close();
  }
  await smtp.stop();
});

test('SMTP_URL=off drops mails with a warning that does not contain the address', async () => {
  const other = await startGateway({ env: { SMTP_URL: 'off' } });
  const { email } = await signUp(other).then(({ user }) => user);
  await expect.poll(() => other.logged()).toContain('A mail was dropped');
  expect(other.logged()).toContain('SMTP_URL is off: no mail is sent.');
  expect(other.logged()).not.toContain(email);
  await other.close();
});
