/** The statements of a pool that wait for an answer. */
export type WaitingStatements = {
  /** Adds a statement. What it returns is called when the statement has ended. */
  add(now: number): () => void;
  /** Milliseconds that the oldest of them has waited; 0 if none waits. */
  longestMs(now: number): number;
  /** Counts the time of all of them from now. */
  restart(now: number): void;
  /** Stops tracking those that have waited for so long. */
  dropAfter(ms: number, now: number): void;
  /**
   * Milliseconds that a statement which comes now would wait, judged by those before it: how long the oldest waits that
   * has no connection, or less if a newer one was answered since. One that takes long does not make others wait.
   */
  queueDelayMs(connections: number): number;
};

/** Tracks the statements of a pool from their beginning to their end. */
export function trackWaiting(): WaitingStatements {
  /** Since when each of them waits, the longest first. */
  const waiting = new Map<symbol, number>();
  /** When the newest of those that were answered had begun to wait. */
  let newestAnswered = Number.NEGATIVE_INFINITY;
  return {
    add(now) {
      const one = Symbol('waiting');
      waiting.set(one, now);
      return () => {
        if (waiting.delete(one)) newestAnswered = Math.max(newestAnswered, now);
      };
    },
    longestMs(now) {
      const [since = now] = waiting.values();
      return now - since;
    },
    restart(now) {
      for (const one of waiting.keys()) waiting.set(one, now);
    },
    dropAfter(ms, now) {
      for (const [one, since] of waiting) if (now - since >= ms) waiting.delete(one);
    },
    queueDelayMs(connections) {
      let underWay = 0;
      for (const since of waiting.values()) {
        underWay += 1;
        // The first of them are being executed, one on each connection.
        if (underWay > connections) return performance.now() - Math.max(since, newestAnswered);
      }
      return 0;
    },
  };
}
