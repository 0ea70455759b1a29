import type { IncomingHttpHeaders } from 'node:http';
import { AuthError } from '../errors.ts';
import { decodeHeadText } from './utf8.ts';

/**
 * A header's text, or null where it is missing or empty. The bytes are UTF-8: Node reads them as Latin-1, which would be
 * stored and compared as another text.
 * @throws AuthError `invalid_request` where they are not
 */
export function headerText(headers: IncomingHttpHeaders, name: string): string | null {
  const value = [headers[name] ?? []].flat()[0];
  if (value === undefined || value === '') return null;
  try {
    return decodeHeadText(value);
  } catch {
    throw new AuthError('invalid_request', { message: `The header ${name} is not UTF-8.` });
  }
}

/** The same where the text is told to people alone: null as well where the bytes are not UTF-8. */
export function headerTextIfValid(headers: IncomingHttpHeaders, name: string): string | null {
  try {
    return headerText(headers, name);
  } catch {
    return null;
  }
}
