import type { Socket } from 'node:net';

/** How often the database is asked whether it still answers. */
const intervalMs = (longestMs: number): number => Math.min(5000, longestMs / 2);

export type SilenceWatch = { watch(socket: Socket): void; stop(): void };

/**
 * Ends connections whose other end went silent without a word, as behind a failed network or a firewall that forgot them:
 * TCP alone would let every statement on them wait for a quarter of an hour. Once the question has waited for longer than
 * any statement may take, whoever has not been heard from for as long is cut off, and what waited there fails.
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
  const heard = new Map<Socket, { bytes: number; at: number }>();
  let askedAt: number | null = null;

  function listen(now: number): void {
    for (const [socket, last] of heard)
      if (socket.bytesRead !== last.bytes) heard.set(socket, { bytes: socket.bytesRead, at: now });
  }

  function cutOff(now: number): void {
    for (const [socket, { at }] of heard)
      if (now - at >= longestMs)
        socket.destroy(Object.assign(new Error('The database went silent.'), { code: 'ETIMEDOUT' }));
  }

  function look(): void {
    const now = performance.now();
    listen(now);
    if (askedAt !== null) {
      if (now - askedAt >= longestMs) cutOff(now);
      return;
    }
    askedAt = now;
    const answered = () => {
      askedAt = null;
    };
    ask().then(answered, answered);
  }

  const timer = setInterval(look, intervalMs(longestMs)).unref();
  return {
    watch(socket) {
      heard.set(socket, { bytes: 0, at: performance.now() });
      socket.once('close', () => heard.delete(socket));
    },
    stop: () => clearInterval(timer),
  };
}
