import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { keepHouse } from '../../src/flows/upkeep/housekeeping.ts';
import { pruneWebhooks } from '../../src/webhooks/prune.ts';
import { enqueueWebhooks } from '../../src/webhooks/queue.ts';
import { countJobs, makeJobsDue, startSmtp } from '../mail/smtp.ts';
import { newPerson, signUp, startGateway, type TestGateway } from '../support/gateway.ts';
import { freePort } from '../support/ports.ts';
import { createWebhookSecret, startReceiver, verify } from './receiver.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const secret = createWebhookSecret();

async function receiverWith(options: Parameters<typeof startReceiver>[0] = {}) {
  const receiver = await startReceiver(options);
  closing.push(receiver.close);
  return receiver;
}

async function gatewayFor(
  urls: string[],
  { replicaOf, env = {} }: Parameters<typeof startGateway>[0] = {},
): Promise<TestGateway> {
  const gateway = await startGateway({
    ...(replicaOf && { replicaOf }),
    env: {
      WEBHOOK_URLS: urls.join(','),
      WEBHOOK_SECRETS: secret,
      WEBHOOK_ALLOW_PRIVATE: 'loopback',
      SMTP_URL: 'off',
      ...env,
    },
  });
  closing.push(gateway.close);
  return gateway;
}

type Job = { last_error: string | null; attempts: number };
const jobsOf = ({ sql }: TestGateway): Promise<Job[]> =>
  sql<Job[]>`select last_error, attempts from portcullis_jobs.jobs where task_identifier like 'webhook %'`;

/** Waits until the only webhook has failed as often, and returns its error. */
async function failedTimes(gateway: TestGateway, attempts: number): Promise<string | null> {
  const isFailed = async () => (await jobsOf(gateway)).map((job) => job.last_error !== null && job.attempts);
  await expect.poll(isFailed).toEqual([attempts]);
  return (await jobsOf(gateway))[0]?.last_error ?? null;
}

test('a failed webhook is tried again with the same id and body, and with a signature of its own time', async () => {
  const receiver = await receiverWith({
    answer: (response, _delivery, count) => response.writeHead(count === 1 ? 500 : 200).end('done'),
  });
  const gateway = await gatewayFor([receiver.url]);
  const person = newPerson();
  const { accessToken } = await signUp(gateway, person);
  expect(await failedTimes(gateway, 1)).toContain('status 500');
  const waiting = JSON.stringify(await gateway.sql`select * from portcullis_jobs._private_jobs`);
  for (const told of [person.email, accessToken, secret, '/hooks', '127.0.0.1'])
    expect(waiting).not.toContain(told);
  await sleep(1000); // the time of a signature has whole seconds
  await makeJobsDue(gateway.sql);
  await expect.poll(() => countJobs(gateway.sql)).toBe(0);
  const [first, second] = receiver.deliveries;
  if (first === undefined || second === undefined) return expect.fail('Two attempts were expected.');
  expect(second.headers['webhook-id']).toBe(first.headers['webhook-id']);
  expect(second.body).toBe(first.body);
  expect(Number(second.headers['webhook-timestamp'])).toBeGreaterThan(
    Number(first.headers['webhook-timestamp']),
  );
  expect(verify(secret, second)).toEqual(second.told);
  expect(gateway.logged()).toContain('it will be tried again');
  for (const told of ['/hooks/key', secret, person.email]) expect(gateway.logged()).not.toContain(told);
});

test('a redirect is a failure and is not followed', async () => {
  const target = await receiverWith();
  const receiver = await receiverWith({
    answer: (response) => response.writeHead(307, { location: target.url }).end(),
  });
  const gateway = await gatewayFor([receiver.url]);
  await signUp(gateway);
  expect(await failedTimes(gateway, 1)).toContain('status 307');
  expect(target.deliveries).toEqual([]);
});

test('an answer that upgrades the connection is a failure, and does not hold the webhook', async () => {
  const upgrade = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';
  const receiver = await receiverWith({ answer: (response) => void response.socket?.write(upgrade) });
  const gateway = await gatewayFor([receiver.url]);
  await signUp(gateway);
  expect(await failedTimes(gateway, 1)).toContain('status 101');
});

test('the answer 410 gives the webhook up', async () => {
  const receiver = await receiverWith({ answer: (response) => response.writeHead(410).end() });
  const gateway = await gatewayFor([receiver.url]);
  await signUp(gateway);
  await expect.poll(() => countJobs(gateway.sql)).toBe(0);
  expect(receiver.deliveries).toHaveLength(1);
  expect(gateway.logged()).toContain('A webhook was given up.');
});

test('a webhook is given up after its last attempt', async () => {
  const gateway = await gatewayFor([`http://127.0.0.1:${await freePort()}/`]);
  await signUp(gateway);
  expect(await failedTimes(gateway, 1)).toContain('ECONNREFUSED');
  await gateway.sql`update portcullis_jobs._private_jobs set attempts = 12`;
  await makeJobsDue(gateway.sql);
  await expect.poll(() => countJobs(gateway.sql)).toBe(0);
  expect(gateway.logged()).toContain('A webhook was given up.');
});

test('an answer without end is not read to its end', async () => {
  let written = 0;
  const flood = (response: ServerResponse) => {
    response.on('error', () => {});
    const more = () => {
      while (!response.destroyed && written < 50_000_000) {
        written += 65_536;
        if (!response.write(Buffer.alloc(65_536))) return void response.once('drain', more);
      }
    };
    more();
  };
  const receiver = await receiverWith({ answer: (response) => flood(response.writeHead(200)) });
  const gateway = await gatewayFor([receiver.url]);
  await signUp(gateway);
  await expect.poll(() => countJobs(gateway.sql)).toBe(0);
  expect(written).toBeLessThan(50_000_000);
});

test('an endpoint that hangs delays neither another endpoint nor mails, and a shutdown releases its webhooks', async () => {
  const held: ServerResponse[] = [];
  const slow = await receiverWith({ answer: (response) => void held.push(response) });
  const quick = await receiverWith();
  const smtp = await startSmtp();
  closing.push(smtp.stop);
  const env = { SMTP_URL: smtp.url };
  const other = await startGateway({ env });
  closing.push(other.close);
  const gateway = await gatewayFor([slow.url, quick.url], { replicaOf: other, env });
  for (let count = 0; count < 12; count++) await signUp(gateway);
  await quick.receive(12);
  await smtp.receive(12);
  // Two jobs may have drawn the same lane: at most four at once.
  expect(held.length).toBeGreaterThan(0);
  expect(held.length).toBeLessThanOrEqual(4);
  closing.pop();
  await gateway.close();
  expect(await jobsOf(other)).toHaveLength(12);
  expect(await other.sql`select from portcullis_jobs.jobs where locked_at is not null`).toEqual([]);
});

test('an endpoint that does not answer is given up after 15 seconds', async () => {
  const slow = await receiverWith({ answer: () => {} });
  const gateway = await gatewayFor([slow.url]);
  await signUp(gateway);
  expect(await failedTimes(gateway, 1)).toContain('timeout');
});

test('an https endpoint with a certificate that is not trusted gets nothing', async () => {
  const server = createServer(() => expect.fail('No request was expected.'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(async () => void server.close());
  const gateway = await gatewayFor([`https://127.0.0.1:${(server.address() as AddressInfo).port}/`]);
  await signUp(gateway);
  expect(await failedTimes(gateway, 1)).toMatch(/Not delivered: (?:EPROTO|ERR_SSL_\w+)/);
});

test('waiting webhooks of an endpoint are bounded in number and age, and the newest stay', async () => {
  const gateway = await gatewayFor([`http://127.0.0.1:${await freePort()}/`]);
  const { db, log, config } = gateway.deps;
  for (let count = 0; count < 12; count++)
    await enqueueWebhooks(db, { config }, { type: 'user.enabled', data: { userId: String(count) } });
  await expect.poll(async () => (await jobsOf(gateway)).every((job) => job.last_error !== null)).toBe(true);
  await pruneWebhooks({ db, log }, 5);
  const left = async () =>
    (
      await gateway.sql<{ user: string }[]>`
      select payload->'data'->>'userId' as user from portcullis_jobs._private_jobs order by id`
    ).map(({ user }) => user);
  expect(await left()).toEqual(['7', '8', '9', '10', '11']);
  await gateway.sql`update portcullis_jobs._private_jobs set created_at = now() - interval '49 hours'
    where payload->'data'->>'userId' = '8'`;
  await gateway.sql`update portcullis_jobs._private_jobs set attempts = max_attempts
    where payload->'data'->>'userId' = '9'`;
  await keepHouse(gateway.deps);
  expect(await left()).toEqual(['7', '10', '11']);
  expect(gateway.logged()).toContain('Webhooks were given up');
});
