import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Connection } from './connection.ts';

/** How long a connection may be silent while an answer is unread. Node checks twice before it reports the silence. */
const SILENCE_MS = 15_000;

/**
 * How long a client may take to read an answer, and how many answers may be unread. The system accepts a whole answer at
 * once, unless the client reads slowly. The rest of it stays in memory.
 */
const UNREAD = { longestMs: 30_000, most: 500 };
const LOOK_MS = 1000;

/** Answers to input that is not a request, by Node's error code, in Node's words. */
const REJECTIONS = new Map([
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', '413 Payload Too Large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
]);

export type Connections = {
  /** Closes the connections of clients that have received their last answer and still send. */
  endDiscarding(): void;
};

type Options = Readonly<{
  maxConnections: number;
  serve: (request: IncomingMessage, response: ServerResponse) => void;
  isClosing: () => boolean;
  /** Called for each dropped connection. */
  onDrop: () => void;
}>;

/**
 * Supervises the connections of a server. If there are too many, it closes one to make room for a new one. Its first choice
 * is a connection that has received its last answer; then the one that has been silent for longest; then the one that has
 * been reading an answer for longest. It drops the new one only if the gateway works for all others.
 */
export function superviseConnections(server: Server, options: Options): Connections {
  const { maxConnections, serve, isClosing } = options;
  const connections = new Map<Socket, Connection>();
  /** Connections that wait for their client, the longest waiting first. */
  const idle = new Set<Connection>();
  const discarding = new Set<Connection>();
  /** When each connection began to read its answer, the oldest first. */
  const unread = new Map<Connection, number>();

  function onStateChange(connection: Connection): void {
    if (!connections.has(connection.socket)) return;
    // At the end, since all others have been silent for longer.
    idle.delete(connection);
    if (connection.isIdle) idle.add(connection);
    if (connection.isDiscarding) discarding.add(connection);
    if (!connection.isUnread) unread.delete(connection);
    else if (!unread.has(connection)) {
      unread.set(connection, performance.now());
      endUnread();
    }
  }

  /** Closes connections that read an answer too slowly, and the oldest ones if there are too many. */
  function endUnread(): void {
    const now = performance.now();
    for (const [connection, since] of unread) {
      if (unread.size <= UNREAD.most && now - since < UNREAD.longestMs) return;
      end(connection);
    }
  }

  function end(connection: Connection): void {
    forget(connection);
    connection.destroy();
  }

  function forget(connection: Connection): void {
    connections.delete(connection.socket);
    idle.delete(connection);
    discarding.delete(connection);
    unread.delete(connection);
  }

  function makeRoom(): void {
    const [first] = [discarding, idle, unread.keys()].flatMap(([longest]) => longest ?? []);
    if (first !== undefined) end(first);
  }

  const take = (request: IncomingMessage, response: ServerResponse): void => {
    const connection = connections.get(request.socket);
    if (connection === undefined) return;
    connection.take({ request, response });
    // Not idle any more, even if its body has not arrived yet.
    idle.delete(connection);
  };

  const sweep = setInterval(endUnread, LOOK_MS).unref();
  server.once('close', () => clearInterval(sweep));
  server.maxConnections = maxConnections;
  server.setTimeout(SILENCE_MS, (socket) => connections.get(socket)?.onSilence(SILENCE_MS));
  server.on('connection', (socket) => {
    if (connections.size + 1 >= maxConnections) makeRoom();
    const connection = new Connection(socket, { serve, isClosing, onStateChange });
    connections.set(socket, connection);
    idle.add(connection);
    socket.once('close', () => forget(connection));
  });
  server.on('drop', options.onDrop);
  server.on('request', take);
  // The reader of the body sends the 100. Other expectations may be ignored (RFC 9110, 10.1.1).
  server.on('checkContinue', take).on('checkExpectation', take);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const status = REJECTIONS.get(error.code ?? '') ?? '400 Bad Request';
    connections.get(socket as Socket)?.reject(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
  });
  return {
    endDiscarding() {
      for (const connection of discarding) connection.destroy();
    },
  };
}
