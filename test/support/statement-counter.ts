import { startRelay } from './relay.ts';

export type StatementCounter = {
  /** The database as clients reach it through the counter. */
  url: string;
  /** The statements that were sent so far, by the beginning of their text. */
  readonly statements: readonly string[];
  close(): void;
};

/** How much of a statement's text tells it from others. */
const SHOWN_LENGTH = 60;

/** Reads the statements that a client sends to Postgres (frontend protocol 3). The first message has no type. */
function createReader(onStatement: (text: string) => void): (bytes: Buffer) => void {
  const prepared = new Map<string, string>();
  let pending = Buffer.alloc(0);
  let started = false;
  const read = (type: string, body: Buffer) => {
    const [first = '', second = ''] = body.toString('utf8').split('\0', 2);
    if (type === 'P') prepared.set(first, second);
    if (type === 'B') onStatement(prepared.get(second) ?? '?');
    if (type === 'Q') onStatement(first);
  };
  return (bytes) => {
    pending = Buffer.concat([pending, bytes]);
    for (;;) {
      const head = started ? 1 : 0;
      if (pending.length < head + 4) return;
      const end = head + pending.readUInt32BE(head);
      if (pending.length < end) return;
      if (started) read(String.fromCharCode(pending[0] ?? 0), pending.subarray(head + 4, end));
      started = true;
      pending = pending.subarray(end);
    }
  };
}

/** Puts a counter of statements in front of a database without TLS. */
export async function countStatements(databaseUrl: string): Promise<StatementCounter> {
  const url = new URL(databaseUrl);
  const statements: string[] = [];
  const note = (text: string) => {
    statements.push(text.replace(/\s+/g, ' ').trim().slice(0, SHOWN_LENGTH));
  };
  const { port, close } = await startRelay(url, { reader: () => createReader(note) });
  url.hostname = '127.0.0.1';
  url.port = String(port);
  url.searchParams.set('sslmode', 'disable');
  return { url: url.href, statements, close };
}
