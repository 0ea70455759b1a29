import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import type { MailJob } from '../../src/mail/kinds.ts';
import type { TestGateway } from '../support/gateway.ts';

export type Arrived = {
  to: string[];
  messageId: string;
  subject: string;
  text: string;
  html: string;
  /** As it came over the wire. */
  raw: string;
  /** The first link of the text. */
  link: string;
  /** The link's last part. */
  token: string;
};

export type TestSmtp = {
  url: string;
  port: number;
  mails: Arrived[];
  /** Waits for a number of mails, and fails when there are more. */
  receive(count: number): Promise<Arrived[]>;
  /** Stops listening; what arrived stays. */
  stop(): Promise<void>;
};

type Behaviour = {
  port?: number;
  /** The code of the reply to RCPT, or null for 250. */
  refuse?: (recipient: string) => number | null;
  /** Called once a mail is there, before it is acknowledged. */
  beforeReply?: () => Promise<void>;
};

/** A real SMTP server on loopback. */
export async function startSmtp(behaviour: Behaviour = {}): Promise<TestSmtp> {
  const mails: Arrived[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    logger: false,
    closeTimeout: 100,
    onRcptTo({ address }, _session, callback) {
      const code = behaviour.refuse?.(address) ?? null;
      const refusal = Object.assign(new Error(`<${address}> is not welcome`), { responseCode: code });
      callback(code === null ? null : refusal);
    },
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', async () => {
        const recipients = session.envelope.rcptTo.map(({ address }) => address);
        mails.push(parse(recipients, Buffer.concat(chunks).toString('utf8')));
        await behaviour.beforeReply?.();
        callback();
      });
    },
  });
  server.on('error', () => {});
  server.listen(behaviour.port ?? 0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    port,
    mails,
    async receive(count) {
      for (let wait = 0; mails.length < count && wait < 1200; wait++)
        await new Promise((resolve) => setTimeout(resolve, 25));
      if (mails.length !== count)
        throw new Error(`${mails.length} mails instead of ${count}: ${mails.map(({ to }) => to).join(', ')}`);
      return mails;
    },
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}

const headerOf = (head: string, name: string): string =>
  new RegExp(`^${name}: *((?:.*)(?:\\n[ \\t].*)*)`, 'im').exec(head)?.[1]?.replace(/\n[ \t]+/g, ' ') ?? '';

function decodeBody(head: string, body: string): string {
  const encoding = headerOf(head, 'Content-Transfer-Encoding');
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8');
  if (encoding !== 'quoted-printable') return body;
  const bytes = body
    .replace(/=\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** RFC 2047, as nodemailer writes it. */
const decodeWords = (header: string): string =>
  header
    .replace(/\?= +=\?/g, '?==?')
    .replace(/=\?UTF-8\?([BQ])\?([^?]*)\?=/gi, (_, kind: string, encoded: string) =>
      kind.toUpperCase() === 'B'
        ? Buffer.from(encoded, 'base64').toString('utf8')
        : decodeBody('Content-Transfer-Encoding: quoted-printable', encoded.replaceAll('_', ' ')),
    );

function parse(to: string[], raw: string): Arrived {
  const [head = '', ...rest] = raw.replaceAll('\r\n', '\n').split('\n\n');
  const boundary = /boundary="([^"]+)"/.exec(head)?.[1] ?? '';
  const bodies = new Map<string, string>();
  for (const part of rest.join('\n\n').split(`--${boundary}`).slice(1, -1)) {
    const [partHead = '', ...partBody] = part.replace(/^\n/, '').replace(/\n$/, '').split('\n\n');
    const type = headerOf(partHead, 'Content-Type').split(';', 1)[0] ?? '';
    bodies.set(type, decodeBody(partHead, partBody.join('\n\n')));
  }
  const text = bodies.get('text/plain') ?? '';
  const link = /https?:\/\/\S+/.exec(text)?.[0] ?? '';
  return {
    to,
    messageId: headerOf(head, 'Message-ID'),
    subject: decodeWords(headerOf(head, 'Subject')),
    text,
    html: bodies.get('text/html') ?? '',
    raw,
    link,
    token: link.slice(link.lastIndexOf('/') + 1),
  };
}

type Sql = TestGateway['sql'];

/** Lets every waiting job run now, as if its pause were over. */
export async function makeJobsDue(sql: Sql): Promise<void> {
  await sql`select portcullis_jobs.reschedule_jobs(array(select id from portcullis_jobs.jobs), run_at => now())`;
}

/** Queues a mail that no worker takes until makeJobsDue. */
export async function queueForLater(sql: Sql, job: MailJob): Promise<void> {
  await sql`select portcullis_jobs.add_job('mail', ${JSON.stringify(job)}::text::json, run_at => now() + interval '1 hour')`;
}

export const countJobs = async (sql: Sql): Promise<number> =>
  (await sql<[{ n: number }]>`select count(*)::int as n from portcullis_jobs.jobs`)[0].n;

/** Every row of every table in the gateway's schemas, as JSON: the content of a stolen copy of the database. */
export async function dumpDatabase(sql: Sql): Promise<string> {
  const tables = await sql<{ schema: string; name: string }[]>`
    select table_schema as schema, table_name as name from information_schema.tables
    where table_schema like 'portcullis%' and table_type = 'BASE TABLE'`;
  const rows = await Promise.all(
    tables.map(
      ({ schema, name }) => sql`select row_to_json(t)::text as row from ${sql(schema)}.${sql(name)} t`,
    ),
  );
  return rows.flatMap((table) => table.map(({ row }) => String(row))).join('\n');
}
