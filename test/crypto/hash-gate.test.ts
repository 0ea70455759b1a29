import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createHashGate } from '../../src/crypto/hash-gate.ts';

const BUSY = { code: 'busy', retryAfterSeconds: 1 };

/** Work that runs until `end` is called. */
function work() {
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { run: () => ended, end };
}

test('new hashes answer busy while an earlier hash waits too long, and run afterwards', async () => {
  const gate = createHashGate({ concurrency: 1, queue: 10, longestWaitMs: 50 });
  const [running, waiting] = [work(), work()];
  const first = gate.run(running.run);
  const second = gate.run(waiting.run);
  const third = gate.run(async () => 'hashed');
  await sleep(60);
  await expect(gate.run(async () => 'hashed')).rejects.toMatchObject(BUSY);
  running.end();
  await first;
  // The second hash runs. The third has waited just as long, so new hashes are still refused.
  await expect(gate.run(async () => 'hashed')).rejects.toMatchObject(BUSY);
  waiting.end();
  await second;
  expect(await third).toBe('hashed');
  expect(await gate.run(async () => 'hashed')).toBe('hashed');
});

test('new hashes may wait while another hash runs for long', async () => {
  const gate = createHashGate({ concurrency: 1, queue: 10, longestWaitMs: 50 });
  const running = work();
  const first = gate.run(running.run);
  await sleep(60);
  const second = gate.run(async () => 'hashed');
  running.end();
  await first;
  expect(await second).toBe('hashed');
});

test('hashes beyond the queue answer busy, and a hash that fails frees its place', async () => {
  const gate = createHashGate({ concurrency: 1, queue: 2, longestWaitMs: 60_000 });
  const running = work();
  const first = gate.run(running.run);
  await sleep(0);
  const failing = [gate.run(() => Promise.reject(new Error('no'))), gate.run(async () => 'hashed')];
  await expect(gate.run(async () => 'hashed')).rejects.toMatchObject(BUSY);
  running.end();
  await first;
  expect((await Promise.allSettled(failing)).map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  expect(await Promise.all([1, 2].map((n) => gate.run(async () => n)))).toEqual([1, 2]);
});
