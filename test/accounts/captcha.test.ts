import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ConfigError, readConfig } from '../../src/config/read-config.ts';
import { bearer, newPerson, SIGNUP, signUp, startGateway, type TestGateway } from '../support/gateway.ts';
import { codeOf, FORGOT, passSpacing, RESEND } from './accounts.ts';

type Answer = (response: ServerResponse, request: IncomingMessage) => void;
const json =
  (body: unknown, status = 200): Answer =>
  (response) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

/** Plays the captcha provider. */
let asked: URLSearchParams[] = [];
let answer: Answer = json({ success: true });
const provider = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    asked.push(new URLSearchParams(Buffer.concat(chunks).toString()));
    answer(response, request);
  });
});

let verifyUrl = '';
let gateway: TestGateway;
const captcha = (provider: string) => ({
  CAPTCHA_PROVIDER: provider,
  CAPTCHA_SECRET: 'the-captcha-secret',
  CAPTCHA_SITE_KEY: 'the-site-key',
  CAPTCHA_VERIFY_URL: verifyUrl,
});
beforeAll(async () => {
  provider.listen(0, '127.0.0.1');
  await once(provider, 'listening');
  verifyUrl = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/siteverify`;
  gateway = await startGateway({ env: captcha('turnstile') });
});
afterAll(async () => {
  await gateway.close();
  provider.closeAllConnections();
  provider.close();
});
beforeEach(() => {
  asked = [];
  answer = json({ success: true });
});

const forgot = (captchaToken?: string, at = gateway) =>
  at.graphql(FORGOT, { input: { email: newPerson().email, captchaToken } });
const failing = (captchaToken?: string) =>
  codeOf(gateway.failure(FORGOT, { input: { email: newPerson().email, captchaToken } }));

describe('captcha', () => {
  test('a valid solution passes, and the provider gets the secret, the solution and the client’s address', async () => {
    await forgot('a solution');
    expect(asked.map((form) => Object.fromEntries(form))).toEqual([
      { secret: 'the-captcha-secret', response: 'a solution', remoteip: '127.0.0.1' },
    ]);
  });

  test('a missing solution answers required, a wrong one captcha_failed, and no mail is queued', async () => {
    const jobs = () => gateway.sql`select from portcullis_jobs.jobs`;
    expect(await failing()).toBe('required captchaToken');
    expect(await failing('x'.repeat(10_000))).toBe('captcha_failed captchaToken');
    expect(asked).toEqual([]);
    for (const codes of [['invalid-input-response'], ['timeout-or-duplicate'], [], undefined]) {
      answer = json({ success: false, 'error-codes': codes });
      expect(await failing('a guess')).toBe('captcha_failed captchaToken');
    }
    answer = json({ success: false, 'error-codes': ['invalid-input-response'] }, 400);
    expect(await failing('a guess')).toBe('captcha_failed captchaToken');
    const before = await gateway.sql`select count(*)::int from portcullis.security_events`;
    await failing('a guess');
    expect(await gateway.sql`select count(*)::int from portcullis.security_events`).toEqual(before);
    await expect.poll(jobs).toEqual([]);
  });

  test.each<[string, Answer]>([
    ['answers 500', json({ success: true }, 500)],
    ['answers 429', json({ error: 'slow down' }, 429)],
    ['answers HTML', (response) => void response.end('<html>success: true</html>')],
    ['answers a JSON string', json('success')],
    ['answers success as a string', json({ success: 'true' })],
    ['redirects', (response) => void response.writeHead(302, { location: `${verifyUrl}?2` }).end()],
    ['closes the connection', (response) => void response.destroy()],
    [
      'answers an endless body',
      (response) => void response.write(`{"success":true,"x":"${'x'.repeat(100_000)}`),
    ],
    ['does not know the secret key', json({ success: false, 'error-codes': ['invalid-input-secret'] })],
  ])('forgotPassword answers unavailable only as long as the provider %s', async (_what, broken) => {
    answer = broken;
    expect(await failing('a solution')).toBe('unavailable');
    expect(asked.length).toBeLessThanOrEqual(1); // no redirect is followed
    answer = json({ success: true });
    await forgot('a solution');
  });

  test('forgotPassword answers unavailable after five seconds if the provider never answers', async () => {
    answer = () => {};
    const before = performance.now();
    expect(await failing('a solution')).toBe('unavailable');
    expect(performance.now() - before).toBeGreaterThan(4_900);
  });

  test('the log contains neither the secret nor the solution', async () => {
    answer = (response) => void response.end('the-captcha-secret a solution');
    await failing('a solution');
    expect(gateway.logged()).toContain('A captcha could not be checked.');
    expect(gateway.logged()).not.toMatch(/the-captcha-secret|a solution/);
  });

  test('CAPTCHA_FOR names the operations that require a captcha: by default resend and not signup', async () => {
    const { accessToken } = await signUp(gateway);
    await passSpacing(gateway);
    const headers = bearer(accessToken);
    expect(await codeOf(gateway.failure(RESEND, {}, headers))).toBe('required captchaToken');
    answer = json({ success: false });
    const guess = gateway.failure(RESEND, { input: { captchaToken: 'a guess' } }, headers);
    expect(await codeOf(guess)).toBe('captcha_failed captchaToken');
    answer = json({ success: true });
    // The failed calls did not start the waiting time between two mails.
    await gateway.graphql(RESEND, { input: { captchaToken: 'a solution' } }, headers);

    const env = { ...captcha('hcaptcha'), CAPTCHA_FOR: 'signup' };
    const other = await startGateway({ replicaOf: gateway, env });
    expect(await codeOf(other.failure(SIGNUP, { input: newPerson() }))).toBe('required captchaToken');
    const portal = { ...newPerson(), team_name: 'A team' };
    const { body } = await other.post('/api/v1/signup', portal);
    expect(body).toMatchObject({ code: 'required', attribute: 'captcha_token' });
    asked = [];
    await other.graphql(SIGNUP, { input: { ...newPerson(), captchaToken: 'a solution' } });
    expect(Object.fromEntries(asked[0] ?? [])).toMatchObject({ sitekey: 'the-site-key' });
    await forgot(undefined, other);
    expect(await other.graphql('{ authConfig { captcha { provider siteKey requiredFor } } }')).toEqual({
      authConfig: { captcha: { provider: 'hcaptcha', siteKey: 'the-site-key', requiredFor: ['signup'] } },
    });
    await other.close();
  });

  test('wrong solutions are rate_limited per client address, before the provider is asked again', async () => {
    const limited = await startGateway({
      env: { ...captcha('turnstile'), LIMIT_PASSWORD_RESET_PER_ADDRESS: '5/3600' },
    });
    answer = json({ success: false });
    const tries = [];
    for (let n = 0; n < 8; n++)
      tries.push(
        await codeOf(limited.failure(FORGOT, { input: { email: newPerson().email, captchaToken: 'x' } })),
      );
    expect(tries).toEqual([
      ...Array(5).fill('captcha_failed captchaToken'),
      ...Array(3).fill('rate_limited'),
    ]);
    expect(asked).toHaveLength(5);
    await limited.close();
  });

  test('wrong solutions of a signed-in user are rate_limited per user', async () => {
    const limited = await startGateway({
      env: { ...captcha('turnstile'), LIMIT_CHANGES_PER_USER: '3/3600' },
    });
    const { accessToken } = await signUp(limited);
    await passSpacing(limited);
    answer = json({ success: false });
    const tries = [];
    for (let n = 0; n < 5; n++)
      tries.push(
        await codeOf(limited.failure(RESEND, { input: { captchaToken: 'x' } }, bearer(accessToken))),
      );
    expect(tries).toEqual([...Array(3).fill('captcha_failed captchaToken'), 'rate_limited', 'rate_limited']);
    expect(asked).toHaveLength(3);
    await limited.close();
  });

  test('a resend by the teams API names the missing captcha as its query spells it: required capcha', async () => {
    const { accessToken } = await signUp(gateway);
    const resend = await fetch(`${gateway.url}/api/resend-email-verification`, {
      headers: bearer(accessToken),
    });
    expect(await resend.json()).toMatchObject({ code: 'required', attribute: 'capcha' });
  });

  test('at most 100 calls wait for a slow provider, and further calls answer busy', async () => {
    const limited = await startGateway({
      env: { ...captcha('turnstile'), LIMIT_PASSWORD_RESET_PER_ADDRESS: '1000/3600' },
    });
    // A check ends after five seconds. On a busy machine that is before the last call has come, so places are counted.
    let held = 0;
    let most = 0;
    answer = (response) => {
      held += 1;
      most = Math.max(most, held);
      response.on('close', () => (held -= 1));
    };
    const codes = await Promise.all(
      Array.from({ length: 150 }, () =>
        codeOf(limited.failure(FORGOT, { input: { email: newPerson().email, captchaToken: 'x' } })),
      ),
    );
    expect(most).toBeLessThanOrEqual(100);
    expect(most).toBeGreaterThan(50);
    expect(new Set(codes)).toEqual(new Set(['busy', 'unavailable']));
    await limited.close();
  });

  test('the configuration requires both captcha keys, and knows the URL of each provider', () => {
    const base = { CAPTCHA_PROVIDER: 'turnstile' };
    const problems = (env: Record<string, string>): readonly string[] => {
      try {
        readConfig(env);
        return [];
      } catch (error) {
        return (error as ConfigError).problems;
      }
    };
    expect(problems(base)).toEqual([
      'CAPTCHA_SECRET: required with CAPTCHA_PROVIDER',
      'CAPTCHA_SITE_KEY: required with CAPTCHA_PROVIDER',
    ]);
    expect(
      problems({ ...base, CAPTCHA_FOR: 'login', CAPTCHA_SECRET: 'x', CAPTCHA_SITE_KEY: 'y' }),
    ).toHaveLength(1);
    const keys = { CAPTCHA_SECRET: 'x', CAPTCHA_SITE_KEY: 'y' };
    expect(readConfig({ ...base, ...keys }).captcha?.verifyUrl).toBe(
      'https://challenges.cloudflare.com/turnstile/v0/siteverify',
    );
    expect(readConfig({ ...keys, CAPTCHA_PROVIDER: 'hcaptcha' }).captcha?.verifyUrl).toBe(
      'https://api.hcaptcha.com/siteverify',
    );
  });
});
