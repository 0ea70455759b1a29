import type { IncomingHttpHeaders } from 'node:http';
import { AuthError } from '../errors.ts';
import { decodeHeadText } from './utf8.ts';

/**
 * Reads the text of a header; null if it is missing or empty. Its bytes are UTF-8. Node reads them as Latin-1, which would
 * be stored and compared as another text.
 * @throws AuthError `invalid_request` if the bytes are not UTF-8
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

/** Reads the text of a header that is only shown to people; null also if its bytes are not UTF-8. */
export function headerTextIfValid(headers: IncomingHttpHeaders, name: string): string | null {
  try {
    return headerText(headers, name);
  } catch {
    return null;
  }
}
