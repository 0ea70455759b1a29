import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { DatabaseTarget } from '../../config/database-url.ts';
import type { TlsFiles } from '../../config/tls-files.ts';
import { openChannel } from './channel.ts';
import { Greeting } from './early-close.ts';
import { fatalErrorOf } from './fatal-error.ts';
import { reportClose } from './late-statement.ts';
import { NEVER_FULL } from './pipeline.ts';
import { closedEarly } from './socket-events.ts';
import { cleanFirstWrite } from './startup-message.ts';

/**
 * The socket of both drivers. It connects and starts TLS by itself (`channel.ts`). It ends with an error if the server was
 * never ready (`early-close.ts`), or if the server ends the connection (`fatal-error.ts`). It corrects the first message of
 * postgres.js (`startup-message.ts`).
 */
export class ServerSocket extends Duplex {
  /** For the drivers' messages. */
  readonly host: string;
  readonly port: number;
  readonly #target: DatabaseTarget;
  readonly #files: TlsFiles;
  /** The TCP or Unix socket. With TLS it is the one below. */
  #socket: Socket | null = null;
  /** The socket that carries Postgres' protocol; null before it does. */
  #channel: Socket | null = null;
  #whenOpen: (() => void) | null = null;
  readonly #greeting = new Greeting();
  #hasSent = false;
  #keepAlive: [enable?: boolean, initialDelayMs?: number] | null = null;

  constructor(target: DatabaseTarget, files: TlsFiles) {
    // `_destroy` emits `close` by itself.
    super({ allowHalfOpen: false, emitClose: false, writableHighWaterMark: NEVER_FULL });
    this.host = target.host;
    this.port = target.port;
    this.#target = target;
    this.#files = files;
  }

  /** Connects to the target. pg also passes a host and a port, which are ignored. */
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
      const fatal = this.#greeting.isOver ? fatalErrorOf(bytes) : null;
      if (fatal !== null) return void this.destroy(fatal);
      this.#greeting.hear(bytes);
      if (!this.push(bytes)) channel.pause();
    });
    channel.on('end', () => (this.#greeting.isOver ? this.push(null) : this.destroy(closedEarly())));
    channel.on('error', (error) => this.destroy(error));
    channel.on('close', () => this.destroy(this.#greeting.isOver ? undefined : closedEarly()));
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
    reportClose(this, error, this.#greeting.isOver);
  }

  get bytesRead(): number {
    return (this.#channel ?? this.#socket)?.bytesRead ?? 0;
  }

  get bytesWritten(): number {
    return (this.#channel ?? this.#socket)?.bytesWritten ?? 0;
  }

  /** As in net.Socket. postgres.js reads it. */
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
