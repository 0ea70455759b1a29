import type { IncomingMessage, ServerResponse } from 'node:http';

/** What waits for a response to be over. */
const waiting = new WeakMap<ServerResponse, (() => void)[]>();

/**
 * Calls back once, when the answer is out or its connection is gone, in the order of the calls. A response that waits behind
 * another one of the same connection is not told when that closes, so the connection is listened to as well.
 */
export function whenOver({ socket }: IncomingMessage, response: ServerResponse, callback: () => void): void {
  const callbacks = waiting.get(response);
  if (callbacks !== undefined) {
    callbacks.push(callback);
    return;
  }
  const all = [callback];
  waiting.set(response, all);
  const over = () => {
    response.off('close', over);
    socket.off('close', over);
    waiting.delete(response);
    for (const each of all) each();
  };
  response.once('close', over);
  socket.once('close', over);
}
