import type { IncomingMessage } from 'node:http';
import { LRUCache } from 'lru-cache';
import { AuthError } from '../errors.ts';
import { decodeHeadText } from './utf8.ts';

/** Why each request is refused, until the dialect that answers it asks. */
const refusals = new WeakMap<IncomingMessage, AuthError>();

/** The target of an OPTIONS request for the whole server (RFC 9112 3.2.4). */
export const WHOLE_SERVER = '*';

/** A host has at most 253 characters; a port and brackets are added to them. */
const MAX_HOST_LENGTH = 300;

const malformed = (message: string): AuthError => new AuthError('invalid_request', { message });

/**
 * Normalises the request's target: a path without dot segments, and the query (RFC 9112 3.2). The host of an absolute target
 * replaces the Host header (RFC 9112 3.2.2). If something is wrong, `throwRefusal` throws it later. The path still leads to
 * the dialect, which gives the refusal its form.
 */
export function receiveTarget(request: IncomingMessage): void {
  const { authority, rest } = splitTarget(request);
  try {
    request.url = normalizeTarget(request, rest);
  } catch {
    request.url = routablePath(rest);
    refusals.set(request, malformed('The request target is not valid.'));
  }
  try {
    receiveHost(request, authority);
  } catch (error) {
    delete request.headers.host; // building a URL from it would fail
    const problem = error instanceof AuthError ? error : malformed('The host is not valid.');
    refusals.set(request, problem);
  }
}

/** Stores a refusal for the dialect, which asks for it by `throwRefusal`. An earlier refusal stays: the head comes first. */
export function storeRefusal(request: IncomingMessage, error: AuthError): void {
  if (!refusals.has(request)) refusals.set(request, error);
}

/**
 * Refuses a request if its head was malformed, or the gateway was full.
 * @throws AuthError `invalid_request`, `busy`
 */
export function throwRefusal(request: IncomingMessage): void {
  const refusal = refusals.get(request);
  if (refusal !== undefined) throw refusal;
}

/** Tells whether `throwRefusal` refuses the request. */
export const isRefused = (request: IncomingMessage): boolean => refusals.has(request);

/** Splits an absolute target (`http://host/path`) into authority and path. The authority of other targets is null. */
function splitTarget({ url = '', method }: IncomingMessage): { authority: string | null; rest: string } {
  const scheme = ['http://', 'https://'].find((known) => url.slice(0, known.length).toLowerCase() === known);
  if (scheme === undefined) return { authority: null, rest: url };
  const target = url.slice(scheme.length);
  const end = Math.min(...['/', '?', '#'].map((mark) => target.indexOf(mark)).filter((at) => at !== -1));
  const authority = target.slice(0, end);
  const rest = target.slice(authority.length);
  if (rest === '' && method === 'OPTIONS') return { authority, rest: WHOLE_SERVER };
  return { authority, rest: rest.startsWith('/') ? rest : `/${rest}` };
}

/** Tells whether a target is normalised already, as most are. */
const isPlain = (target: string): boolean => target.length <= 100 && /^\/[\w/-]*$/.test(target);

function normalizeTarget({ method }: IncomingMessage, target: string): string {
  if (isPlain(target)) return target;
  if (target === WHOLE_SERVER && method === 'OPTIONS') return target;
  // URL reads a backslash as a slash.
  if (!target.startsWith('/') || target.split('?', 1)[0]?.includes('\\')) throw new TypeError('Not a path.');
  const { pathname, search } = new URL(`http://localhost${decodeHeadText(target)}`);
  // Throws if an escape is not UTF-8. Letters that need no escape lose theirs, since routes are compared as text.
  const segments = pathname.split('/').map((segment) => encodeURIComponent(decodeURIComponent(segment)));
  return segments.join('/') + search;
}

/** Returns a path that leads to the same routes as a malformed one. */
function routablePath(target: string): string {
  const path = target.startsWith('/') ? target : `/${target}`;
  return new URL(`http://localhost${path.replaceAll('%', '%25').replaceAll('\\', '%5C')}`).pathname;
}

/**
 * Checks and normalises the host. In HTTP/1.0 it may be missing; from HTTP/1.1 on there is exactly one (RFC 9112 3.2). An
 * empty Host header names no host.
 */
function receiveHost(request: IncomingMessage, authority: string | null): void {
  const { httpVersion, headers, rawHeaders } = request;
  if (headers.host === undefined && httpVersion !== '1.0') throw malformed('The Host header is missing.');
  if (rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host').length > 1)
    throw malformed('There is more than one Host header.');
  if (headers.host) headers.host = normalizeHost(headers.host);
  if (authority !== null) headers.host = normalizeHost(authority);
}

/** Cache of normalised hosts: a gateway has few. */
const hosts = new LRUCache<string, string>({ max: 100 });

/** Normalises a host with its port to the spelling of a URL. */
function normalizeHost(host: string): string {
  const known = hosts.get(host);
  if (known !== undefined) return known;
  const isForeign = (character: string) =>
    character <= ' ' || character > '~' || '/?#@\\'.includes(character);
  if (host === '' || host.length > MAX_HOST_LENGTH || [...host].some(isForeign))
    throw malformed('The host is not valid.');
  const normalized = new URL(`http://${host}/`).host;
  hosts.set(host, normalized);
  return normalized;
}
