import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Connection } from './connection.ts';

/** How long nothing may move on a connection while an answer is unread. Node looks twice before it tells. */
const SILENCE_MS = 15_000;

/**
 * How long a client may take to read an answer, and how many may be about it: the system takes in all of an answer at once
 * unless the client reads slowly. What it does not take in stays in memory.
 */
const UNREAD = { longestMs: 30_000, most: 500 };
const LOOK_MS = 1000;

/** Answers to what is not a request, by Node's error code, as Node words them. */
const REJECTIONS = new Map([
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', '413 Payload Too Large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
]);

export type Connections = {
  /** Cuts off clients that have their last answer and still send. */
  endDiscarding(): void;
};

type Options = Readonly<{
  maxConnections: number;
  serve: (request: IncomingMessage, response: ServerResponse) => void;
  isClosing: () => boolean;
  /** Called for each connection that found no room. */
  onDrop: () => void;
}>;

/**
 * Looks after the connections of a server. When there are too many, one makes room for the next: one that has had its last
 * answer, or else the one that has been silent for longest, or else the one that has been reading an answer for longest. A
 * new one is dropped only if the gateway works for all others.
 */
export function superviseConnections(server: Server, options: Options): Connections {
  const { maxConnections, serve, isClosing } = options;
  const connections = new Map<Socket, Connection>();
  /** Those that wait for their client, the longest first. */
  const idle = new Set<Connection>();
  const discarding = new Set<Connection>();
  /** Since when each of them reads its answer, the longest first. */
  const unread = new Map<Connection, number>();

  function onTurn(connection: Connection): void {
    if (!connections.has(connection.socket)) return;
    // Behind all that have been silent for longer.
    idle.delete(connection);
    if (connection.isIdle) idle.add(connection);
    if (connection.isDiscarding) discarding.add(connection);
    if (!connection.isUnread) unread.delete(connection);
    else if (!unread.has(connection)) {
      unread.set(connection, performance.now());
      endUnread();
    }
  }

  /** Gives up answers that are not read: the oldest, where there are too many. */
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
    // It is the last to be taken for a silent one, even if its body is not there yet.
    idle.delete(connection);
  };

  const sweep = setInterval(endUnread, LOOK_MS).unref();
  server.once('close', () => clearInterval(sweep));
  server.maxConnections = maxConnections;
  server.setTimeout(SILENCE_MS, (socket) => connections.get(socket)?.onSilence(SILENCE_MS));
  server.on('connection', (socket) => {
    if (connections.size + 1 >= maxConnections) makeRoom();
    const connection = new Connection(socket, { serve, isClosing, onTurn });
    connections.set(socket, connection);
    idle.add(connection);
    socket.once('close', () => forget(connection));
  });
  server.on('drop', options.onDrop);
  server.on('request', take);
  // What reads the body asks for it. Other expectations may be ignored (RFC 9110, 10.1.1).
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
