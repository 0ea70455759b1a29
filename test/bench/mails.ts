import { once } from 'node:events';
import { createTransport } from 'nodemailer';
import postgres from 'postgres';
import { SMTPServer } from 'smtp-server';
import type { Bench, Row } from './bench.ts';

const MAILS = 400;

/** A mail server that counts its mails. */
export type MailSink = { url: string; received(): number; stop(): void };

export async function startMailSink(): Promise<MailSink> {
  let received = 0;
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    onData(stream, _session, done) {
      stream.resume();
      stream.once('end', () => {
        received += 1;
        done();
      });
    },
  });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const address = server.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { url: `smtp://127.0.0.1:${port}`, received: () => received, stop: () => server.close() };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

async function sendBare(sink: MailSink): Promise<number> {
  const transport = createTransport({ url: sink.url, pool: true, maxConnections: 2 } as never);
  const start = performance.now();
  const text = 'x'.repeat(2000);
  const mail = { from: 'a@example.com', to: 'b@example.com', subject: 'Hello', text, html: `<p>${text}</p>` };
  await Promise.all(Array.from({ length: MAILS }, () => transport.sendMail(mail)));
  transport.close();
  return (MAILS * 1000) / (performance.now() - start);
}

/** Measures queued mails until the server has all, with token and template, beside nodemailer alone. */
export async function measureMails({ env, mailSink }: Bench): Promise<Row[]> {
  const bare = await sendBare(mailSink);
  const sql = postgres(env.DATABASE_URL ?? '', { max: 1 });
  await sql`insert into portcullis.users (id, email, name)
    select gen_random_uuid(), 'mail-' || n || '@example.com', 'Ada' from generate_series(1, ${MAILS}) n`;
  const before = mailSink.received();
  const start = performance.now();
  await sql`select portcullis_jobs.add_job('mail', json_build_object('kind', 'verification', 'userId', id), max_attempts => 25)
    from portcullis.users where email like 'mail-%'`;
  await until(() => mailSink.received() >= before + MAILS);
  const gateway = (MAILS * 1000) / (performance.now() - start);
  await sql.end();
  return [
    {
      what: 'mails/s',
      gateway: gateway.toFixed(0),
      bare: bare.toFixed(0),
      ratio: gateway / bare,
      note: `bare: nodemailer to the same server; ${MAILS} verification mails, two at once`,
    },
  ];
}
