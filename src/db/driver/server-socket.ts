import { connect as connectSocket, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { DatabaseTarget } from '../../config/database-url.ts';
import type { TlsFiles } from '../../config/tls-files.ts';
import { startTls, TlsProblem } from './server-tls.ts';
import { closedEarly, nextEvent } from './socket-events.ts';
import { cleanFirstWrite } from './startup-message.ts';

/** SSLRequest of Postgres' protocol. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
const [SSL_YES, SSL_NO] = [0x53, 0x4e];

/** `Z` and its length: with it, and one more byte, ends everything that the server says, its greeting first. */
const READY_FOR_QUERY = Buffer.from([0x5a, 0, 0, 0, 5]);

type Track = (socket: Socket) => void;

async function dial({ socketPath, host, port }: DatabaseTarget, track: Track): Promise<Socket> {
  const socket = socketPath === null ? connectSocket(port, host) : connectSocket(socketPath);
  track(socket);
  socket.setNoDelay(true);
  socket.on('error', () => {}); // nextEvent reports it
  await nextEvent(socket, 'connect');
  return socket;
}

/** Asks whether the server can do TLS. It answers with one byte. An attacker in between could add more, to be read as encrypted. */
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
 * A connection to the server, encrypted as the URL's `sslmode` says.
 * @throws TlsProblem where it cannot be; otherwise the socket's error
 */
async function openChannel(target: DatabaseTarget, files: TlsFiles, track: Track): Promise<Socket> {
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

/**
 * The socket of both drivers. It connects and agrees on TLS by itself, so that a URL means the same to both.
 *
 * A connection that ends before the server was ready ends with an error: a proxy whose server is away ends it so, and a
 * server that is stopping. Without the error postgres.js tries again for ever, without a pause, while its callers wait.
 */
export class ServerSocket extends Duplex {
  /** For the drivers' messages. */
  readonly host: string;
  readonly port: number;
  readonly #target: DatabaseTarget;
  readonly #files: TlsFiles;
  /** The TCP or Unix socket, also below TLS. */
  #socket: Socket | null = null;
  /** The socket that carries Postgres' protocol; null until it does. */
  #channel: Socket | null = null;
  #whenOpen: (() => void) | null = null;
  #isReady = false;
  #hasSent = false;
  #keepAlive: [enable?: boolean, initialDelayMs?: number] | null = null;

  constructor(target: DatabaseTarget, files: TlsFiles) {
    // `_destroy` emits `close` by itself.
    super({ allowHalfOpen: false, emitClose: false });
    this.host = target.host;
    this.port = target.port;
    this.#target = target;
    this.#files = files;
  }

  /** Connects to the target. node-postgres also names a place, which does not count. */
  connect(..._place: unknown[]): this {
    const track = (socket: Socket) => {
      this.#socket = socket;
      if (this.destroyed) socket.destroy();
    };
    openChannel(this.#target, this.#files, track).then(
      (channel) => this.#adopt(channel),
      (error: Error) => this.destroy(error),
    );
    return this;
  }

  #adopt(channel: Socket): void {
    if (this.destroyed || channel.destroyed) {
      channel.destroy();
      return void this.destroy(closedEarly());
    }
    this.#channel = channel;
    channel.on('data', (bytes: Buffer) => {
      this.#isReady ||= bytes.subarray(-6, -1).equals(READY_FOR_QUERY);
      if (!this.push(bytes)) channel.pause();
    });
    channel.on('end', () => (this.#isReady ? this.push(null) : this.destroy(closedEarly())));
    channel.on('error', (error) => this.destroy(error));
    channel.on('close', () => this.destroy(this.#isReady ? undefined : closedEarly()));
    if (this.#keepAlive !== null) channel.setKeepAlive(...this.#keepAlive);
    this.emit('connect');
    this.#whenOpen?.();
    this.#whenOpen = null;
    channel.resume();
  }

  override _read(): void {
    this.#channel?.resume();
  }

  override _write(given: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const bytes = this.#hasSent ? given : cleanFirstWrite(given);
    this.#hasSent = true;
    if (this.#channel !== null) this.#channel.write(bytes, done);
    else this.#whenOpen = () => this.#channel?.write(bytes, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#channel === null) done();
    else this.#channel.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#channel?.destroy();
    this.#socket?.destroy();
    done(error);
    // Right behind the error, which `done` passes on in the next tick: what postgres.js sends between the two is lost. Once the
    // server was ready, as if there had been no error: otherwise postgres.js never ends a statement that it took in between.
    const hadError = error !== null && !this.#isReady;
    process.nextTick(() => this.emit('close', hadError));
  }

  get bytesRead(): number {
    return (this.#channel ?? this.#socket)?.bytesRead ?? 0;
  }

  get bytesWritten(): number {
    return (this.#channel ?? this.#socket)?.bytesWritten ?? 0;
  }

  /** Of net.Socket; postgres.js asks. */
  get readyState(): 'opening' | 'open' | 'closed' {
    if (this.destroyed) return 'closed';
    return this.#channel === null ? 'opening' : 'open';
  }

  setNoDelay(): this {
    return this; // it always is
  }

  setKeepAlive(...how: [enable?: boolean, initialDelayMs?: number]): this {
    this.#keepAlive = how;
    this.#channel?.setKeepAlive(...how);
    return this;
  }

  ref(): this {
    this.#socket?.ref();
    return this;
  }

  unref(): this {
    this.#socket?.unref();
    return this;
  }
}
