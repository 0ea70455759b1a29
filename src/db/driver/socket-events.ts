import type { Socket } from 'node:net';

/** Creates the error for a connection that closes too early. */
export const closedEarly = (): Error =>
  Object.assign(new Error('The database closed the connection.'), { code: 'ECONNRESET' });

/**
 * Waits for one event of a socket, and returns its argument.
 * @throws the socket's error, or ECONNRESET if it closes before
 */
export function nextEvent<T>(socket: Socket, event: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => void socket.off('error', fail).off('close', close).off(event, come);
    const fail = (error: Error) => {
      stop();
      reject(error);
    };
    const close = () => fail(closedEarly());
    const come = (what: T) => {
      stop();
      resolve(what);
    };
    socket.on('error', fail).on('close', close).on(event, come);
  });
}
