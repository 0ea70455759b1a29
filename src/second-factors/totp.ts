import { Secret, TOTP } from 'otpauth';
import encodeQr from 'qr';

/** Seconds for which an authenticator app shows one code. Apps support no other period in practice. */
const PERIOD_SECONDS = 30;
const DIGITS = 6;

/** How many steps a clock may be wrong, in both directions (RFC 6238, 5.2). */
const WINDOW = 1;

/** Makes the secret of an authenticator app: 160 random bits (RFC 4226, 4), in base32. */
export const createTotpSecret = (): string => new Secret({ size: 20 }).base32;

/** The length of an issuer and of an account in a URI, percent-encoded. Both fit into a QR code then, and the issuer twice. */
const MAX_ISSUER_LENGTH = 900;
const MAX_ACCOUNT_LENGTH = 762;

const encodedLength = (text: string): number => encodeURIComponent(text).length;

/** Tells whether the name of an application fits into a QR code. Letters that are not Latin take more room. */
export const fitsAsIssuer = (issuer: string): boolean =>
  issuer.isWellFormed() && encodedLength(issuer) <= MAX_ISSUER_LENGTH;

/** Returns the name of an account that fits into a QR code: the address, or else the id. */
export const accountLabel = ({ id, email }: { id: string; email: string | null }): string =>
  email !== null && encodedLength(email) <= MAX_ACCOUNT_LENGTH ? email : id;

/**
 * Makes the `otpauth://` URI that an authenticator app reads.
 * @param input.account the name of the account, as the app shows it
 */
export function totpUri({
  secret,
  issuer,
  account,
}: {
  secret: string;
  issuer: string;
  account: string;
}): string {
  const options = { issuer, label: account, digits: DIGITS, period: PERIOD_SECONDS };
  return new TOTP({ ...options, secret: Secret.fromBase32(secret) }).toString();
}

/** How many characters a QR code holds that corrects 15 % of errors (ISO/IEC 18004). One that corrects 7 % holds 2953. */
const MEDIUM_CAPACITY = 2331;

/** Draws a text of at most 2953 characters as a QR code, in SVG. */
export const drawQrCode = (text: string): string =>
  encodeQr(text, 'svg', { ecc: text.length <= MEDIUM_CAPACITY ? 'medium' : 'low' });

/** Six digits, as the apps show them: some group the digits by a space. The library fails with other characters. */
const CODE = /^\d{3} ?\d{3}$/;

/**
 * Finds the time step of a code: the present one, the one before or the one after. The library compares in constant time.
 * @returns the number of 30-second steps since 1970; null if the code does not fit
 */
export function findTimeStep(secret: string, code: string): number | null {
  const typed = code.trim();
  if (!CODE.test(typed)) return null;
  const timestamp = Date.now();
  const options = { secret: Secret.fromBase32(secret), digits: DIGITS, period: PERIOD_SECONDS, timestamp };
  const delta = TOTP.validate({ ...options, token: typed.replace(' ', ''), window: WINDOW });
  return delta === null ? null : TOTP.counter({ period: PERIOD_SECONDS, timestamp }) + delta;
}
