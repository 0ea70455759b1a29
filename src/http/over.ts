import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Calls back once, when the answer is out or its connection is gone. A response that waits behind another one of the same
 * connection (pipelining) is not told when that closes.
 */
export function whenOver({ socket }: IncomingMessage, response: ServerResponse, callback: () => void): void {
  const over = () => {
    response.off('close', over);
    socket.off('close', over);
    callback();
  };
  response.once('close', over);
  socket.once('close', over);
}
