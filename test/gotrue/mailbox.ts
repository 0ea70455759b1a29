import { setTimeout as sleep } from 'node:timers/promises';
import type { Arrived, TestSmtp } from '../mail/smtp.ts';

/** Waits for the nth mail to an address, in the order of arrival: 1 is the first. */
export async function nthMailTo({ mails }: TestSmtp, address: string, count = 1): Promise<Arrived> {
  for (let look = 0; look < 1000; look++) {
    const mail = mails.filter(({ to }) => to.includes(address.toLowerCase()))[count - 1];
    if (mail !== undefined) return mail;
    await sleep(25);
  }
  const last = mails.slice(-5).map(({ to, subject }) => `${to}: ${subject}`);
  throw new Error(`Mail ${count} to ${address} did not arrive. The last mails: ${last.join('; ')}`);
}

/** The code of a mail: six digits. */
export const codeOf = ({ text }: Arrived): string => /(?<![\w-])\d{6}(?![\w-])/.exec(text)?.[0] ?? '';

/** The link of a mail to `/verify`. */
export const linkOf = ({ text }: Arrived): URL =>
  new URL(/https?:\/\/\S+\/verify\?\S+/.exec(text)?.[0] ?? 'missing:');

/** The token of a mail's link, as `token_hash` of a client. */
export const hashOf = (mail: Arrived): string => linkOf(mail).searchParams.get('token') ?? '';
