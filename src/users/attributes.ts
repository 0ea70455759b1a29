import { isPasswordText, isPasswordTooLong, normalizePassword } from '../crypto/passwords.ts';
import { AuthError } from '../errors.ts';

/** Characters an email address may have (RFC 5321 4.5.3.1: 254 octets; counted in characters, as the column does). */
const MAX_EMAIL_LENGTH = 254;
export const MAX_NAME_LENGTH = 255;

/**
 * One `@`, a local part of dot-separated atoms (RFC 5322 atext, or any letter or digit: RFC 6531), and a domain of at
 * least two labels. Quoted local parts and address literals are not accepted.
 */
const EMAIL =
  /^[\p{L}\p{N}\p{M}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{N}\p{M}!#$%&'*+/=?^_`{|}~-]+)*@(?:[\p{L}\p{N}\p{M}](?:[\p{L}\p{N}\p{M}-]{0,61}[\p{L}\p{N}\p{M}])?\.)+[\p{L}\p{N}\p{M}](?:[\p{L}\p{N}\p{M}-]{0,61}[\p{L}\p{N}\p{M}])$/u;
const MAX_LOCAL_PART_LENGTH = 64;

/** Normalising takes time that grows with the square of a text's length: nothing longer than this is normalised. */
const MAX_NORMALIZED_LENGTH = 2 * MAX_EMAIL_LENGTH;

/** The one form in which an address is stored and compared: trimmed, lower case, NFC. Cut where it is too long for one. */
export const normalizeEmail = (email: string): string =>
  email.slice(0, MAX_NORMALIZED_LENGTH).trim().toLowerCase().normalize('NFC');

/**
 * The normalised address.
 * @throws AuthError `invalid` on the given attribute
 */
export function parseEmailAs(attribute: string, input: string): string {
  const email = normalizeEmail(input);
  const localPart = email.slice(0, email.lastIndexOf('@'));
  const fits = input.length <= MAX_NORMALIZED_LENGTH && email.length <= MAX_EMAIL_LENGTH;
  if (!fits || localPart.length > MAX_LOCAL_PART_LENGTH || !EMAIL.test(email))
    throw new AuthError('invalid', { attribute });
  return email;
}

/**
 * The normalised address.
 * @throws AuthError `invalid` on attribute `email`
 */
export const parseEmail = (input: string): string => parseEmailAs('email', input);

/** A text that is no address cannot be anybody's: it is looked up as one that nobody has. */
export function searchableEmail(input: string): string {
  try {
    return parseEmail(input);
  } catch {
    return '';
  }
}

/** Control characters, and those that turn the direction of the text around them. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/u;
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;

/**
 * The trimmed name of a person or a team: 1 to 255 characters, none of them a control character.
 * @throws AuthError `required`, `max_length` or `invalid` on the given attribute
 */
export function parseName(input: string, attribute: string): string {
  const trimmed = input.trim();
  if (trimmed === '') throw new AuthError('required', { attribute });
  // Normalising can only shorten a text fourfold, and takes long for a long one.
  const name = trimmed.length > 4 * MAX_NAME_LENGTH ? trimmed : trimmed.normalize('NFC');
  if (name.length > 2 * MAX_NAME_LENGTH || [...name].length > MAX_NAME_LENGTH)
    throw new AuthError('max_length', {
      attribute,
      message: `Must be at most ${MAX_NAME_LENGTH} characters long.`,
    });
  if (!name.isWellFormed() || UNPRINTABLE.test(name) || !VISIBLE.test(name))
    throw new AuthError('invalid', { attribute });
  return name;
}

/**
 * Checks a new password. Its characters are counted after normalisation, and never trimmed.
 * @throws AuthError `invalid` for what is not well-formed, `min_length` or `max_length`, on the given attribute
 */
export function checkNewPassword(password: string, minLength: number, attribute = 'password'): void {
  if (!isPasswordText(password)) throw new AuthError('invalid', { attribute });
  if (isPasswordTooLong(password))
    throw new AuthError('max_length', { attribute, message: 'Password must be at most 1024 bytes long.' });
  if ([...normalizePassword(password)].length < minLength)
    throw new AuthError('min_length', {
      attribute,
      message: `Password must be at least ${minLength} characters long.`,
    });
}
