import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sha256 } from '../../src/crypto/secrets.ts';
import { enqueueMail } from '../../src/mail/queue.ts';
import { findOneTimeToken } from '../../src/one-time-tokens/one-time-tokens.ts';
import { newPerson, PUBLIC_URL, SIGNUP, signUp, startGateway, type TestGateway } from '../support/gateway.ts';
import { countJobs, dumpDatabase, startSmtp, type TestSmtp } from './smtp.ts';

describe('signup', () => {
  let smtp: TestSmtp;
  let gateway: TestGateway;
  let release: () => void;
  beforeAll(async () => {
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    smtp = await startSmtp({ beforeReply: () => held });
    gateway = await startGateway({ env: { SMTP_URL: smtp.url } });
  });
  afterAll(async () => {
    await gateway.close();
    await smtp.stop();
  });

  test('mails a link of PUBLIC_URL as text and HTML, and stores its token as a hash only', async () => {
    const person = newPerson();
    const { user } = await signUp(gateway, person);
    const [mail] = await smtp.receive(1);
    expect(mail?.to).toEqual([person.email]);
    expect(mail?.raw).toMatch(/^From: Portcullis <no-reply@auth\.example\.com>\r$/m);
    expect(mail?.raw).toMatch(/^Auto-Submitted: auto-generated\r$/m);
    expect(mail?.messageId).toMatch(/^<[0-9a-f]{32}@auth\.example\.com>$/);
    expect(mail?.subject).toBe('Confirm your email address for auth.example.com');
    expect(mail?.link).toMatch(/^https:\/\/auth\.example\.com\/mail\/verify-email\/pot_[\w-]{43}$/);
    expect(mail?.html).toContain(`href="${mail?.link}"`);

    // The mail server has not answered yet: the job is still there.
    const token = mail?.token ?? '';
    const dump = await dumpDatabase(gateway.sql);
    expect(dump).toContain(sha256(token).toString('hex'));
    expect(dump).not.toContain(token);
    const jobs = await gateway.sql`select * from portcullis_jobs._private_jobs`;
    expect(jobs).toHaveLength(1);
    expect(jobs[0]?.payload).toEqual({ kind: 'verification', userId: user.id });
    expect(JSON.stringify(jobs)).not.toContain(person.email);

    expect(await findOneTimeToken(gateway.deps.db, { purpose: 'verify_email', token })).toEqual({
      userId: user.id,
      email: person.email,
    });
    expect(await findOneTimeToken(gateway.deps.db, { purpose: 'reset_password', token })).toBeNull();
    release();
    await expect.poll(() => countJobs(gateway.sql)).toBe(0);
    for (const secret of [token, person.email, person.password])
      expect(gateway.logged()).not.toContain(secret);
  });

  test('ignores the headers of the request in the mailed link', async () => {
    const body = JSON.stringify({ query: SIGNUP, variables: { input: newPerson() } });
    const headers = {
      'content-type': 'application/json',
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'http',
      forwarded: 'host=evil.example;proto=http',
      origin: 'https://evil.example',
    };
    smtp.mails.length = 0;
    await new Promise((resolve, reject) => {
      const call = request(`${gateway.url}/graphql`, { method: 'POST', headers });
      call.on('response', (response) => response.resume().on('end', resolve)).on('error', reject);
      call.end(body);
    });
    const [mail] = await smtp.receive(1);
    expect(mail?.link.startsWith(`${PUBLIC_URL}/mail/verify-email/`)).toBe(true);
    expect(mail?.raw).not.toContain('evil.example');
  });

  test('mails nothing if the address is registered already', async () => {
    smtp.mails.length = 0;
    const person = newPerson();
    await signUp(gateway, person);
    await expect.poll(() => countJobs(gateway.sql)).toBe(0);
    await gateway.failure(SIGNUP, { input: person });
    expect(await countJobs(gateway.sql)).toBe(0);
  });

  test('a second verification mail retires the first token', async () => {
    smtp.mails.length = 0;
    const { user } = await signUp(gateway);
    await smtp.receive(1);
    await enqueueMail(gateway.deps.db, { kind: 'verification', userId: user.id });
    const [first, second] = await smtp.receive(2);
    const find = (token = '') => findOneTimeToken(gateway.deps.db, { purpose: 'verify_email', token });
    expect(second?.token).not.toBe(first?.token);
    expect(second?.messageId).not.toBe(first?.messageId);
    expect(await find(first?.token)).toBeNull();
    expect(await find(second?.token)).toMatchObject({ userId: user.id });
  });
});
