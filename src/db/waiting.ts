/** The statements of a pool that wait for an answer. */
export type WaitingStatements = {
  /** Adds a statement. The caller calls the returned function when the statement has ended. */
  add(now: number): () => void;
  /** Returns how many milliseconds the oldest statement has waited; 0 if no statement waits. */
  longestMs(now: number): number;
  /** Lets the time of all statements count from now. */
  restart(now: number): void;
  /** Stops tracking statements that have waited for that long. */
  dropAfter(ms: number, now: number): void;
  /**
   * Estimates how many milliseconds a new statement would wait for a connection. That is how long the oldest statement without
   * a connection has waited, or less if a newer one was answered since. One slow statement alone does not raise it.
   */
  queueDelayMs(connections: number): number;
};

/** Creates a list that tracks the statements of a pool from their beginning to their end. */
export function trackWaiting(): WaitingStatements {
  /** Since when each statement waits, the oldest first. */
  const waiting = new Map<symbol, number>();
  /** When the newest answered statement had begun to wait. */
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
        // The first ones are running, one on each connection.
        if (underWay > connections) return performance.now() - Math.max(since, newestAnswered);
      }
      return 0;
    },
  };
}
