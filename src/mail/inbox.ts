import type { Mail } from './message.ts';

/** Mails that went nowhere but here: for a machine without a mail server. */
export type MailInbox = {
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
    deliver(mail) {
      count += 1;
      received = [{ ...mail, id: String(count), receivedAt: new Date() }, ...received].slice(0, KEPT);
    },
    list: () => received,
    find: (id) => received.find((mail) => mail.id === id),
  };
}
