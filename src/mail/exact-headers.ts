import type Mail from 'nodemailer/lib/mailer';
import { encodeWord } from 'nodemailer/lib/mime-funcs';

/** The length of an encoded word: it fits into a line beside the header's name. RFC 2047 2 allows 75. */
const WORD_LENGTH = 52;

/** Whether a text is sent unencoded: printable ASCII in which a mail client does not find an encoded word. */
const isPlain = (text: string): boolean => /^[\x20-\x7e]*$/.test(text) && !text.includes('=?');

/**
 * Encodes a subject or a display name for a header: the whole text (RFC 2047) if any part must be encoded. A mail client
 * then shows the text as it was written, even `=?UTF-8?Q?…?=` in a person's name.
 * @internal exported for its test
 */
export const encodeHeaderText = (text: string): string =>
  isPlain(text) ? text : encodeWord(text, 'B', WORD_LENGTH);

export type ExactHeaders = {
  from: { name: string; address: string };
  /** The canonical address, which the limits count. It goes into RCPT TO unchanged. */
  to: string;
  subject: string;
};

type Message = Parameters<Parameters<Mail['use']>[1]>[0]['message'];

/**
 * Replaces nodemailer's headers and envelope by exact ones. Nodemailer decodes a text that looks like an encoded word. It
 * also spells a domain in Unicode beside a local part that is not ASCII.
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
