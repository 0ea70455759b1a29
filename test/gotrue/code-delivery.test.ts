import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { afterEach, expect, test } from 'vitest';
import { startProcess } from '../boot/process.ts';
import { makeJobsDue, startSmtp } from '../mail/smtp.ts';
import { createTestDatabase } from '../support/database.ts';
import { newPerson, startGateway } from '../support/gateway.ts';
import { send } from './wire.ts';

// Mails with codes, when the mail server or the worker fails.

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const codeIn = (text: string | undefined) => /code: (\d{6})/.exec(text ?? '')?.[1] ?? '';
const countJobs = async (sql: postgres.Sql) => {
  const [row] = await sql`select count(*)::int from portcullis_jobs.jobs`;
  return row?.count;
};

test('a mail whose worker is killed before the server’s reply brings the same code and link again', async () => {
  let killed = false;
  const smtp = await startSmtp({ beforeReply: async () => void (killed || (await new Promise(() => {}))) });
  closing.push(smtp.stop);
  const database = await createTestDatabase();
  closing.push(database.drop);
  const env = {
    ...{ DATABASE_URL: database.url, SMTP_URL: smtp.url, PUBLIC_URL: 'https://auth.example.com' },
    INTERNAL_ENDPOINTS_SECRET: randomBytes(32).toString('hex'),
    KEY_ENCRYPTION_KEYS: randomBytes(32).toString('base64'),
  };
  const { email } = newPerson();
  const first = await startProcess(env);
  await send(first, 'POST', '/otp', { body: { email } });
  await smtp.receive(1);
  await first.end('SIGKILL');
  killed = true;

  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  closing.push(() => sql.end({ timeout: 5 }));
  // The dead worker's lease ends.
  await sql`update portcullis_jobs._private_jobs set locked_at = locked_at - interval '4 minutes'`;
  const second = await startProcess(env);
  closing.push(() => second.end('SIGTERM'));
  await expect.poll(() => countJobs(sql), { timeout: 20_000 }).toBe(0);
  const [before, again] = await smtp.receive(2);
  expect(again).toMatchObject({ messageId: before?.messageId, link: before?.link });
  const code = codeIn(again?.text);
  expect(code).toBe(codeIn(before?.text));
  const verified = await send(second, 'POST', '/verify', { body: { type: 'email', email, token: code } });
  expect(verified.status).toBe(200);
});

test('a code that was used is not brought back by its mail: the job sends nothing', async () => {
  let isUp = false;
  const smtp = await startSmtp({ refuse: () => (isUp ? null : 450) });
  closing.push(smtp.stop);
  const gateway = await startGateway({ env: { SMTP_URL: smtp.url, LIMIT_MAIL_SPACING_SECONDS: '0' } });
  closing.push(gateway.close);
  const { email } = newPerson();
  await send(gateway, 'POST', '/otp', { body: { email } });
  const failed = async () => {
    const [row] = await gateway.sql`select attempts, locked_by from portcullis_jobs.jobs`;
    return row?.attempts > 0 && row?.locked_by === null;
  };
  await expect.poll(failed).toBe(true);
  await gateway.sql`delete from portcullis_private.one_time_codes`;
  isUp = true;
  await makeJobsDue(gateway.sql);
  await expect.poll(() => countJobs(gateway.sql)).toBe(0);
  expect(smtp.mails).toEqual([]);
});

test('neither the job nor the log holds a code, a token or a redirect target', async () => {
  const smtp = await startSmtp();
  closing.push(smtp.stop);
  const gateway = await startGateway({ env: { SMTP_URL: smtp.url, APP_URL: 'https://app.example.com' } });
  closing.push(gateway.close);
  await gateway.sql`create table public.queued as select null::json as payload where false`;
  await gateway.sql.unsafe(`create function public.note() returns trigger language plpgsql as $$
    begin insert into public.queued values (new.payload); return new; end $$`);
  await gateway.sql`create trigger note after insert on portcullis_jobs._private_jobs
    for each row execute function public.note()`;
  const { email } = newPerson();
  const target = 'https://app.example.com/secret-place';
  await send(gateway, 'POST', `/otp?redirect_to=${target}`, { body: { email } });
  const [mail] = await smtp.receive(1);
  const token = new URL(mail?.link ?? '').searchParams.get('token') ?? '';
  await fetch(`${gateway.url}/verify?token=${token}&type=signup&redirect_to=${target}`, {
    redirect: 'manual',
  });
  const queued = await gateway.sql`select payload from public.queued`;
  expect(queued.map(({ payload }) => payload)).toContainEqual({
    kind: 'signup_code',
    codeId: expect.any(String),
  });
  for (const text of [JSON.stringify(queued), gateway.logged()]) {
    expect(text).not.toContain(codeIn(mail?.text));
    expect(text).not.toContain(token);
    expect(text).not.toContain('secret-place');
  }
});

test.each([
  ['20', '1 minutes'],
  ['110', '1 minutes'],
])('the mail of a code that works for %s seconds says %s', async (seconds, said) => {
  const smtp = await startSmtp();
  closing.push(smtp.stop);
  const gateway = await startGateway({ env: { SMTP_URL: smtp.url, MAIL_CODE_TTL: seconds } });
  closing.push(gateway.close);
  await send(gateway, 'POST', '/otp', { body: { email: newPerson().email } });
  const [mail] = await smtp.receive(1);
  expect(mail?.text).toContain(`work once, for ${said}.`);
});
