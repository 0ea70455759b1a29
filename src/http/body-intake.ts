import type { IncomingMessage, ServerResponse } from 'node:http';
import { AuthError } from '../errors.ts';
import type { BodyBudget, BodyOwner } from '../limits/body-budget.ts';
import { onResponseClose } from './response-close.ts';

/**
 * How long a body may take, and the rate that it must reach after the grace period (Kestrel's defaults). A slower body would
 * keep a connection and memory.
 */
const PACE = { longestMs: 15_000, graceMs: 5000, bytesPerSecond: 240 };
const LOOK_MS = 1000;

/** The initial size of a body's buffer. It grows with the bytes that arrive, not with the declared length. */
const FIRST_BYTES = 1024;

/**
 * Receives the body of a request.
 * @param maxBytes the largest body that is accepted
 * @throws AuthError `payload_too_large`; `busy` if it had to make room for others; `request_timeout`; `invalid_json` if the
 * client left
 */
export type ReceiveBody = (
  request: IncomingMessage,
  response: ServerResponse,
  maxBytes: number,
) => Promise<Buffer>;

type Terms = Readonly<{
  budget: BodyBudget;
  findOwner: (request: IncomingMessage) => BodyOwner;
  maxBytes: number;
}>;

const tooLarge = (maxBytes: number) => new AuthError('payload_too_large', { details: { maxBytes } });

const declaredBytes = ({ headers }: IncomingMessage): number => Number(headers['content-length'] ?? 0);

/** Tells whether a request has a body. */
export const hasBody = (request: IncomingMessage): boolean =>
  request.headers['transfer-encoding'] !== undefined || declaredBytes(request) > 0;

/** Tells whether the client waits for a 100 before it sends the body (RFC 9110, 10.1.1). */
const isHeldBack = ({ headers, httpVersion, complete }: IncomingMessage): boolean =>
  !complete && httpVersion === '1.1' && headers.expect?.toLowerCase() === '100-continue';

/** Creates a function that receives bodies within a budget. */
export function createBodyIntake(
  budget: BodyBudget,
  findOwner: (request: IncomingMessage) => BodyOwner,
): ReceiveBody {
  return async (request, response, maxBytes) => {
    if (!hasBody(request)) return Buffer.alloc(0);
    if (declaredBytes(request) > maxBytes) throw tooLarge(maxBytes);
    if (isHeldBack(request)) response.writeContinue();
    return collect(request, response, { budget, findOwner, maxBytes });
  };
}

function collect(request: IncomingMessage, response: ServerResponse, terms: Terms): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const received = growingBuffer();
    // Most bodies arrive together with their heads.
    const pace = request.complete
      ? undefined
      : watchPace(received, () => refuse(new AuthError('request_timeout')));
    const held = terms.budget.hold(
      () => terms.findOwner(request),
      () => refuse(new AuthError('busy', { retryAfterSeconds: 1 })),
    );
    function stop(): void {
      clearInterval(pace);
      request.off('data', take).off('end', finish).off('close', leave);
    }
    function refuse(error: AuthError): void {
      stop();
      held.release();
      // The rest of the body is discarded. Destroying the stream would end the connection, and the answer with it.
      request.resume();
      reject(error);
    }
    function take(chunk: Buffer): void {
      if (received.length + chunk.length > terms.maxBytes) {
        refuse(tooLarge(terms.maxBytes));
        return;
      }
      received.add(chunk);
      held.grow(chunk.length);
    }
    function finish(): void {
      stop();
      held.complete();
      response.once('prefinish', held.release);
      onResponseClose(request, response, held.release);
      resolve(received.bytes());
    }
    const leave = () => refuse(new AuthError('invalid_json', { message: 'The request body ended early.' }));
    if (request.destroyed) return leave();
    request.on('data', take).once('end', finish).once('close', leave);
  });
}

type GrowingBuffer = {
  add(chunk: Buffer): void;
  bytes(): Buffer;
  readonly length: number;
};

/** Copies chunks into one buffer: a client may send pieces of one byte, each of which is an object of 100 bytes. */
function growingBuffer(): GrowingBuffer {
  let memory = Buffer.allocUnsafe(FIRST_BYTES);
  let length = 0;
  return {
    add(chunk) {
      const needed = length + chunk.length;
      if (needed > memory.length) {
        const larger = Buffer.allocUnsafe(Math.max(needed, 2 * memory.length));
        memory.copy(larger, 0, 0, length);
        memory = larger;
      }
      chunk.copy(memory, length);
      length = needed;
    },
    bytes: () => memory.subarray(0, length),
    get length() {
      return length;
    },
  };
}

/** Calls back as soon as the body is too slow. The caller clears the interval. */
function watchPace(received: GrowingBuffer, callback: () => void): NodeJS.Timeout {
  const startedAt = performance.now();
  return setInterval(() => {
    const elapsedMs = performance.now() - startedAt;
    const neededBytes = elapsedMs > PACE.graceMs ? (elapsedMs / 1000) * PACE.bytesPerSecond : 0;
    if (elapsedMs > PACE.longestMs || received.length < neededBytes) callback();
  }, LOOK_MS).unref();
}
