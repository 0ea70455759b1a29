import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export type RawAnswer = { status: number; headers: Map<string, string>; body: string };

/** A connection that sends raw bytes, and keeps those that it receives. */
export type RawClient = {
  socket: Socket;
  /** Everything received so far. */
  received(): string;
  /** Sends bytes. Resolves when the system has taken all of them, and rejects if the connection fails. */
  send(bytes: string | Buffer): Promise<void>;
  /** Resolves with everything received when the other end has closed. Rejects if the connection was reset. */
  ended(): Promise<string>;
};

/**
 * Connects to a server.
 * @param reads whether to read at once. Otherwise it reads only once `ended()` is called.
 */
export async function openRawClient(url: string, { reads = true } = {}): Promise<RawClient> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  const chunks: Buffer[] = [];
  const closed = new Promise<void>((resolve, reject) => {
    socket.once('end', () => socket.end());
    socket.once('error', reject);
    socket.once('close', () => resolve());
  });
  closed.catch(() => {});
  const read = () => socket.on('data', (chunk) => chunks.push(chunk));
  if (reads) read();
  await once(socket, 'connect');
  const received = () => Buffer.concat(chunks).toString('latin1');
  return {
    socket,
    received,
    send: (bytes) =>
      new Promise((resolve, reject) => {
        socket.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
    async ended() {
      if (!reads) read();
      await closed;
      return received();
    },
  };
}

/** Splits the received text into answers. Each answer must have a Content-Length. */
export function parseAnswers(text: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  for (let rest = text; rest !== ''; ) {
    const head = rest.slice(0, rest.indexOf('\r\n\r\n'));
    const [first = '', ...lines] = head.split('\r\n');
    const headers = new Map(
      lines.map((line) => [
        line.slice(0, line.indexOf(':')).toLowerCase(),
        line.slice(line.indexOf(':') + 2),
      ]),
    );
    const status = Number(first.split(' ')[1]);
    const length = status === 100 ? 0 : Number(headers.get('content-length'));
    if (Number.isNaN(length)) throw new Error(`An answer does not say its length: ${head}`);
    const start = head.length + 4;
    answers.push({ status, headers, body: rest.slice(start, start + length) });
    rest = rest.slice(start + length);
  }
  return answers;
}

/** The head of a request, with its headers as lines. */
export const head = (line: string, headers: Record<string, string | number> = {}): string =>
  `${line} HTTP/1.1\r\nhost: gateway\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`;
