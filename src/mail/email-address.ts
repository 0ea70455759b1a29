import { domainToASCII, domainToUnicode } from 'node:url';

/** Characters an email address may have (RFC 5321 4.5.3.1: 254 octets; counted in characters, as the column does). */
const MAX_EMAIL_LENGTH = 254;
const MAX_LOCAL_PART_LENGTH = 64;
const MAX_DOMAIN_LENGTH = 253;

/** Normalising takes time that grows with the square of a text's length: nothing longer than this is normalised. */
const MAX_TYPED_LENGTH = 2 * MAX_EMAIL_LENGTH;

/** Dot-separated atoms (RFC 5322 atext, or any letter, digit or mark: RFC 6531). Quoted local parts are not accepted. */
const LOCAL_PART = /^[\p{L}\p{N}\p{M}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{N}\p{M}!#$%&'*+/=?^_`{|}~-]+)*$/u;
/** Characters that are not shown: two local parts that differ in one look the same. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/u;

/** What a host parser cuts, drops or decodes, as in `exam%70le.com` or `mine.example/yours.example`. */
const NOT_IN_A_DOMAIN = /[\p{Cc}\p{Z}/\\?#%@:[\]]/u;
/** Two or more labels of 1 to 63 letters, digits and inner hyphens (RFC 1123 2.1). The last one is not a number. */
const HOST_NAME = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * A domain as the mailer puts it on the wire: mapped by UTS 46 to A-labels. Null if it is not one, if it is an IP address,
 * or if its A-labels do not survive the way to U-labels and back.
 */
function canonicalDomain(domain: string): string | null {
  if (NOT_IN_A_DOMAIN.test(domain)) return null;
  const ascii = domainToASCII(domain);
  if (ascii.length > MAX_DOMAIN_LENGTH || !HOST_NAME.test(ascii)) return null;
  return domainToASCII(domainToUnicode(ascii)) === ascii ? ascii : null;
}

/**
 * The one form in which an address is stored, compared, counted and mailed: the local part in NFC and lower case, the
 * domain in ASCII. All spellings of a mailbox that the mailer would reach have the same form. The form of a form is itself.
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

/** What was stored before addresses were canonical: trimmed, lower case, NFC. Cut where it is too long for an address. */
export const formerSpelling = (text: string): string =>
  text.slice(0, MAX_TYPED_LENGTH).trim().toLowerCase().normalize('NFC');

/** The subject that limits count for an address. A text that is not an address has one, too, of bounded length. */
export const emailLimitSubject = (text: string): string => canonicalEmail(text) ?? formerSpelling(text);
