import { createTransport } from 'nodemailer';
import { parseConnectionUrl } from 'nodemailer/lib/shared';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { Config } from '../config/config.ts';
import type { Log } from '../log.ts';
import { setExactHeaders } from './exact-headers.ts';
import type { MailInbox } from './inbox.ts';
import type { Mail } from './message.ts';
import { type TlsFailure, tlsFailure } from './tls-failure.ts';

/** Sends mails. */
export type MailTransport = {
  /** @throws Error if the mail was not taken */
  send(mail: Mail): Promise<void>;
  close(): void;
};

/** The parts of an SMTP failure that may be logged. The server's sentence often quotes the address. */
export type SmtpFailure = { code?: string; responseCode?: number; command?: string; tls?: TlsFailure };

/** Describes an error of the mail server, or of the connection to it; null for any other error. */
export function smtpFailure(error: unknown): SmtpFailure | null {
  if (!(error instanceof Error)) return null;
  const { code, responseCode, command } = error as Error & Record<keyof SmtpFailure, unknown>;
  if (typeof code !== 'string' || !/^E[A-Z]+\d*$/.test(code)) return null;
  const tls = tlsFailure(error);
  return {
    code,
    ...(tls !== null && { tls }),
    ...(typeof responseCode === 'number' && { responseCode }),
    ...(typeof command === 'string' && { command: command.split(' ', 2).join(' ') }),
  };
}

/** Replies by which the server refuses the gateway. An operator can correct that. */
const NOT_ALLOWED = new Set([503, 530, 534, 535, 538]);

const NO_SMTPUTF8 = 'ESMTPUTF8';

/** Returns why the server will never accept the mail (RFC 5321, 4.2.1: 5yz); null if a later attempt may succeed. */
export function finalRefusal({ code, responseCode = 0, command = '' }: SmtpFailure): string | null {
  if (code === NO_SMTPUTF8) return 'its address is not ASCII, and the mail server does not announce SMTPUTF8';
  const aboutTheMail = command.startsWith('RCPT') || command === 'DATA';
  const isFinal = responseCode >= 500 && responseCode < 600 && !NOT_ALLOWED.has(responseCode);
  return aboutTheMail && isFinal ? 'the mail server refused it' : null;
}

const TIMEOUTS = {
  dnsTimeout: 10_000,
  connectionTimeout: 10_000,
  greetingTimeout: 10_000,
  socketTimeout: 20_000,
};

const HEADERS = {
  // RFC 3834: tells mail programs not to answer with a vacation notice.
  'Auto-Submitted': 'auto-generated',
  'X-Auto-Response-Suppress': 'All',
};

const isAscii = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);

type Recipient = { name: string; address: string };

/** Parses `Name <address>` or an address. Nodemailer would split a name at its comma. */
function parseSender(from: string): { name: string; address: string } {
  const { name = '', address = from } = /^(?<name>[^<]*)<(?<address>[^>]*)>$/.exec(from)?.groups ?? {};
  return { name: name.trim().replace(/^"(.*)"$/, '$1'), address: address.trim() };
}

/**
 * Asks the server whether it accepts addresses whose local part is not ASCII (RFC 6531), on a separate connection. Nodemailer
 * would send the address even if the server does not announce SMTPUTF8.
 * @throws Error if the server cannot be asked
 */
function announcesSmtpUtf8(url: string): Promise<boolean> {
  const connection = new SMTPConnection({ ...parseConnectionUrl(url), ...TIMEOUTS });
  return new Promise<boolean>((resolve, reject) => {
    const ended = () => reject(Object.assign(new Error('The mail server hung up.'), { code: 'ECONNECTION' }));
    connection.on('error', reject).once('end', ended);
    connection.connect((error) => {
      if (error) return reject(error);
      // The reply to EHLO; with STARTTLS, to the second one.
      resolve(/^250[ -]SMTPUTF8\b/im.test(String(connection.lastServerResponse)));
      connection.quit();
    });
  }).finally(() => connection.close());
}

function smtpTransport(url: string, mail: Config['mail'], log: Log): MailTransport {
  const { concurrency } = mail;
  const options = { url, pool: true as const, maxConnections: concurrency, ...TIMEOUTS };
  const transporter = createTransport({ ...options, disableFileAccess: true, disableUrlAccess: true });
  // The server may close an idle connection: the next mail opens another one.
  transporter.on('error', (error) =>
    log.debug({ smtp: smtpFailure(error) }, 'A connection to the mail server ended.'),
  );
  const from = parseSender(mail.from);
  transporter.use('stream', ({ data, message }, done) => {
    setExactHeaders(message, { from, to: (data.to as Recipient).address, subject: data.subject ?? '' });
    done();
  });
  return {
    async send({ messageId, to, subject, text, html }) {
      if (!isAscii(to) && !(await announcesSmtpUtf8(url)))
        throw Object.assign(new Error('The mail server lacks SMTPUTF8.'), { code: NO_SMTPUTF8 });
      const recipient = { name: '', address: to };
      await transporter.sendMail({ from, to: recipient, messageId, subject, text, html, headers: HEADERS });
    },
    close: () => transporter.close(),
  };
}

/** Makes the transport that the configuration asks for: SMTP, the inbox, or none. */
export function createMailTransport(
  config: Pick<Config, 'mail'>,
  log: Log,
  inbox: MailInbox | null,
): MailTransport {
  const { smtpUrl } = config.mail;
  if (smtpUrl !== null) return smtpTransport(smtpUrl, config.mail, log);
  if (inbox !== null) return { send: async (mail) => inbox.deliver(mail), close: () => {} };
  log.warn('SMTP_URL is off: no mail is sent.');
  return {
    send: async ({ messageId }) => log.warn({ messageId }, 'A mail was dropped: SMTP_URL is off.'),
    close: () => {},
  };
}
