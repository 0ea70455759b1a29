import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { whenOver } from './over.ts';

/**
 * Bytes that are parsed at once. Node makes objects of every request that it parses, so a client that pipelines gets a few
 * dozen of them, and no more until those are answered.
 */
const SLICE_BYTES = 1024;

/** What a client may still send after the last answer: how much, for how long, and how long it may be silent. */
const DISCARDED = { bytes: 64 * 1024 * 1024, longestMs: 15_000, silentMs: 5000 };

type Exchange = Readonly<{ request: IncomingMessage; response: ServerResponse }>;

type Options = Readonly<{
  serve: (request: IncomingMessage, response: ServerResponse) => void;
  /** Whether the gateway shuts down, so that it keeps no connection. */
  isClosing: () => boolean;
  /** Called when the connection may have begun to wait for its client, or may have ceased to. */
  onTurn: (connection: Connection) => void;
}>;

/**
 * A client's connection.
 *
 * Its requests are served one after the other, as RFC 9112 9.3.2 demands of those that change something, and the next is
 * served once the answer to the one before was written: so a client that sends many and reads none holds one answer.
 *
 * An answer that comes before the whole request was read is the last one: then the connection is closed for writing, and
 * what the client still sends is read and thrown away, within bounds (RFC 9112, 9.6). Closed at once, the client's system
 * would be told that its data went nowhere, and would often throw away the answer.
 */
export class Connection {
  readonly socket: Socket;
  readonly #options: Options;
  /** Node's own parsing of what arrives. */
  readonly #parse: (bytes: Buffer) => void;
  /** Requests that were parsed and wait for their turn. */
  #queue: Exchange[] = [];
  #current: Exchange | null = null;
  /** Bytes that belong to the body of the last request for sure. They are parsed at once. */
  #bodyBytes = 0;
  /** Whether the answer says that it is the last because the request is not all there. */
  #isCut = false;
  /** The answer to what could not be parsed. */
  #rejection: string | null = null;
  #state: 'serving' | 'closing' | 'discarding' = 'serving';
  #discardedBytes = 0;

  constructor(socket: Socket, options: Options) {
    this.socket = socket;
    this.#options = options;
    const [parse] = socket.listeners('data') as [(bytes: Buffer) => void];
    this.#parse = parse;
    socket.off('data', parse).on('data', (bytes: Buffer) => this.#read(bytes));
    // Node calls it when the last answer is out.
    const close = socket.destroySoon.bind(socket);
    socket.destroySoon = () => this.#close(close);
    socket.setMaxListeners(0);
  }

  /** Whether the gateway works for nothing of this client's, and waits for what it sends. */
  get isIdle(): boolean {
    return this.#state === 'serving' && this.#queue.length === 0 && !this.#current?.request.complete;
  }

  /** Whether an answer is written, and the client has not read it all. */
  get isUnread(): boolean {
    return this.#state === 'serving' && this.#current?.response.writableEnded === true;
  }

  /** Whether the last answer is out, and what comes is thrown away. */
  get isDiscarding(): boolean {
    return this.#state === 'discarding';
  }

  /** Serves a request once those before it are answered. */
  take(exchange: Exchange): void {
    this.#queue.push(exchange);
    // A part of the body is in this slice already.
    this.#bodyBytes = Number(exchange.request.headers['content-length'] ?? 0) - SLICE_BYTES;
  }

  /** Answers what could not be parsed, once the requests before it are answered, and closes. */
  reject(answer: string): void {
    this.#rejection = answer;
    if (this.#state !== 'serving' || !this.socket.writable) this.destroy();
    else if (this.#current === null) this.#serveNext();
    else if (!this.#current.request.complete) this.#sendRejection();
  }

  /** Looks after a connection on which nothing moved for a while: an answer that is not read is given up. */
  onSilence(retryMs: number): void {
    if (this.socket.writableLength > 0) this.socket.resetAndDestroy();
    else if (this.#state !== 'serving' || this.#current === null) this.destroy();
    else this.socket.setTimeout(retryMs);
  }

  /** Ends the connection. What the client has not read is thrown away. */
  destroy(): void {
    if (this.isUnread) this.socket.resetAndDestroy();
    else this.socket.destroy();
  }

  get #mayParse(): boolean {
    return this.isIdle && this.#rejection === null && !this.socket.destroyed;
  }

  #read(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > 0 && this.#mayParse) {
      const slice = rest.subarray(0, Math.max(SLICE_BYTES, this.#bodyBytes));
      rest = rest.subarray(slice.length);
      this.#bodyBytes -= slice.length;
      this.#parse(slice);
      this.#serveNext();
      if (this.#current?.request.complete) this.#announceMore(this.#current);
    }
    if (this.#state === 'discarding') this.#discard(rest.length);
    else if (rest.length > 0) this.#putBack(rest);
    this.#options.onTurn(this);
  }

  /** Keeps bytes for later. The socket holds a little more, and then the client has to wait. */
  #putBack(bytes: Buffer): void {
    if (this.socket.destroyed) return;
    this.socket.pause();
    this.socket.unshift(bytes);
  }

  #serveNext(): void {
    if (this.#current !== null || this.#state !== 'serving' || this.socket.destroyed) return;
    const next = this.#queue.shift();
    if (this.#rejection !== null && !next?.request.complete) this.#sendRejection();
    else if (next !== undefined) this.#serve(next);
  }

  #serve(exchange: Exchange): void {
    const { request, response } = exchange;
    this.#current = exchange;
    this.#announceClose(exchange);
    response.once('prefinish', () => this.#options.onTurn(this));
    this.#options.serve(request, response);
    // After what counts requests, so that the next one finds the place of this one.
    whenOver(request, response, () => this.#goOn());
  }

  #goOn(): void {
    this.#current = null;
    this.#serveNext();
    if (this.#mayParse) this.socket.resume();
    this.#options.onTurn(this);
  }

  /** Says that the answer is the last one if the request is not all there, since the rest of it is not awaited. */
  #announceClose({ request, response }: Exchange): void {
    this.#isCut = !request.complete;
    if (this.#isCut || this.#options.isClosing()) response.setHeader('connection', 'close');
  }

  /** Takes that back, now that the request is all there. */
  #announceMore({ response }: Exchange): void {
    if (!this.#isCut || response.headersSent || this.#options.isClosing()) return;
    this.#isCut = false;
    response.setHeader('connection', response.shouldKeepAlive ? 'keep-alive' : 'close');
  }

  #close(close: () => void): void {
    if (this.#state !== 'serving') return;
    const isAllRead = this.#current?.request.complete && this.#queue.length === 0;
    this.#queue = [];
    this.#state = 'closing';
    if (isAllRead && this.socket.readableLength === 0) close();
    else this.#startDiscarding();
  }

  #sendRejection(): void {
    if (this.#current?.response.headersSent) {
      this.destroy();
      return;
    }
    this.socket.write(this.#rejection ?? '');
    this.#startDiscarding();
  }

  #startDiscarding(): void {
    this.#state = 'discarding';
    this.socket.end();
    this.socket.setTimeout(DISCARDED.silentMs);
    const deadline = setTimeout(() => this.destroy(), DISCARDED.longestMs).unref();
    this.socket.once('close', () => clearTimeout(deadline));
    this.socket.resume();
    this.#options.onTurn(this);
  }

  #discard(bytes: number): void {
    this.#discardedBytes += bytes;
    if (this.#discardedBytes > DISCARDED.bytes) this.destroy();
  }
}
