import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Makes wrong passwords equally slow. A hash of another system takes another time than one of the gateway, or than the work for
 * an unknown address. So every failed check lasts as long as the slowest of the recent foreign hashes.
 */
export type FailurePace = {
  /** Records how many milliseconds a foreign hash of this kind took. */
  note(kind: string, milliseconds: number): void;
  /** Waits until a failed check has lasted long enough. `startedAt` is a time of `performance.now()`. */
  wait(startedAt: number): Promise<void>;
};

/** How many kinds are remembered, and how many times of each. */
const MAX_KINDS = 32;
const KEPT_TIMES = 8;
/** A busy machine must not delay every failure for long. */
const MAX_MS = 2000;

/** Creates the pace. Until the first foreign hash it waits for nothing. */
export function createFailurePace(): FailurePace {
  const times = new Map<string, number[]>();
  return {
    note(kind, milliseconds) {
      const known = times.get(kind);
      if (known === undefined && times.size >= MAX_KINDS) return;
      times.set(kind, [...(known ?? []), milliseconds].slice(-KEPT_TIMES));
    },
    async wait(startedAt) {
      const lasting = Math.min(MAX_MS, Math.max(0, ...[...times.values()].flat()));
      const left = startedAt + lasting - performance.now();
      if (left > 0) await sleep(left);
    },
  };
}
