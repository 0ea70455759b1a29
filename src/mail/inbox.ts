import { randomBytes } from 'node:crypto';
import type { Mail } from './message.ts';

/** Mails that went nowhere but here: for a machine without a mail server. */
export type MailInbox = {
  /** Part of the page's address, made anew at every start: only who reads the terminal knows it. */
  key: string;
  deliver(mail: Mail): void;
  /** The newest first. */
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
