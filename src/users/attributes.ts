import { isPasswordText, isPasswordTooLong, normalizePassword } from '../crypto/passwords.ts';
import { AuthError } from '../errors.ts';
import { canonicalEmail, formerSpelling } from '../mail/email-address.ts';
import { UNPRINTABLE, VISIBLE } from './name-characters.ts';

export const MAX_NAME_LENGTH = 255;

/**
 * The canonical address.
 * @throws AuthError `invalid` on the given attribute
 */
export function parseEmailAs(attribute: string, input: string): string {
  const email = canonicalEmail(input);
  if (email === null) throw new AuthError('invalid', { attribute });
  return email;
}

/**
 * The canonical address.
 * @throws AuthError `invalid` on attribute `email`
 */
export const parseEmail = (input: string): string => parseEmailAs('email', input);

/** What to look for when an address was typed: the empty text, which no account has, where there is nothing to look for. */
export type EmailSpellings = Readonly<{
  canonical: string;
  /** As accounts from before addresses were canonical may have it. */
  former: string;
}>;

/** How accounts may have an address that was typed. */
export function emailSpellings(input: string): EmailSpellings {
  const former = formerSpelling(input);
  return {
    canonical: canonicalEmail(input) ?? '',
    former: former.isWellFormed() && !UNPRINTABLE.test(former) ? former : '',
  };
}

/**
 * The name of a person, a team or a project, trimmed and in NFC: 1 to 255 characters, one of them visible, none of them a control
 * character. The database refuses any other (`portcullis.is_name`), also past the gateway.
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
