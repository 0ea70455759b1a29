import type { Socket } from 'node:net';

/** How often the database is asked whether it still answers. */
const intervalFor = (longestMs: number): number => Math.min(5000, longestMs / 2);

export type SilenceWatch = { watch(socket: Socket): void; stop(): void };

type Heard = { bytes: number; at: number };

/**
 * Ends connections whose other end went silent without a word, as behind a failed network or a firewall that forgot them:
 * TCP alone would let every statement on them wait for a quarter of an hour. Once no question has been answered for longer
 * than any statement may take, whoever has not been heard from for as long is cut off, and what waited there fails.
 */
export function watchForSilence({
  ask,
  longestMs,
}: {
  /** Asks the database anything, by any of its connections. */
  ask: () => PromiseLike<unknown>;
  /** Milliseconds within which a database that lives answers every statement, if only by refusing it. */
  longestMs: number;
}): SilenceWatch {
  const interval = intervalFor(longestMs);
  const heard = new Map<Socket, Heard>();
  let lookedAt = performance.now();
  let unansweredSince: number | null = null;
  let isAsking = false;

  /** A question that fails, as on a new connection that does not come about, is no answer either. */
  function askAgain(now: number): void {
    if (isAsking) return;
    isAsking = true;
    unansweredSince ??= now;
    const settle = () => {
      isAsking = false;
    };
    ask().then(() => {
      unansweredSince = null;
      settle();
    }, settle);
  }

  function listen(now: number): void {
    for (const [socket, { bytes }] of heard)
      if (socket.bytesRead !== bytes) heard.set(socket, { bytes: socket.bytesRead, at: now });
  }

  /** After a pause of our own, a suspended machine say, answers may lie there unread: silence begins to count anew. */
  function forget(now: number): void {
    unansweredSince = isAsking ? now : null;
    for (const [socket, { bytes }] of heard) heard.set(socket, { bytes, at: now });
  }

  function cutOff(now: number): void {
    for (const [socket, { at }] of heard)
      if (now - at >= longestMs)
        socket.destroy(Object.assign(new Error('The database went silent.'), { code: 'ETIMEDOUT' }));
  }

  function look(): void {
    const now = performance.now();
    if (now - lookedAt > 2 * interval) forget(now);
    lookedAt = now;
    listen(now);
    if (unansweredSince !== null && now - unansweredSince >= longestMs) cutOff(now);
    askAgain(now);
  }

  const timer = setInterval(look, interval).unref();
  return {
    watch(socket) {
      heard.set(socket, { bytes: 0, at: performance.now() });
      socket.once('close', () => heard.delete(socket));
    },
    stop: () => clearInterval(timer),
  };
}
