/** The longest password in bytes, after normalisation: hashing time must not grow with the input. */
const MAX_PASSWORD_BYTES = 1024;

/** Normalises a password to NFKC: it is the same from every keyboard and system (OWASP, NIST SP 800-63B 5.1.1.2). */
export const normalizePassword = (password: string): string => password.normalize('NFKC');

/** Tells whether a password has more than MAX_PASSWORD_BYTES after normalisation. */
export const isPasswordTooLong = (password: string): boolean =>
  // NFKC can make a text 18 times as long: the raw length is checked first.
  password.length > MAX_PASSWORD_BYTES || Buffer.byteLength(normalizePassword(password)) > MAX_PASSWORD_BYTES;

/**
 * Tells whether the password is well-formed Unicode. In UTF-8, every lone half of a surrogate pair becomes the same
 * character, so that another password would fit.
 */
export const isPasswordText = (password: string): boolean => password.isWellFormed();
