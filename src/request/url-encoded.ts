import type { IncomingMessage } from 'node:http';
import { AuthError } from '../errors.ts';

/**
 * The values of a query or of an `application/x-www-form-urlencoded` body, by name (WHATWG URL 5.1).
 * @throws AuthError `invalid_request` for an escape that is not UTF-8: repairing it would make different inputs equal
 */
function parseUrlEncoded(text: string): Map<string, string[]> {
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
 * The fields of a form, of each name the first.
 * @throws AuthError `invalid_request`
 */
export const parseForm = (text: string): ReadonlyMap<string, string> =>
  new Map([...parseUrlEncoded(text)].map(([name, [first = '']]) => [name, first]));

/**
 * The parameters of a request's query: of each name all values.
 * @throws AuthError `invalid_request`
 */
export function readQuery({ url = '' }: IncomingMessage): ReadonlyMap<string, readonly string[]> {
  const start = url.indexOf('?');
  return parseUrlEncoded(start === -1 ? '' : url.slice(start + 1));
}
