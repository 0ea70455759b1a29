/** How long an answer may be under way. */
export const ANSWER_MS = 2000;
/** How often somebody looks whether an answer is overdue. */
const LOOK_MS = 1000;

/** What of a socket is looked at. */
type Wire = {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly destroyed: boolean;
  destroy(): unknown;
};

type Heard = {
  bytesRead: number;
  bytesWritten: number;
  /** Whether something was sent since it was last heard from. */
  owes: boolean;
  /** When it was last heard from, or began to owe an answer. */
  at: number;
};

export type SilenceWatch = {
  watch(socket: Wire): void;
  /** Says that somebody waits for an answer, until what it returns is called. */
  expectAnswer(): () => void;
  /**
   * Milliseconds that a statement which comes now would wait, judged by those before it: how long the oldest waits that
   * has no connection, or less if a newer one was answered since. One that takes long does not make others wait.
   */
  queueDelayMs(connections: number): number;
  stop(): void;
};

/**
 * Ends connections whose other end went silent without a word, as behind a failed network or a firewall that forgot them:
 * TCP alone would let every statement on them wait for a quarter of an hour. Once somebody has waited for longer than any
 * statement may take, every connection that has owed an answer for as long, or has said nothing when nobody asked, is cut
 * off: what waits there fails, and of those that nobody uses hardly ever anything is lost.
 *
 * @param longestMs milliseconds within which a database that lives answers every statement, if only by refusing it
 */
export function watchForSilence(longestMs: number): SilenceWatch {
  const heard = new Map<Wire, Heard>();
  /** Since when each of them waits, the longest first. */
  const waiting = new Map<symbol, number>();
  /** When the newest of those that were answered had begun to wait. */
  let newestAnswered = Number.NEGATIVE_INFINITY;
  let lookedAt = performance.now();

  function listen(now: number): void {
    for (const [socket, before] of heard) {
      if (socket.destroyed) heard.delete(socket);
      const { bytesRead, bytesWritten } = socket;
      const isHeard = bytesRead !== before.bytesRead;
      if (isHeard || (!before.owes && bytesWritten !== before.bytesWritten))
        Object.assign(before, { bytesRead, bytesWritten, owes: !isHeard, at: now });
    }
  }

  /** After a pause of our own, a suspended machine say, answers may lie there unread: silence begins to count anew. */
  function forget(now: number): void {
    for (const each of heard.values()) each.at = now;
    for (const one of waiting.keys()) waiting.set(one, now);
  }

  /**
   * Whoever still waits some looks later was helped by none of them: nobody ended it, and it counts no more. Some, since a
   * connection may have been heard from up to a look later than was noticed.
   */
  function cutOff(now: number): void {
    listen(now);
    for (const [one, since] of waiting) if (now - since >= longestMs + 3 * LOOK_MS) waiting.delete(one);
    // Without an error: what the driver sends between the error of a connection and its end is never answered.
    for (const [socket, { at }] of heard) if (now - at >= longestMs) socket.destroy();
  }

  function look(): void {
    const now = performance.now();
    if (now - lookedAt > 2 * LOOK_MS) forget(now);
    lookedAt = now;
    listen(now);
    const [since = now] = waiting.values();
    // Not from here: between a timer and the end of what it cuts off many a request might be given a connection that is ending.
    if (now - since >= longestMs) setImmediate(() => cutOff(performance.now()));
  }

  const timer = setInterval(look, LOOK_MS).unref();
  return {
    watch(socket) {
      heard.set(socket, { bytesRead: 0, bytesWritten: 0, owes: false, at: performance.now() });
    },
    expectAnswer() {
      const one = Symbol('waiting');
      const now = performance.now();
      // What was sent before this is told apart from what is sent now.
      listen(now);
      waiting.set(one, now);
      return () => {
        if (waiting.delete(one)) newestAnswered = Math.max(newestAnswered, now);
      };
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
    stop: () => clearInterval(timer),
  };
}
