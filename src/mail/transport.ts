import { createTransport } from 'nodemailer';
import type { Config } from '../config.ts';
import type { Log } from '../log.ts';
import type { MailInbox } from './inbox.ts';
import type { Mail } from './message.ts';

/** Takes a mail on its way, or throws. */
export type MailTransport = {
  send(mail: Mail): Promise<void>;
  close(): void;
};

/** What of an SMTP failure may be logged: the server's sentence often quotes the address. */
export type SmtpFailure = { code?: string; responseCode?: number; command?: string };

/** What may be told of an error of the mail server or of the way there; null for any other error. */
export function smtpFailure(error: unknown): SmtpFailure | null {
  if (!(error instanceof Error)) return null;
  const { code, responseCode, command } = error as Error & Record<keyof SmtpFailure, unknown>;
  if (typeof code !== 'string' || !/^E[A-Z]+$/.test(code)) return null;
  return {
    code,
    ...(typeof responseCode === 'number' && { responseCode }),
    ...(typeof command === 'string' && { command: command.split(' ', 2).join(' ') }),
  };
}

/** Replies that say that the gateway may not send, which an operator can put right. */
const NOT_ALLOWED = new Set([503, 530, 534, 535, 538]);

/** Whether the server refused this recipient, or this mail, for good (RFC 5321, 4.2.1: 5yz). */
export function isRefusedForGood({ responseCode = 0, command = '' }: SmtpFailure): boolean {
  const aboutTheMail = command.startsWith('RCPT') || command === 'DATA';
  return aboutTheMail && responseCode >= 500 && responseCode < 600 && !NOT_ALLOWED.has(responseCode);
}

const TIMEOUTS = {
  dnsTimeout: 10_000,
  connectionTimeout: 10_000,
  greetingTimeout: 10_000,
  socketTimeout: 20_000,
};

const HEADERS = {
  // RFC 3834: no vacation notices in return.
  'Auto-Submitted': 'auto-generated',
  'X-Auto-Response-Suppress': 'All',
};

/** `Name <address>` or an address. A comma in a name would make two of it. */
function parseSender(from: string): { name: string; address: string } {
  const { name = '', address = from } = /^(?<name>[^<]*)<(?<address>[^>]*)>$/.exec(from)?.groups ?? {};
  return { name: name.trim().replace(/^"(.*)"$/, '$1'), address: address.trim() };
}

function smtpTransport(url: string, mail: Config['mail'], log: Log): MailTransport {
  const { concurrency } = mail;
  const options = { url, pool: true as const, maxConnections: concurrency, ...TIMEOUTS };
  const transporter = createTransport({ ...options, disableFileAccess: true, disableUrlAccess: true });
  // An idle connection that the server closes is no news: the next mail opens another.
  transporter.on('error', (error) =>
    log.debug({ smtp: smtpFailure(error) }, 'A connection to the mail server ended.'),
  );
  const from = parseSender(mail.from);
  return {
    async send({ messageId, to, subject, text, html }) {
      const recipient = { name: '', address: to };
      await transporter.sendMail({ from, to: recipient, messageId, subject, text, html, headers: HEADERS });
    },
    close: () => transporter.close(),
  };
}

/** Where the configuration says that mails go. */
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
