import type { IncomingMessage } from 'node:http';
import { AuthError } from '../errors.ts';

/** The maximum length of a Content-Type. A longer one is not a type that the gateway accepts. */
const MAX_LENGTH = 256;

type MediaType = {
  /** In lower case, without parameters: `application/json`. */
  name: string;
  charsets: readonly string[];
};

function mediaTypeOf({ headers }: IncomingMessage): MediaType {
  const header = headers['content-type'] ?? '';
  if (header.length > MAX_LENGTH) return { name: '', charsets: [] };
  const [name = '', ...parameters] = header
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const charsets = parameters
    .map((parameter) => parameter.split('=', 2))
    .filter(([attribute]) => attribute === 'charset')
    .map(([, value = '']) => value.replaceAll('"', ''));
  return { name, charsets };
}

const isJsonName = (name: string): boolean =>
  name === 'application/json' || (name.startsWith('application/') && name.endsWith('+json'));

/**
 * Checks that a body is declared as JSON, in UTF-8 and not compressed. Other types are refused: a browser sends forms from
 * any site without a preflight.
 * @throws AuthError `unsupported_media_type`
 */
export function requireJson(request: IncomingMessage): void {
  if (!isJsonName(mediaTypeOf(request).name)) throw new AuthError('unsupported_media_type');
  requireText(request);
}

/**
 * Makes sure that a body is in UTF-8 and not compressed, independent of its media type.
 * @throws AuthError `unsupported_media_type`
 */
function requireText(request: IncomingMessage): void {
  requireUtf8(mediaTypeOf(request).charsets);
  requireUncompressed(request);
}

const FORM = 'application/x-www-form-urlencoded';

/**
 * Makes sure that a body does not say that it is a form, and is in UTF-8 and not compressed.
 * @throws AuthError `invalid_json`, `unsupported_media_type`
 */
export function requireNoForm(request: IncomingMessage): void {
  if ([FORM, 'multipart/form-data'].includes(mediaTypeOf(request).name))
    throw new AuthError('invalid_json', { message: 'The request body is a form.' });
  requireText(request);
}

/**
 * Checks that a body is a form. A body without a Content-Type counts as a form.
 * @param message says how to send it
 * @throws AuthError `unsupported_media_type`
 */
export function requireForm(request: IncomingMessage, message = 'Send the form as the page does.'): void {
  const { name } = mediaTypeOf(request);
  const isForm = name === FORM;
  if (!isForm && request.headers['content-type'] !== undefined)
    throw new AuthError('unsupported_media_type', { message });
  requireText(request);
}

/** `utf8` is a common spelling of `utf-8` (WHATWG Encoding 4.2). */
function requireUtf8(charsets: readonly string[]): void {
  if (charsets.some((charset) => charset !== 'utf-8' && charset !== 'utf8'))
    throw new AuthError('unsupported_media_type', { message: 'Send the request body in UTF-8.' });
}

const codings = (header: string | undefined): string[] =>
  (header ?? '')
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '');

/** Refuses a compressed body. The answer's Accept-Encoding names what is accepted (RFC 9110 12.5.3 and 15.5.16). */
function requireUncompressed({ headers }: IncomingMessage): void {
  if (codings(headers['content-encoding']).some((coding) => coding !== 'identity'))
    throw new AuthError('unsupported_media_type', {
      message: 'Send the request body without a content encoding.',
      headers: { 'accept-encoding': 'identity' },
    });
  if (codings(headers['transfer-encoding']).some((coding) => coding !== 'chunked'))
    throw new AuthError('unsupported_media_type', {
      message: 'Send the request body without a transfer coding, or chunked.',
    });
}
