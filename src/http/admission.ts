import type { IncomingMessage, ServerResponse } from 'node:http';
import { AuthError } from '../errors.ts';
import { whenOver } from './over.ts';

/** A request's place among those that the gateway works on. It leaves for good when it is over. */
export type Place = {
  /** Makes room while the request waits for its client. */
  leave(): void;
  /** @throws AuthError `busy` if the gateway is full by now */
  comeBack(): void;
};

/**
 * Gives a request a place.
 * @throws AuthError `busy`
 */
export type Admission = (request: IncomingMessage, response: ServerResponse) => Place;

type Options = {
  maxConcurrentRequests: number;
  /** Milliseconds for which work that comes now would wait for the database. */
  queueDelayMs: () => number;
  longestWaitMs: number;
};

/**
 * Bounds the requests that the gateway works on, and with them memory and the statements that wait for a connection. It
 * refuses new ones, too, while those before them wait for too long.
 */
export function createAdmission({ maxConcurrentRequests, queueDelayMs, longestWaitMs }: Options): Admission {
  let inside = 0;

  function enter(): void {
    if (inside >= maxConcurrentRequests) throw new AuthError('busy', { retryAfterSeconds: 1 });
    if (queueDelayMs() > longestWaitMs) {
      const retryAfterSeconds = Math.ceil(longestWaitMs / 1000);
      throw new AuthError('busy', { retryAfterSeconds });
    }
    inside += 1;
  }

  return (request, response) => {
    enter();
    let isInside = true;
    let isOver = false;
    const leave = () => {
      if (isInside) inside -= 1;
      isInside = false;
    };
    const end = () => {
      isOver = true;
      leave();
    };
    // Once the answer is written: reading it is the client's affair, and must not keep a place from others.
    response.once('prefinish', end);
    whenOver(request, response, end);
    return {
      leave,
      comeBack() {
        if (isInside || isOver) return;
        enter();
        isInside = true;
      },
    };
  };
}
