import type { LookupAddress } from 'node:dns';
import type { JobHelpers } from 'graphile-worker';
import { afterEach, describe, expect, test } from 'vitest';
import type { WebhookConfig } from '../../src/config/config.ts';
import { readConfig } from '../../src/config/read-config.ts';
import { createLog } from '../../src/log.ts';
import { createCheckedLookup, type Resolve } from '../../src/webhooks/addresses.ts';
import { createWebhookTasks } from '../../src/webhooks/deliver.ts';
import { createWebhookSecret, type Receiver, startReceiver } from './receiver.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A name server that gives these answers, one after the other. The last one stays. */
const nameServer = (...answers: string[][]): Resolve =>
  ((_host: string, _options: unknown, callback: (error: null, found: LookupAddress[]) => void) => {
    const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? [];
    callback(
      null,
      answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  }) as Resolve;

/** The addresses that a connection to a host may use. */
const reachable = (
  addresses: string[],
  allow: WebhookConfig['allowPrivate'] = { hosts: [], ranges: [] },
  host = 'hooks.example.com',
): Promise<string[]> =>
  new Promise((resolve) => {
    const { lookup } = createCheckedLookup(allow, nameServer(addresses));
    lookup(host, { all: true }, (error, found) =>
      resolve(
        error !== null ? [String(error.code)] : (found as LookupAddress[]).map(({ address }) => address),
      ),
    );
  });

describe('webhooks do not connect to', () => {
  test.each([
    ...['127.0.0.1', '127.255.255.254', '0.0.0.0', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
    ...['169.254.169.254', '100.64.0.1', '100.100.100.200', '168.63.129.16', '192.0.0.192', '198.18.0.1'],
    ...['224.0.0.1', '240.0.0.1', '255.255.255.255', '192.0.2.1', '192.88.99.1'],
    ...['::', '::1', '::127.0.0.1', '::ffff:127.0.0.1', '::ffff:a00:1', '::ffff:0:127.0.0.1', 'fe80::1'],
    ...['fc00::1', 'fd00:ec2::254', 'fec0::1', 'ff02::1', '64:ff9b::7f00:1', '64:ff9b::a9fe:a9fe', '100::1'],
    ...['64:ff9b:1::808:808', '2002:7f00:1::', '2001::1', '2001:db8::1', '3fff::1', '5f00::1', '4000::1'],
  ])('%s', async (address) => {
    expect(await reachable([address])).toEqual(['private_address']);
  });
});

test.each(['1.1.1.1', '8.8.8.8', '172.32.0.1', '2606:4700::1111', '64:ff9b::808:808'])(
  'webhooks connect to the public address %s',
  async (address) => {
    expect(await reachable([address])).toEqual([address]);
  },
);

test('of several addresses of a host only the public ones are used', async () => {
  expect(await reachable(['127.0.0.1', '1.1.1.1', '::1', 'fd00::1', '8.8.8.8'])).toEqual([
    '1.1.1.1',
    '8.8.8.8',
  ]);
});

test('WEBHOOK_ALLOW_PRIVATE opens the hosts and ranges that it names, and no others', async () => {
  const { allowPrivate: allow } = readConfig({
    WEBHOOK_ALLOW_PRIVATE: 'Hooks.Internal, 10.1.0.0/16, fd00:1::/32',
  }).webhooks;
  expect(await reachable(['10.9.9.9'], allow, 'hooks.internal')).toEqual(['10.9.9.9']);
  expect(await reachable(['10.9.9.9'], allow, 'x.hooks.internal')).toEqual(['private_address']);
  expect(await reachable(['10.1.2.3', '::ffff:10.1.2.3', '64:ff9b::a01:203', '10.2.0.1'], allow)).toEqual([
    '10.1.2.3',
    '::ffff:10.1.2.3',
    '64:ff9b::a01:203',
  ]);
  expect(await reachable(['fd00:1::5', 'fd00:2::5'], allow)).toEqual(['fd00:1::5']);
});

/** Runs the task of an endpoint once. Returns why it failed; null if it delivered. */
async function deliverOnce(url: string, resolve: Resolve, ranges: string[] = []): Promise<string | null> {
  const webhooks = {
    urls: [url],
    secrets: [createWebhookSecret()],
    events: [],
    allowPrivate: { hosts: [], ranges },
  };
  const [task] = Object.values(createWebhookTasks({ webhooks, log: createLog('silent'), resolve }));
  const job = { id: '1', type: 'user.deleted', timestamp: '2026-11-29T12:00:00.000Z', data: { userId: '1' } };
  const helpers = {
    job: { id: '1', attempts: 1, max_attempts: 13 },
    abortSignal: new AbortController().signal,
  } as unknown as JobHelpers;
  try {
    await task?.(job, helpers);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

async function loopback(): Promise<{ receiver: Receiver; port: string }> {
  const receiver = await startReceiver();
  closing.push(receiver.close);
  return { receiver, port: new URL(receiver.url).port };
}

test('a name that turns to a private address between two attempts gets nothing there', async () => {
  const { receiver, port } = await loopback();
  const rebinding = nameServer(['127.0.0.1'], ['127.0.0.1']);
  const url = `http://rebind.example.com:${port}/`;
  expect(await deliverOnce(url, rebinding)).toBe('Not delivered: private_address');
  expect(receiver.deliveries).toEqual([]);
  expect(await deliverOnce(url, rebinding, ['127.0.0.1'])).toBeNull();
  expect(receiver.deliveries).toHaveLength(1);
});

test.each(['127.0.0.1', '[::1]', '[::ffff:7f00:1]', '0x7f.1', '2130706433'])(
  'a URL with the private address %s gets nothing',
  async (host) => {
    const { receiver, port } = await loopback();
    expect(await deliverOnce(`http://${host}:${port}/`, nameServer([]))).toBe(
      'Not delivered: private_address',
    );
    expect(receiver.deliveries).toEqual([]);
  },
);

test('a proxy of the environment is not used', async () => {
  const { receiver, port } = await loopback();
  const proxy = await loopback();
  const before = { ...process.env };
  Object.assign(process.env, {
    HTTP_PROXY: proxy.receiver.url,
    http_proxy: proxy.receiver.url,
    NODE_USE_ENV_PROXY: '1',
  });
  try {
    expect(
      await deliverOnce(`http://hooks.example.com:${port}/`, nameServer(['127.0.0.1']), ['loopback']),
    ).toBeNull();
  } finally {
    for (const name of ['HTTP_PROXY', 'http_proxy', 'NODE_USE_ENV_PROXY']) delete process.env[name];
    Object.assign(process.env, before);
  }
  expect(receiver.deliveries).toHaveLength(1);
  expect(proxy.receiver.deliveries).toEqual([]);
});
