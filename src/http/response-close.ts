import type { IncomingMessage, ServerResponse } from 'node:http';

/** The callbacks that wait for the end of a response. */
const waiting = new WeakMap<ServerResponse, (() => void)[]>();

/**
 * Calls back once, when the answer is sent or its connection is closed, in the order of the calls. A response that waits
 * behind another one gets no event when its connection closes. So the connection is listened to as well.
 */
export function onResponseClose(
  { socket }: IncomingMessage,
  response: ServerResponse,
  callback: () => void,
): void {
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
