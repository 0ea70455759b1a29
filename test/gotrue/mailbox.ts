import { setTimeout as sleep } from 'node:timers/promises';
import type { Arrived, TestSmtp } from '../mail/smtp.ts';

/** The mails to an address, in the order of arrival. */
export const mailsTo = ({ mails }: Pick<TestSmtp, 'mails'>, address: string): Arrived[] =>
  mails.filter(({ to }) => to.includes(address.toLowerCase()));

/** Tells whether a mail has a code. */
export const hasCode = (mail: Arrived): boolean => /code: \d{6}/.test(mail.text);

/**
 * Waits for the nth mail to an address, in the order of arrival: 1 is the first.
 * @param counts which mails count; all unless given
 */
export async function nthMailTo(
  smtp: Pick<TestSmtp, 'mails'>,
  address: string,
  count = 1,
  counts: (mail: Arrived) => boolean = () => true,
): Promise<Arrived> {
  for (let look = 0; look < 1200; look++) {
    const mail = mailsTo(smtp, address).filter(counts)[count - 1];
    if (mail !== undefined) return mail;
    await sleep(25);
  }
  const last = smtp.mails.slice(-5).map(({ to, subject }) => `${to}: ${subject}`);
  throw new Error(`Mail ${count} to ${address} did not arrive. The last mails: ${last.join('; ')}`);
}

/** The code of a mail: six digits. */
export const codeOf = ({ text }: Arrived): string => /(?<![\w-])\d{6}(?![\w-])/.exec(text)?.[0] ?? '';

/** The link of a mail to `/verify`. */
export const linkOf = ({ text }: Arrived): URL =>
  new URL(/https?:\/\/\S+\/verify\?\S+/.exec(text)?.[0] ?? 'missing:');

/** The token of a mail's link, as `token_hash` of a client. */
export const hashOf = (mail: Arrived): string => linkOf(mail).searchParams.get('token') ?? '';
