import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createHashGate } from '../../src/crypto/hash-gate.ts';

const BUSY = { code: 'busy', retryAfterSeconds: 1 };

/** Work that ends when it is told to. */
function work() {
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { run: () => ended, end };
}

test('a hash is refused as busy while another has waited too long, and runs once that one does', async () => {
  const gate = createHashGate({ concurrency: 1, queue: 10, longestWaitMs: 50 });
  const [running, waiting] = [work(), work()];
  const first = gate.run(running.run);
  const second = gate.run(waiting.run);
  const third = gate.run(async () => 'hashed');
  await sleep(60);
  await expect(gate.run(async () => 'hashed')).rejects.toMatchObject(BUSY);
  running.end();
  await first;
  // The second runs. The third waits as long as it did, so it is the one that others are refused for.
  await expect(gate.run(async () => 'hashed')).rejects.toMatchObject(BUSY);
  waiting.end();
  await second;
  expect(await third).toBe('hashed');
  expect(await gate.run(async () => 'hashed')).toBe('hashed');
});

test('a hash that runs for long is not one that waits: others still may wait', async () => {
  const gate = createHashGate({ concurrency: 1, queue: 10, longestWaitMs: 50 });
  const running = work();
  const first = gate.run(running.run);
  await sleep(60);
  const second = gate.run(async () => 'hashed');
  running.end();
  await first;
  expect(await second).toBe('hashed');
});

test('more hashes than may wait are refused as busy, and those that fail leave their place', async () => {
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
