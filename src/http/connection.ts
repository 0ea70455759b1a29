import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { onResponseClose } from './response-close.ts';

/**
 * How many bytes are parsed at once. Node makes objects of every request that it parses. So a client that pipelines gets a
 * few dozen of them, and more only after those are answered.
 */
const SLICE_BYTES = 1024;

/** Limits of what a client may still send after the last answer: how much, for how long, and how long it may be silent. */
const DISCARDED = { bytes: 64 * 1024 * 1024, longestMs: 15_000, silentMs: 5000 };

type Exchange = Readonly<{ request: IncomingMessage; response: ServerResponse }>;

type Options = Readonly<{
  serve: (request: IncomingMessage, response: ServerResponse) => void;
  /** Tells whether the gateway shuts down. Then it keeps no connection open. */
  isClosing: () => boolean;
  /** Called when the connection may have begun or ceased to wait for its client. */
  onStateChange: (connection: Connection) => void;
}>;

/**
 * A client's connection.
 *
 * It serves requests one after the other, as RFC 9112 9.3.2 requires for requests that change something. The next request
 * starts after the answer to the one before was written. So a client that sends many requests and reads no answer holds one
 * answer.
 *
 * An answer that comes before the whole request was read is the last one. Then the connection is closed for writing. The
 * rest of the client's data is read and discarded, within limits (RFC 9112, 9.6). If the connection were closed at once, the
 * client's system would learn that its data was not read. It would then often discard the answer.
 */
export class Connection {
  readonly socket: Socket;
  readonly #options: Options;
  /** Node's own parser. */
  readonly #parse: (bytes: Buffer) => void;
  /** Parsed requests that wait for their turn. */
  #queue: Exchange[] = [];
  #current: Exchange | null = null;
  /** How many of the next bytes certainly belong to the body of the last request. They are parsed at once. */
  #bodyBytes = 0;
  /** Whether the answer is announced as the last one, because the request has not fully arrived. */
  #isCut = false;
  /** The answer to input that could not be parsed. */
  #rejection: string | null = null;
  #state: 'serving' | 'closing' | 'discarding' = 'serving';
  #discardedBytes = 0;

  constructor(socket: Socket, options: Options) {
    this.socket = socket;
    this.#options = options;
    const [parse] = socket.listeners('data') as [(bytes: Buffer) => void];
    this.#parse = parse;
    socket.off('data', parse).on('data', (bytes: Buffer) => this.#read(bytes));
    // Node calls it after the last answer.
    const close = socket.destroySoon.bind(socket);
    socket.destroySoon = () => this.#close(close);
    socket.setMaxListeners(0);
  }

  /** Whether the gateway has no request of this client to work on, and waits for its data. */
  get isIdle(): boolean {
    return this.#state === 'serving' && this.#queue.length === 0 && !this.#current?.request.complete;
  }

  /** Whether an answer was written, and the client has not read all of it. */
  get isUnread(): boolean {
    return this.#state === 'serving' && this.#current?.response.writableEnded === true;
  }

  /** Whether the last answer was sent, and further data is discarded. */
  get isDiscarding(): boolean {
    return this.#state === 'discarding';
  }

  /** Serves a request after the earlier ones are answered. */
  take(exchange: Exchange): void {
    this.#queue.push(exchange);
    // A part of the body is already in this slice.
    this.#bodyBytes = Number(exchange.request.headers['content-length'] ?? 0) - SLICE_BYTES;
  }

  /** Answers input that could not be parsed, after the earlier requests are answered, and closes the connection. */
  reject(answer: string): void {
    this.#rejection = answer;
    if (this.#state !== 'serving' || !this.socket.writable) this.destroy();
    else if (this.#current === null) this.#serveNext();
    else if (!this.#current.request.complete) this.#sendRejection();
  }

  /**
   * Handles a connection on which nothing moved for a while. Resets it if an answer is unread. Keeps it while a request is
   * in work. Closes it otherwise.
   */
  onSilence(retryMs: number): void {
    if (this.socket.writableLength > 0) this.socket.resetAndDestroy();
    else if (this.#state !== 'serving' || this.#current === null) this.destroy();
    else this.socket.setTimeout(retryMs);
  }

  /** Closes the connection. Data that the client has not read is discarded. */
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
    this.#options.onStateChange(this);
  }

  /** Keeps bytes for later. The socket buffers a little more; then the client has to wait. */
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
    response.once('prefinish', () => this.#options.onStateChange(this));
    this.#options.serve(request, response);
    // Registered after the request counters, so that the next request finds the place of this one free.
    onResponseClose(request, response, () => this.#goOn());
  }

  #goOn(): void {
    this.#current = null;
    this.#serveNext();
    if (this.#mayParse) this.socket.resume();
    this.#options.onStateChange(this);
  }

  /** Announces the answer as the last one if the request has not fully arrived: the gateway does not wait for the rest. */
  #announceClose({ request, response }: Exchange): void {
    this.#isCut = !request.complete;
    if (this.#isCut || this.#options.isClosing()) response.setHeader('connection', 'close');
  }

  /** Takes the announcement back, since the request has fully arrived. */
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
    this.#options.onStateChange(this);
  }

  #discard(bytes: number): void {
    this.#discardedBytes += bytes;
    if (this.#discardedBytes > DISCARDED.bytes) this.destroy();
  }
}
