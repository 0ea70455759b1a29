import type { IncomingMessage } from 'node:http';
import { AuthError } from '../errors.ts';

/**
 * Parses the fields of a query, or of an `application/x-www-form-urlencoded` body (WHATWG URL 5.1). The first field of each
 * name counts.
 * @throws AuthError `invalid_request` if an escape is not UTF-8: a repair would make different inputs equal
 */
export function parseUrlEncoded(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const pair of text.split('&')) {
    const [name = '', ...value] = pair.split('=').map(decode);
    if (pair !== '' && !fields.has(name)) fields.set(name, value.join('='));
  }
  return fields;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new AuthError('invalid_request', { message: 'An escape in the form or query is not UTF-8.' });
  }
}

/**
 * Reads the fields of a request's query.
 * @throws AuthError `invalid_request`
 */
export function readQuery({ url = '' }: IncomingMessage): ReadonlyMap<string, string> {
  const start = url.indexOf('?');
  return parseUrlEncoded(start === -1 ? '' : url.slice(start + 1));
}
