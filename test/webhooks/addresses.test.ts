import type { JobHelpers } from 'graphile-worker';
import { afterEach, expect, test } from 'vitest';
import { readConfig } from '../../src/config/read-config.ts';
import { createLog } from '../../src/log.ts';
import type { Resolve } from '../../src/outbound/addresses.ts';
import { createWebhookTasks } from '../../src/webhooks/deliver.ts';
import { nameServer } from '../outbound/name-server.ts';
import { createWebhookSecret, type Receiver, startReceiver } from './receiver.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
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

test('webhooks reach the hosts of WEBHOOK_ALLOW_PRIVATE and of ALLOW_PRIVATE_ADDRESSES', () => {
  const { webhooks, outbound } = readConfig({
    WEBHOOK_ALLOW_PRIVATE: 'hooks.internal',
    ALLOW_PRIVATE_ADDRESSES: 'on',
  });
  expect(webhooks.allowPrivate).toEqual({ hosts: ['hooks.internal'], ranges: ['loopback', 'uniquelocal'] });
  expect(outbound.allowPrivate).toEqual({ hosts: [], ranges: ['loopback', 'uniquelocal'] });
});
