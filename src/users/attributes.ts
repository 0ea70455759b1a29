import { isPasswordText, isPasswordTooLong, normalizePassword } from '../crypto/passwords/text.ts';
import { AuthError } from '../errors.ts';
import { canonicalEmail, formerSpelling } from '../mail/email-address.ts';
import { UNPRINTABLE, VISIBLE } from './name-characters.ts';

/** The maximum number of characters of a name. */
export const MAX_NAME_LENGTH = 255;

/**
 * Parses an email address and returns its canonical form.
 * @throws AuthError `invalid` on the given attribute
 */
export function parseEmailAs(attribute: string, input: string): string {
  const email = canonicalEmail(input);
  if (email === null) throw new AuthError('invalid', { attribute });
  return email;
}

/**
 * Parses an email address and returns its canonical form.
 * @throws AuthError `invalid` on attribute `email`
 */
export const parseEmail = (input: string): string => parseEmailAs('email', input);

/**
 * The spellings under which an account may be stored for a typed address. If a spelling cannot exist, it is the empty
 * text, which no account has.
 */
export type EmailSpellings = Readonly<{
  canonical: string;
  /** The spelling that an account from before canonical addresses may have. */
  former: string;
}>;

/** Finds the spellings under which an account may be stored for a typed address. */
export function emailSpellings(input: string): EmailSpellings {
  const former = formerSpelling(input);
  return {
    canonical: canonicalEmail(input) ?? '',
    former: former.isWellFormed() && !UNPRINTABLE.test(former) ? former : '',
  };
}

/**
 * Parses the name of a person, a team or a project: trims it, and normalises it to NFC. A name has 1 to 255 characters.
 * One of them must be visible, and none may be a control character. The database has the same rule
 * (`portcullis.is_name`), for writers that bypass the gateway.
 * @throws AuthError `required`, `max_length` or `invalid` on the given attribute
 */
export function parseName(input: string, attribute: string): string {
  const trimmed = input.trim();
  if (trimmed === '') throw new AuthError('required', { attribute });
  // NFC shortens a text at most fourfold, and is slow for a long text.
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
 * Parses the beginning of an address, a name or an id, for a search; null if it is blank.
 * @throws AuthError `max_length` or `invalid` on the given attribute
 */
export function parsePrefix(input: string, attribute: string): string | null {
  if (input.length > MAX_NAME_LENGTH)
    throw new AuthError('max_length', {
      attribute,
      message: `Must be at most ${MAX_NAME_LENGTH} characters long.`,
    });
  if (!input.isWellFormed() || UNPRINTABLE.test(input)) throw new AuthError('invalid', { attribute });
  return input.trim() === '' ? null : input.trim();
}

/** The rules for new passwords. */
type PasswordRules = Readonly<{
  minLength: number;
  /** Groups of characters. A password has at least one of each. */
  requiredCharacters: readonly string[];
}>;

/** Why a password is too weak, in the words of GoTrue's clients. */
type Weakness = 'length' | 'characters';

/** Finds why a password is too weak. Its characters are counted after normalisation. */
function findWeaknesses(password: string, { minLength, requiredCharacters }: PasswordRules): Weakness[] {
  const characters = [...normalizePassword(password)];
  const hasAll = requiredCharacters.every((group) => {
    const wanted = new Set(group);
    return characters.some((character) => wanted.has(character));
  });
  return [
    ...(characters.length < minLength ? (['length'] as const) : []),
    ...(hasAll ? [] : (['characters'] as const)),
  ];
}

/**
 * Checks a new password. It is never trimmed. The details of the errors for a weak one hold all `reasons`.
 * @throws AuthError `invalid` if it is not well-formed Unicode, `max_length`, `min_length` or `missing_characters`, on the given
 * attribute
 */
export function checkNewPassword(password: string, rules: PasswordRules, attribute = 'password'): void {
  if (!isPasswordText(password)) throw new AuthError('invalid', { attribute });
  if (isPasswordTooLong(password))
    throw new AuthError('max_length', { attribute, message: 'Password must be at most 1024 bytes long.' });
  const reasons = findWeaknesses(password, rules);
  if (reasons.length === 0) return;
  const messages = {
    length: `Password must be at least ${rules.minLength} characters long.`,
    characters: `Password must contain at least one character of each: ${rules.requiredCharacters.join(', ')}.`,
  };
  throw new AuthError(reasons.includes('length') ? 'min_length' : 'missing_characters', {
    attribute,
    message: reasons.map((reason) => messages[reason]).join(' '),
    details: { reasons },
  });
}
