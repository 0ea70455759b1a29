/**
 * Work-around, postgres.js 3.4.9: a statement on a connection whose other end says nothing waits until TCP gives up, for a
 * quarter of an hour. The driver has no option against that.
 *
 * Upstream: porsager/postgres issue 1089, “Indefinitely waiting queries”.
 * Here: connections that owe an answer for too long are cut off.
 * It can go when this test fails: “postgres.js waits forever for a server that does not answer”. The test does not notice an
 * option that is off by default: look for one in the driver's change log.
 */
import type { WaitingStatements } from '../waiting.ts';

/** How long an answer may be under way. */
export const ANSWER_MS = 2000;
/** The interval between two checks for overdue answers. */
const LOOK_MS = 1000;

/** The part of a socket that is checked. */
type Wire = {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly destroyed: boolean;
  destroy(): unknown;
};

type Heard = {
  bytesRead: number;
  bytesWritten: number;
  /** Whether bytes were sent since the last bytes came. */
  owes: boolean;
  /** When the last bytes came, or when the connection began to owe an answer. */
  at: number;
};

export type SilenceWatch = {
  watch(socket: Wire): void;
  /** Counts a statement as waiting for an answer, until the caller calls the returned function. */
  expectAnswer(): () => void;
  stop(): void;
};

/**
 * Ends connections whose other end went silent: the network failed, or a firewall forgot them. If a statement has waited for
 * longer than `longestMs`, every connection that received no byte for as long is cut off, unused ones too. The statements that
 * wait there fail.
 *
 * @param longestMs milliseconds within which a working database answers every statement, be it with an error
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

  /** Lets all times count from now. After a pause of this process (a suspended machine), answers may still be unread. */
  function restart(now: number): void {
    for (const each of heard.values()) each.at = now;
    waiting.restart(now);
  }

  function cutOff(now: number): void {
    listen(now);
    // Stop tracking a statement that is still pending after three checks: they did not end it. One check alone may come too
    // early, because it notices bytes up to a second after they came.
    waiting.dropAfter(longestMs + 3 * LOOK_MS, now);
    // Without an error: a statement that the driver sends between the error of a connection and its end is never answered.
    for (const [socket, { at }] of heard) if (now - at >= longestMs) socket.destroy();
  }

  function look(): void {
    const now = performance.now();
    if (now - lookedAt > 2 * LOOK_MS) restart(now);
    lookedAt = now;
    listen(now);
    // Not in the timer itself: requests that run before the connections have closed would get one that is closing.
    if (waiting.longestMs(now) >= longestMs) setImmediate(() => cutOff(performance.now()));
  }

  const timer = setInterval(look, LOOK_MS).unref();
  return {
    watch(socket) {
      heard.set(socket, { bytesRead: 0, bytesWritten: 0, owes: false, at: performance.now() });
    },
    expectAnswer() {
      const now = performance.now();
      // Bytes that were sent before must not count as sent by this statement.
      listen(now);
      return waiting.add(now);
    },
    stop: () => clearInterval(timer),
  };
}
