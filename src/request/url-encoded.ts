import type { IncomingMessage } from 'node:http';
import { AuthError } from '../errors.ts';

/**
 * The fields of a query or of an `application/x-www-form-urlencoded` body (WHATWG URL 5.1), of each name the first.
 * @throws AuthError `invalid_request` for an escape that is not UTF-8: repairing it would make different inputs equal
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
 * The fields of a request's query.
 * @throws AuthError `invalid_request`
 */
export function readQuery({ url = '' }: IncomingMessage): ReadonlyMap<string, string> {
  const start = url.indexOf('?');
  return parseUrlEncoded(start === -1 ? '' : url.slice(start + 1));
}
