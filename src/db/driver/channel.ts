/**
 * Work-around, both drivers: neither reads `sslmode` and `sslrootcert` as libpq does, and each in its own way. postgres.js
 * 3.4.9 sends `sslrootcert` to the server as a setting, which the server refuses. pg 8.23.1 takes `prefer` and `require` for
 * `verify-full`.
 *
 * Upstream: not reported for postgres.js. pg warns that version 9 will do as libpq does (brianc/node-postgres pull request
 * 2709, “get closer to libpq semantics for `sslmode`”).
 * Here: our own socket connects and starts TLS, so that a URL means the same to both drivers. Neither driver uses its own TLS.
 * It can go when these tests fail: “postgres.js sends sslrootcert to the server as a setting” and “pg refuses a server without
 * TLS if the URL prefers TLS”.
 */
import { connect as connectSocket, type Socket } from 'node:net';
import type { DatabaseTarget } from '../../config/database-url.ts';
import type { TlsFiles } from '../../config/tls-files.ts';
import { startTls, TlsProblem } from './server-tls.ts';
import { closedEarly, nextEvent } from './socket-events.ts';

/** SSLRequest of Postgres' protocol. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
const [SSL_YES, SSL_NO] = [0x53, 0x4e];

type Track = (socket: Socket) => void;

async function dial({ socketPath, host, port }: DatabaseTarget, track: Track): Promise<Socket> {
  const socket = socketPath === null ? connectSocket(port, host) : connectSocket(socketPath);
  track(socket);
  socket.setNoDelay(true);
  socket.on('error', () => {}); // nextEvent reports it
  await nextEvent(socket, 'connect');
  return socket;
}

/**
 * Asks whether the server can do TLS. The server answers with one byte. More bytes are refused: an attacker in between could
 * add them, and they would be read as if they were encrypted.
 */
async function askForTls(socket: Socket): Promise<boolean> {
  socket.write(SSL_REQUEST);
  const answer = await nextEvent<Buffer>(socket, 'data');
  socket.pause();
  const [first] = answer;
  if (answer.length === 1 && (first === SSL_YES || first === SSL_NO)) return first === SSL_YES;
  socket.destroy();
  throw closedEarly();
}

/**
 * Opens a connection to the server, encrypted as the URL's `sslmode` says.
 * @param track gets every socket that is opened, before it connects
 * @throws TlsProblem if the connection cannot be encrypted so; otherwise the socket's error
 */
export async function openChannel(target: DatabaseTarget, files: TlsFiles, track: Track): Promise<Socket> {
  const { mode } = target.tls;
  const socket = await dial(target, track);
  if (target.socketPath !== null || mode === 'disable') return socket;
  if (await askForTls(socket)) {
    try {
      return await startTls(socket, target, files);
    } catch (error) {
      // As libpq does.
      if (mode !== 'prefer') throw error;
      socket.destroy();
      return await dial(target, track);
    }
  }
  if (mode === 'prefer') return socket;
  socket.destroy();
  throw new TlsProblem(
    target,
    `sslmode=${mode}, but the server has no TLS. Switch TLS on there, or write sslmode=prefer where the network is trusted`,
  );
}
