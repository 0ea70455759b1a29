import type { IncomingMessage, ServerResponse } from 'node:http';
import { AuthError } from '../errors.ts';
import { onResponseClose } from './response-close.ts';

/** A request's place among the requests in work. The request leaves it at its end. */
export type Place = {
  /** Frees the place while the request waits for its client. */
  leave(): void;
  /** Takes a place again. @throws AuthError `busy` if the gateway is full now */
  comeBack(): void;
};

/**
 * Gives a request a place.
 * @throws AuthError `busy`
 */
export type Admission = (request: IncomingMessage, response: ServerResponse) => Place;

type Options = {
  maxConcurrentRequests: number;
  /** How many milliseconds new work would wait for the database. */
  queueDelayMs: () => number;
  longestWaitMs: number;
};

/**
 * Limits how many requests the gateway works on, which limits memory and waiting statements too. It also refuses new
 * requests while earlier work waits too long for the database.
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
    // When the answer is written: a client that reads slowly must not keep a place from others.
    response.once('prefinish', end);
    onResponseClose(request, response, end);
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
