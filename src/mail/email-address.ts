import { domainToASCII, domainToUnicode } from 'node:url';

/** The maximum length of an email address: 254 octets (RFC 5321 4.5.3.1), counted in characters as the column does. */
const MAX_EMAIL_LENGTH = 254;
const MAX_LOCAL_PART_LENGTH = 64;
const MAX_DOMAIN_LENGTH = 253;

/** The maximum length of a text that is normalised: the time grows with the square of the length. */
const MAX_TYPED_LENGTH = 2 * MAX_EMAIL_LENGTH;

/** Atoms with dots between (RFC 5322 atext, or any letter, digit or mark: RFC 6531). A quoted local part is refused. */
const LOCAL_PART = /^[\p{L}\p{N}\p{M}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{N}\p{M}!#$%&'*+/=?^_`{|}~-]+)*$/u;
/** Invisible characters. Two local parts that differ in one of them look the same. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/u;

/** Characters that a host parser cuts, drops or decodes, as in `exam%70le.com` or `mine.example/yours.example`. */
const NOT_IN_A_DOMAIN = /[\p{Cc}\p{Z}/\\?#%@:[\]]/u;
/** Two or more labels of 1 to 63 letters, digits and inner hyphens (RFC 1123 2.1). The last one is not a number. */
const HOST_NAME = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Returns a domain as the mailer sends it: in A-labels, mapped by UTS 46. Null if the text is not a domain, if it is an IP
 * address, or if its A-labels change on the way to U-labels and back.
 */
function canonicalDomain(domain: string): string | null {
  if (NOT_IN_A_DOMAIN.test(domain)) return null;
  const ascii = domainToASCII(domain);
  if (ascii.length > MAX_DOMAIN_LENGTH || !HOST_NAME.test(ascii)) return null;
  return domainToASCII(domainToUnicode(ascii)) === ascii ? ascii : null;
}

/**
 * Returns the canonical form of an email address: the local part in NFC and lower case, the domain in ASCII. The gateway
 * stores, compares, counts and mails this form alone. All spellings of a mailbox have the same form. The function is idempotent.
 * @returns null if the text is not an address
 */
export function canonicalEmail(text: string): string | null {
  if (text.length > MAX_TYPED_LENGTH) return null;
  const typed = text.trim();
  const at = typed.lastIndexOf('@');
  const localPart = typed.slice(0, Math.max(at, 0)).normalize('NFC').toLowerCase().normalize('NFC');
  if (localPart.length > MAX_LOCAL_PART_LENGTH) return null;
  if (!LOCAL_PART.test(localPart) || INVISIBLE.test(localPart)) return null;
  const domain = canonicalDomain(typed.slice(at + 1));
  if (domain === null) return null;
  const email = `${localPart}@${domain}`;
  return email.length > MAX_EMAIL_LENGTH ? null : email;
}

/** Returns the form that version 0.1 stored: trimmed, lower case, NFC. A text too long for an address is cut. */
export const formerSpelling = (text: string): string =>
  text.slice(0, MAX_TYPED_LENGTH).trim().toLowerCase().normalize('NFC');

/** Returns the subject that limits count for an address. Any text has one, of bounded length. */
export const emailLimitSubject = (text: string): string => canonicalEmail(text) ?? formerSpelling(text);
