/**
 * Work-around, postgres.js 3.4.9: a statement on a connection whose other end says nothing waits until TCP gives up, for a
 * quarter of an hour. The driver has no option against that.
 *
 * Upstream: porsager/postgres issue 1089, “Indefinitely waiting queries”.
 * Here: connections that owe an answer for too long are cut off.
 * It can go when this test fails: “postgres.js waits for a server that says nothing”. The test does not notice an option that
 * is off by default: look for one in the driver's change log.
 */
import type { WaitingStatements } from '../waiting.ts';

/** How long an answer may be under way. */
export const ANSWER_MS = 2000;
/** How often overdue answers are looked for. */
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
  /** Counts a statement as waiting for an answer, until what it returns is called. */
  expectAnswer(): () => void;
  stop(): void;
};

/**
 * Ends connections whose other end went silent, as behind a failed network or a firewall that forgot them. When a statement
 * has waited for longer than any may take, every silent connection is cut off: those that have owed an answer for as long,
 * and those that nobody used for as long. What waits there fails.
 *
 * @param longestMs milliseconds within which a database that lives answers every statement, if only by refusing it
 */
export function watchForSilence(longestMs: number, waiting: WaitingStatements): SilenceWatch {
  const heard = new Map<Wire, Heard>();
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

  /** After a pause of our own, a suspended machine say, answers may lie there unread: the time counts from now. */
  function restart(now: number): void {
    for (const each of heard.values()) each.at = now;
    waiting.restart(now);
  }

  function cutOff(now: number): void {
    listen(now);
    // One that is still pending after three looks was helped by none of them. A connection may have been heard from up to a
    // look before that was noticed.
    waiting.dropAfter(longestMs + 3 * LOOK_MS, now);
    // Without an error: what the driver sends between the error of a connection and its end is never answered.
    for (const [socket, { at }] of heard) if (now - at >= longestMs) socket.destroy();
  }

  function look(): void {
    const now = performance.now();
    if (now - lookedAt > 2 * LOOK_MS) restart(now);
    lookedAt = now;
    listen(now);
    // Not from here: between a timer and the end of what it cuts off many a request might be given a connection that is ending.
    if (waiting.longestMs(now) >= longestMs) setImmediate(() => cutOff(performance.now()));
  }

  const timer = setInterval(look, LOOK_MS).unref();
  return {
    watch(socket) {
      heard.set(socket, { bytesRead: 0, bytesWritten: 0, owes: false, at: performance.now() });
    },
    expectAnswer() {
      const now = performance.now();
      // What was sent before this is told apart from what is sent now.
      listen(now);
      return waiting.add(now);
    },
    stop: () => clearInterval(timer),
  };
}
