import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { afterEach, describe, expect, test } from 'vitest';
import { enqueueMail } from '../../src/mail/queue.ts';
import { CHANGE_EMAIL, CONFIRM_EMAIL } from '../accounts/accounts.ts';
import { startProcess } from '../boot/process.ts';
import { createTestDatabase } from '../support/database.ts';
import {
  bearer,
  newPerson,
  post,
  SIGNUP,
  signUp,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts';
import { freePort } from '../support/ports.ts';
import { countJobs, makeJobsDue, startSmtp, type TestSmtp } from './smtp.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
const smtpServer = async (...options: Parameters<typeof startSmtp>): Promise<TestSmtp> => {
  const smtp = await startSmtp(...options);
  closing.push(smtp.stop);
  return smtp;
};
const gatewayWith = async (...options: Parameters<typeof startGateway>): Promise<TestGateway> => {
  const gateway = await startGateway(...options);
  closing.push(gateway.close);
  return gateway;
};

/** Whether every job has failed at least once. */
const everyJobFailed = async ({ sql }: TestGateway): Promise<boolean> =>
  (await sql<[{ ok: boolean }]>`select bool_and(last_error is not null) as ok from portcullis_jobs.jobs`)[0]
    .ok;

test('every mail arrives once after an outage of the mail server during sign-ups', async () => {
  const port = await freePort();
  const gateway = await gatewayWith({ env: { SMTP_URL: `smtp://127.0.0.1:${port}` } });
  const people = Array.from({ length: 8 }, () => newPerson());
  await Promise.all(people.map((person) => signUp(gateway, person)));
  await expect.poll(() => everyJobFailed(gateway)).toBe(true);
  expect(await countJobs(gateway.sql)).toBe(8);
  const [{ waits }] = await gateway.sql<[{ waits: boolean }]>`
    select bool_and(run_at > updated_at) as waits from portcullis_jobs.jobs`;
  expect(waits).toBe(true);

  const smtp = await smtpServer({ port });
  await makeJobsDue(gateway.sql);
  await expect.poll(() => countJobs(gateway.sql)).toBe(0);
  const mails = await smtp.receive(8);
  expect(mails.flatMap(({ to }) => to).sort()).toEqual(people.map(({ email }) => email).sort());
  expect(new Set(mails.map(({ messageId }) => messageId)).size).toBe(8);
  for (const { email } of people) expect(gateway.logged()).not.toContain(email);
  expect(gateway.logged()).toContain('it will be tried again');
});

test('two replicas deliver each mail once', async () => {
  const smtp = await smtpServer();
  const gateway = await gatewayWith({ env: { SMTP_URL: smtp.url, MAIL_CONCURRENCY: '4' } });
  const replica = await gatewayWith({ replicaOf: gateway });
  const people = Array.from({ length: 20 }, () => newPerson());
  await Promise.all(people.map((person, index) => signUp(index % 2 ? gateway : replica, person)));
  await expect.poll(() => countJobs(gateway.sql)).toBe(0);
  const mails = await smtp.receive(20);
  expect(mails.flatMap(({ to }) => to).sort()).toEqual(people.map(({ email }) => email).sort());
});

test('a mail whose worker is killed before the server’s reply is sent again with the same Message-ID', async () => {
  let killed = false;
  const smtp = await smtpServer({ beforeReply: async () => void (killed || (await new Promise(() => {}))) });
  const database = await createTestDatabase();
  closing.push(database.drop);
  const env = {
    DATABASE_URL: database.url,
    SMTP_URL: smtp.url,
    INTERNAL_ENDPOINTS_SECRET: randomBytes(32).toString('hex'),
    KEY_ENCRYPTION_KEYS: randomBytes(32).toString('base64'),
  };
  const first = await startProcess(env);
  await post(`${first.url}/graphql`, { query: SIGNUP, variables: { input: newPerson() } });
  await smtp.receive(1);
  await first.end('SIGKILL');
  killed = true;

  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  closing.push(() => sql.end({ timeout: 5 }));
  const second = await startProcess(env);
  closing.push(() => second.end('SIGTERM'));
  expect(await countJobs(sql)).toBe(1);
  // The dead worker's lease ends.
  await sql`update portcullis_jobs._private_jobs set locked_at = locked_at - interval '4 minutes'`;
  const third = await startProcess(env);
  closing.push(() => third.end('SIGTERM'));
  await expect.poll(() => countJobs(sql)).toBe(0);
  const [before, again] = await smtp.receive(2);
  expect(again).toMatchObject({ to: before?.to, messageId: before?.messageId, token: before?.token });
});

test('a shutdown does not wait for a hanging mail server, and releases the job', async () => {
  const smtp = await smtpServer({ beforeReply: () => new Promise(() => {}) });
  const gateway = await gatewayWith({ env: { SMTP_URL: 'smtp://127.0.0.1:1' } });
  const replica = await startGateway({ replicaOf: gateway, env: { SMTP_URL: smtp.url } });
  await signUp(gateway);
  // The job fails at the first gateway and hangs at the second.
  while (smtp.mails.length === 0) {
    await makeJobsDue(gateway.sql);
    await sleep(100);
  }
  await replica.close();
  const jobs = await gateway.sql`select locked_by, last_error from portcullis_jobs.jobs`;
  expect(jobs).toEqual([{ locked_by: null, last_error: 'Not delivered: EABORT' }]);
});

describe('a mail that the server refuses', () => {
  test('permanently is given up with a warning that does not contain the address', async () => {
    const { email } = newPerson();
    const smtp = await smtpServer({ refuse: (recipient) => (recipient === email ? 550 : null) });
    const gateway = await gatewayWith({ env: { SMTP_URL: smtp.url } });
    await signUp(gateway, newPerson({ email }));
    await signUp(gateway);
    await smtp.receive(1);
    await expect.poll(() => countJobs(gateway.sql)).toBe(0);
    const warning = gateway
      .logged()
      .split('\n')
      .find((line) => line.includes('A mail was given up'));
    expect(JSON.parse(warning ?? '{}')).toMatchObject({
      level: 'warn',
      kind: 'verification',
      jobId: expect.any(String),
      smtp: { responseCode: 550 },
    });
    expect(gateway.logged()).not.toContain(email);
  });

  test.each([450, 451, 421])(
    'temporarily (%i) is tried again, and the job does not contain the address',
    async (code) => {
      let open = false;
      const smtp = await smtpServer({ refuse: () => (open ? null : code) });
      const gateway = await gatewayWith({ env: { SMTP_URL: smtp.url } });
      const { email } = newPerson();
      await signUp(gateway, newPerson({ email }));
      await expect.poll(() => everyJobFailed(gateway)).toBe(true);
      const jobs = await gateway.sql`select * from portcullis_jobs._private_jobs`;
      expect(jobs[0]?.last_error).toContain(String(code));
      expect(JSON.stringify(jobs)).not.toContain(email);
      expect(gateway.logged()).not.toContain(email);
      open = true;
      await makeJobsDue(gateway.sql);
      expect((await smtp.receive(1))[0]?.to).toEqual([email]);
    },
  );

  test('at every attempt is given up, and its job is deleted', async () => {
    const smtp = await smtpServer({ refuse: () => 450 });
    const gateway = await gatewayWith({ env: { SMTP_URL: smtp.url } });
    await signUp(gateway);
    await expect.poll(() => everyJobFailed(gateway)).toBe(true);
    await gateway.sql`update portcullis_jobs._private_jobs set attempts = max_attempts - 1`;
    await makeJobsDue(gateway.sql);
    await expect.poll(() => countJobs(gateway.sql)).toBe(0);
    expect(gateway.logged()).toContain('every attempt failed');
  });
});

test('a deferred change of address is dropped once a later change is confirmed', async () => {
  const [putOff, wanted] = [newPerson().email, newPerson().email];
  let isPuttingOff = true;
  const smtp = await smtpServer({ refuse: (to) => (isPuttingOff && to === putOff ? 450 : null) });
  const gateway = await gatewayWith({ env: { SMTP_URL: smtp.url } });
  const person = newPerson();
  const { accessToken, user } = await signUp(gateway, person);
  await smtp.receive(1);
  const ask = (newEmail: string) => {
    const input = { newEmail, currentPassword: person.password };
    return gateway.graphql(CHANGE_EMAIL, { input }, bearer(accessToken));
  };
  await ask(putOff);
  await expect.poll(() => everyJobFailed(gateway)).toBe(true);
  await ask(wanted);
  const [, mail] = await smtp.receive(2);
  await gateway.graphql(CONFIRM_EMAIL, { input: { token: mail?.token } });
  isPuttingOff = false;
  await makeJobsDue(gateway.sql);
  await expect.poll(() => countJobs(gateway.sql)).toBe(0);
  expect(smtp.mails.filter(({ to }) => to.includes(putOff))).toEqual([]);
  const tokens = await gateway.sql`
    select 1 from portcullis_private.one_time_tokens where user_id = ${user.id}`;
  expect(tokens).toHaveLength(0);
});

test('a mail of an unknown kind stays queued for a newer version of the gateway', async () => {
  const smtp = await smtpServer();
  const gateway = await gatewayWith({ env: { SMTP_URL: smtp.url } });
  await enqueueMail(gateway.deps.db, { kind: 'from_the_future' } as never);
  await expect.poll(() => everyJobFailed(gateway)).toBe(true);
  expect(await countJobs(gateway.sql)).toBe(1);
});

test('deliveries continue after the database has closed every connection', async () => {
  const smtp = await smtpServer();
  const gateway = await gatewayWith({ env: { SMTP_URL: smtp.url } });
  await signUp(gateway);
  await expect.poll(() => countJobs(gateway.sql)).toBe(0);
  await gateway.sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = 'portcullis-mail'`;
  await signUp(gateway);
  await smtp.receive(2);
});
