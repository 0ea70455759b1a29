import type { IncomingHttpHeaders } from 'node:http';
import { headerText } from './header-text.ts';

const SCHEME = 'bearer';

export const SEND_BEARER = 'Send the token as `Authorization: Bearer <token>`.';

/** The scheme in lower case, and what follows it (RFC 9110 11.4). */
function credentialsOf(headers: IncomingHttpHeaders): { scheme: string; rest: string } {
  const value = headerText(headers, 'authorization') ?? '';
  const end = value.indexOf(' ');
  if (end === -1) return { scheme: value.toLowerCase(), rest: '' };
  return { scheme: value.slice(0, end).toLowerCase(), rest: value.slice(end).trim() };
}

/**
 * The token of an `Authorization: Bearer` header (RFC 6750), or null.
 * @throws AuthError `invalid_request` where the header is not UTF-8
 */
export function bearerToken(headers: IncomingHttpHeaders): string | null {
  const { scheme, rest } = credentialsOf(headers);
  return scheme === SCHEME && rest !== '' ? rest : null;
}

/** Whether the header holds something else than a bearer token: a token without its scheme, or another scheme. */
export function hasOtherCredentials(headers: IncomingHttpHeaders): boolean {
  const { scheme } = credentialsOf(headers);
  return scheme !== '' && scheme !== SCHEME;
}
