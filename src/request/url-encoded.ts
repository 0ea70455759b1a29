import type { IncomingMessage } from 'node:http';
import { AuthError } from '../errors.ts';

/**
 * Parses the values of a query, or of an `application/x-www-form-urlencoded` body, by name (WHATWG URL 5.1).
 * @throws AuthError `invalid_request` if an escape is not UTF-8: a repair would make different inputs equal
 */
export function parseUrlEncoded(text: string): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const [name = '', ...rest] = pair.split('=').map(decode);
    const values = fields.get(name);
    if (values === undefined) fields.set(name, [rest.join('=')]);
    else values.push(rest.join('='));
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
 * Parses the fields of a form. The first field of each name counts.
 * @throws AuthError `invalid_request`
 */
export const parseForm = (text: string): ReadonlyMap<string, string> =>
  new Map([...parseUrlEncoded(text)].map(([name, [first = '']]) => [name, first]));

/**
 * Reads the parameters of a request's query: all values of each name.
 * @throws AuthError `invalid_request`
 */
export function readQuery({ url = '' }: IncomingMessage): ReadonlyMap<string, readonly string[]> {
  const start = url.indexOf('?');
  return parseUrlEncoded(start === -1 ? '' : url.slice(start + 1));
}
