import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { expect, onTestFinished, test } from 'vitest';
import { startProcess } from '../boot/process.ts';
import { countJobs, makeJobsDue } from '../mail/smtp.ts';
import { createTestDatabase } from '../support/database.ts';
import { newPerson, post, SIGNUP } from '../support/gateway.ts';
import { freePort } from '../support/ports.ts';
import { createWebhookSecret, startReceiver, verify } from './receiver.ts';

test('a webhook is delivered after the gateway was killed between the commit and the delivery', async () => {
  const database = await createTestDatabase();
  onTestFinished(database.drop);
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  onTestFinished(() => sql.end({ timeout: 5 }));
  const port = await freePort();
  const secret = createWebhookSecret();
  const env = {
    DATABASE_URL: database.url,
    SMTP_URL: 'off',
    INTERNAL_ENDPOINTS_SECRET: randomBytes(32).toString('hex'),
    KEY_ENCRYPTION_KEYS: randomBytes(32).toString('base64'),
    WEBHOOK_URLS: `http://127.0.0.1:${port}/hooks`,
    WEBHOOK_SECRETS: secret,
    WEBHOOK_ALLOW_PRIVATE: '127.0.0.1',
  };
  const first = await startProcess(env);
  const answer = await post(`${first.url}/graphql`, { query: SIGNUP, variables: { input: newPerson() } });
  const killed = first.end('SIGKILL');
  expect(answer.body).toMatchObject({ data: { signup: { user: { id: expect.any(String) } } } });
  await killed;
  expect(await sql`select from portcullis_jobs.jobs where task_identifier like 'webhook %'`).toHaveLength(1);
  const receiver = await startReceiver({ port });
  onTestFinished(receiver.close);
  // The dead worker's lease ends, and so does the pause after its attempt.
  await sql`update portcullis_jobs._private_jobs set locked_at = locked_at - interval '4 minutes'`;
  await makeJobsDue(sql);
  const second = await startProcess(env);
  onTestFinished(async () => void (await second.end('SIGTERM')));
  const [told] = await receiver.receive(1);
  const { signup } = (answer.body as { data: { signup: { user: { id: string } } } }).data;
  expect(told).toMatchObject({ type: 'user.created', data: { userId: signup.user.id } });
  const [delivery] = receiver.deliveries;
  expect(delivery && verify(secret, delivery)).toEqual(told);
  await expect.poll(() => countJobs(sql)).toBe(0);
});
