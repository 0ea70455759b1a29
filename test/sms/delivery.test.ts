import { afterEach, expect, test } from 'vitest';
import { signInWithPhoneCode } from '../../src/flows/sign-in/sign-in-with-phone-code.ts';
import { makeJobsDue } from '../mail/smtp.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { createWebhookSecret, startReceiver, verify } from '../webhooks/receiver.ts';
import { askForCode, by, newNumber, receiveCode } from './phone-people.ts';
import { openPhoneStage, type PhoneStage } from './phone-stage.ts';
import { AUTH_TOKEN, accept, json } from './twilio.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(answer = accept, env: Record<string, string> = {}): Promise<PhoneStage> {
  const stage = await openPhoneStage(env, answer);
  closing.push(stage.close);
  return stage;
}

type Job = { attempts: number; last_error: string | null };
const jobsOf = ({ sql }: TestGateway): Promise<Job[]> =>
  sql<Job[]>`select attempts, last_error from portcullis_jobs.jobs where task_identifier = 'sms'`;

/** Waits until the only message has failed as often, and returns its error. */
async function failedTimes(gateway: TestGateway, attempts: number): Promise<string | null> {
  const isFailed = async () => (await jobsOf(gateway)).map((job) => job.last_error !== null && job.attempts);
  await expect.poll(isFailed).toEqual([attempts]);
  return (await jobsOf(gateway))[0]?.last_error ?? null;
}

test('a failed message is tried again with the same code; no job and no log line holds number or code', async () => {
  const { twilio, gateway } = await start((response, asked, count) =>
    count === 1 ? json(response, 503, { message: asked.fields.To }) : accept(response, asked, count),
  );
  const number = newNumber();
  await askForCode(gateway, number);
  expect(await failedTimes(gateway, 1)).toContain('Not delivered: status 503');
  const code = await receiveCode(twilio, number);
  const waiting = JSON.stringify(await gateway.sql`select * from portcullis_jobs._private_jobs`);
  const codes = JSON.stringify(await gateway.sql`select * from portcullis_private.one_time_codes`);
  for (const told of [number, number.slice(1), code, AUTH_TOKEN]) expect(waiting).not.toContain(told);
  expect(codes).not.toContain(code);
  await makeJobsDue(gateway.sql);
  expect(await receiveCode(twilio, number, 2)).toBe(code);
  await expect.poll(() => jobsOf(gateway)).toEqual([]);
  for (const told of [number.slice(1), code, AUTH_TOKEN]) expect(gateway.logged()).not.toContain(told);
  const { user } = await signInWithPhoneCode(gateway.deps, by, { phone: number, code });
  expect(user.id).toBeTypeOf('string');
});

test('a message that Twilio refuses is given up, and the log names neither number nor answer', async () => {
  const { gateway } = await start((response, { fields }) =>
    json(response, 400, { code: 21211, message: `The number ${fields.To} is not valid.` }),
  );
  const number = newNumber();
  await askForCode(gateway, number);
  await expect.poll(() => gateway.logged()).toContain('A text message was given up.');
  expect(gateway.logged()).toContain("status 400, Twilio's error 21211");
  expect(gateway.logged()).not.toContain(number.slice(1));
  await expect.poll(() => jobsOf(gateway)).toEqual([]);
});

test('a message is given up after five attempts', async () => {
  const { twilio, gateway } = await start((response) => json(response, 500, {}));
  await askForCode(gateway, newNumber());
  for (let attempt = 1; attempt < 5; attempt += 1) {
    await failedTimes(gateway, attempt);
    await makeJobsDue(gateway.sql);
  }
  await expect.poll(() => jobsOf(gateway)).toEqual([]);
  expect(twilio.asked).toHaveLength(5);
  expect(gateway.logged()).toContain('A text message was given up.');
});

test('a message that waited longer than its code is valid is not sent', async () => {
  const { twilio, gateway } = await start((response) => json(response, 500, {}));
  await askForCode(gateway, newNumber());
  await failedTimes(gateway, 1);
  await gateway.sql`update portcullis_jobs._private_jobs set created_at = now() - interval '301 seconds'`;
  await makeJobsDue(gateway.sql);
  await expect.poll(() => jobsOf(gateway)).toEqual([]);
  expect(twilio.asked).toHaveLength(1);
});

test('a message whose code a later request has replaced is not sent', async () => {
  const { twilio, gateway } = await start((response, asked, count) =>
    count === 1 ? json(response, 500, {}) : accept(response, asked, count),
  );
  const number = newNumber();
  await askForCode(gateway, number);
  await failedTimes(gateway, 1);
  await gateway.sql`delete from portcullis_private.rate_limits`;
  await askForCode(gateway, number);
  const code = await receiveCode(twilio, number, 2);
  await makeJobsDue(gateway.sql);
  await expect.poll(() => jobsOf(gateway)).toEqual([]);
  expect(twilio.asked).toHaveLength(2);
  expect((await signInWithPhoneCode(gateway.deps, by, { phone: number, code })).user.id).toBeTypeOf('string');
});

test('another replica delivers what a stopped one left, with the same code', async () => {
  const { twilio, gateway } = await start((response, asked, count) =>
    count === 1 ? undefined : accept(response, asked, count),
  );
  const number = newNumber();
  await askForCode(gateway, number);
  const code = await receiveCode(twilio, number); // the provider hangs
  const replica = await startGateway({ replicaOf: gateway });
  closing.push(replica.close);
  await gateway.sql`update portcullis_jobs._private_jobs set locked_at = null, locked_by = null, run_at = now()`;
  expect(await receiveCode(twilio, number, 2)).toBe(code);
});

test('the text follows SMS_TEXT and MAIL_LOCALE', async () => {
  const german = await start(accept, { MAIL_LOCALE: 'de-AT' });
  const number = newNumber();
  await askForCode(german.gateway, number);
  const code = await receiveCode(german.twilio, number);
  expect(german.twilio.asked[0]?.fields.Body).toBe(
    `${code} ist dein Code für auth.example.com. Er gilt 5 Minuten. Gib ihn nicht weiter.`,
  );
  const own = await start(accept, { SMS_TEXT: 'Engines: {{code}} ({{site}}, {{minutes}}m) {{other}}' });
  await askForCode(own.gateway, number);
  const other = await receiveCode(own.twilio, number);
  expect(own.twilio.asked[0]?.fields.Body).toBe(`Engines: ${other} (auth.example.com, 5m) {{other}}`);
});

test('a webhook of the operator delivers codes that sign in', async () => {
  const receiver = await startReceiver();
  closing.push(receiver.close);
  const secret = createWebhookSecret();
  const gateway = await startGateway({
    env: {
      SMS_PROVIDER: 'webhook',
      SMS_WEBHOOK_URL: receiver.url,
      SMS_WEBHOOK_SECRETS: secret,
      ALLOW_PRIVATE_ADDRESSES: 'loopback',
      SMTP_URL: 'off',
    },
  });
  closing.push(gateway.close);
  const number = newNumber();
  await askForCode(gateway, number, { channel: 'whatsapp' });
  const [told] = await receiver.receive(1);
  expect(told).toMatchObject({ type: 'sms.send', data: { to: number, channel: 'whatsapp' } });
  const [delivery] = receiver.deliveries;
  expect(delivery && verify(secret, delivery)).toEqual(told);
  const code = /\d{6}/.exec(String(told?.data.text))?.[0] ?? '';
  expect((await signInWithPhoneCode(gateway.deps, by, { phone: number, code })).user.id).toBeTypeOf('string');
});

test('without SMS_PROVIDER every flow of phone numbers is switched off', async () => {
  const gateway = await startGateway({ env: { SMTP_URL: 'off' } });
  closing.push(gateway.close);
  await expect(askForCode(gateway, newNumber())).rejects.toMatchObject({
    code: 'feature_disabled',
    attribute: 'phone',
  });
});
