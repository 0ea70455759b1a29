import type { Socket } from 'node:net';

/** How long an answer may be under way. */
export const ANSWER_MS = 2000;
/** How often somebody looks whether an answer is overdue. */
const LOOK_MS = 1000;

export type SilenceWatch = {
  watch(socket: Socket): void;
  /** Says that somebody waits for an answer, until what it returns is called. */
  expectAnswer(): () => void;
  stop(): void;
};

/**
 * Ends connections whose other end went silent without a word, as behind a failed network or a firewall that forgot them:
 * TCP alone would let every statement on them wait for a quarter of an hour. Once somebody has waited for longer than any
 * statement may take, every connection that has not been heard from for as long is cut off: what waits there fails, and
 * of those that nobody uses nothing is lost.
 *
 * @param longestMs milliseconds within which a database that lives answers every statement, if only by refusing it
 */
export function watchForSilence(longestMs: number): SilenceWatch {
  const heard = new Map<Socket, { bytes: number; at: number }>();
  /** Since when each of them waits, the longest first. */
  const waiting = new Map<symbol, number>();
  let lookedAt = performance.now();

  /** A driver that puts TLS on a socket removes every listener of it, so its end may go unnoticed. */
  function listen(now: number): void {
    for (const [socket, { bytes }] of heard)
      if (socket.destroyed) heard.delete(socket);
      else if (socket.bytesRead !== bytes) heard.set(socket, { bytes: socket.bytesRead, at: now });
  }

  /** After a pause of our own, a suspended machine say, answers may lie there unread: silence begins to count anew. */
  function forget(now: number): void {
    for (const [socket, { bytes }] of heard) heard.set(socket, { bytes, at: now });
    for (const one of waiting.keys()) waiting.set(one, now);
  }

  /**
   * Whoever still waits some looks later was helped by none of them: nobody ended it, and it counts no more. Some, since a
   * connection may have been heard from up to a look later than was noticed.
   */
  function cutOff(now: number): void {
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
    if (now - since >= longestMs) cutOff(now);
  }

  const timer = setInterval(look, LOOK_MS).unref();
  return {
    watch: (socket) => void heard.set(socket, { bytes: 0, at: performance.now() }),
    expectAnswer() {
      const one = Symbol('waiting');
      waiting.set(one, performance.now());
      return () => void waiting.delete(one);
    },
    stop: () => clearInterval(timer),
  };
}

/**
 * Counts a statement as waiting until it has ended. Its own `then` would start it at once, before the caller has said what
 * it wants of it.
 */
export function watchStatement<Statement extends PromiseLike<unknown>>(
  statement: Statement,
  { expectAnswer }: SilenceWatch,
): Statement {
  const answered = expectAnswer();
  Promise.prototype.then.call(statement, answered, answered);
  return statement;
}
