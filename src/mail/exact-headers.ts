import type Mail from 'nodemailer/lib/mailer';
import { encodeWord } from 'nodemailer/lib/mime-funcs';

/** Characters of an encoded word: it fits into a line beside the header's name. RFC 2047 2 allows 75. */
const WORD_LENGTH = 52;

/** Printable ASCII is sent as it is, unless a mail client would take some of it for an encoded word. */
const isPlain = (text: string): boolean => /^[\x20-\x7e]*$/.test(text) && !text.includes('=?');

/**
 * A subject or a display name as a header has it: encoded as a whole (RFC 2047) if any of it must be. Then it is read as it
 * was written: `=?UTF-8?Q?…?=` in a person's name stays these characters.
 * @internal exported for its test
 */
export const encodeHeaderText = (text: string): string =>
  isPlain(text) ? text : encodeWord(text, 'B', WORD_LENGTH);

export type ExactHeaders = {
  from: { name: string; address: string };
  /** The canonical address, which the limits count: RCPT TO has this spelling. */
  to: string;
  subject: string;
};

type Message = Parameters<Parameters<Mail['use']>[1]>[0]['message'];

/**
 * Makes a compiled message say exactly what it was given. Left to itself nodemailer takes what looks like an encoded word
 * for one, and spells a domain in Unicode beside a local part that is not ASCII.
 */
export function setExactHeaders(message: Message, exact: ExactHeaders): void {
  const { from, to, subject } = exact;
  const encode = message.encodeHeaderValue.bind(message);
  const envelope = { ...message.getEnvelope(), to: [to] };
  message.getEnvelope = () => ({ ...envelope });
  message.encodeHeaderValue = (key, value) => {
    if (key === 'Subject') return encodeHeaderText(subject);
    if (key === 'From' && from.name !== '' && !isPlain(from.name)) {
      const address = encode('From', { name: '', address: from.address });
      return `${encodeHeaderText(from.name)} <${address.replace(/^<|>$/g, '')}>`;
    }
    return encode(key, value);
  };
}
