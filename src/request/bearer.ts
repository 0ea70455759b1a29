import type { IncomingHttpHeaders } from 'node:http';
import { headerText } from './header-text.ts';

const SCHEME = 'bearer';

export const SEND_BEARER = 'Send the token as `Authorization: Bearer <token>`.';

/** Splits the Authorization header into its scheme, in lower case, and the rest (RFC 9110 11.4). */
function credentialsOf(headers: IncomingHttpHeaders): { scheme: string; rest: string } {
  const value = headerText(headers, 'authorization') ?? '';
  const end = value.indexOf(' ');
  if (end === -1) return { scheme: value.toLowerCase(), rest: '' };
  return { scheme: value.slice(0, end).toLowerCase(), rest: value.slice(end).trim() };
}

/**
 * Reads the token of an `Authorization: Bearer` header (RFC 6750); null without one.
 * @throws AuthError `invalid_request` if the header is not UTF-8
 */
export function bearerToken(headers: IncomingHttpHeaders): string | null {
  const { scheme, rest } = credentialsOf(headers);
  return scheme === SCHEME && rest !== '' ? rest : null;
}

/** Tells whether the header holds another scheme, or a token without its scheme. */
export function hasOtherCredentials(headers: IncomingHttpHeaders): boolean {
  const { scheme } = credentialsOf(headers);
  return scheme !== '' && scheme !== SCHEME;
}
