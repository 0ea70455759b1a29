import { randomBytes } from 'node:crypto';
import type { Mail } from './message.ts';

/** Keeps mails instead of sending them, for a machine without a mail server. */
export type MailInbox = {
  /** A secret part of the page's address. Each start makes a new one and prints it to the terminal only. */
  key: string;
  deliver(mail: Mail): void;
  /** Lists the mails, the newest first. */
  list(): readonly ReceivedMail[];
  find(id: string): ReceivedMail | undefined;
};
export type ReceivedMail = Mail & Readonly<{ id: string; receivedAt: Date }>;

const KEPT = 100;

/** Keeps the newest mails in memory. */
export function createMailInbox(): MailInbox {
  let received: ReceivedMail[] = [];
  let count = 0;
  return {
    key: randomBytes(16).toString('base64url'),
    deliver(mail) {
      count += 1;
      received = [{ ...mail, id: String(count), receivedAt: new Date() }, ...received].slice(0, KEPT);
    },
    list: () => received,
    find: (id) => received.find((mail) => mail.id === id),
  };
}
