import type { IncomingMessage } from 'node:http';
import { LRUCache } from 'lru-cache';
import { AuthError } from '../errors.ts';
import { decodeHeadText } from './utf8.ts';

/** Why a request is refused, kept until the dialect that answers it asks. */
const refusals = new WeakMap<IncomingMessage, AuthError>();

/** What an OPTIONS request names that is about the whole server (RFC 9112 3.2.4). */
export const WHOLE_SERVER = '*';

/** A host has at most 253 characters; the rest is for a port and brackets. */
const MAX_HOST_LENGTH = 300;

const malformed = (message: string): AuthError => new AuthError('invalid_request', { message });

/**
 * Gives the request's target one form, in every spelling of the client: a path without dot segments, and the query (RFC 9112
 * 3.2). The host of an absolute target replaces the Host header (RFC 9112 3.2.2). What is wrong is told by
 * `throwRefusal`; the path still leads to the dialect that spells the refusal.
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
    delete request.headers.host; // what builds a URL of it would fail
    const problem = error instanceof AuthError ? error : malformed('The host is not valid.');
    refusals.set(request, problem);
  }
}

/** Leaves a refusal to the dialect, which asks for it by `throwRefusal`. What is wrong with the head comes first. */
export function refuseLater(request: IncomingMessage, error: AuthError): void {
  if (!refusals.has(request)) refusals.set(request, error);
}

/**
 * Refuses a request whose head was malformed, or which found no room.
 * @throws AuthError `invalid_request`, `busy`
 */
export function throwRefusal(request: IncomingMessage): void {
  const refusal = refusals.get(request);
  if (refusal !== undefined) throw refusal;
}

/** Whether `throwRefusal` refuses the request. */
export const isRefused = (request: IncomingMessage): boolean => refusals.has(request);

/** Takes an absolute target apart: `http://host/path`. The authority of every other target is null. */
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

/** Most targets have their one form already. */
const isPlain = (target: string): boolean => target.length <= 100 && /^\/[\w/-]*$/.test(target);

function normalizeTarget({ method }: IncomingMessage, target: string): string {
  if (isPlain(target)) return target;
  if (target === WHOLE_SERVER && method === 'OPTIONS') return target;
  // A URL takes a backslash for a slash.
  if (!target.startsWith('/') || target.split('?', 1)[0]?.includes('\\')) throw new TypeError('Not a path.');
  const { pathname, search } = new URL(`http://localhost${decodeHeadText(target)}`);
  // Throws where an escape is not UTF-8. Letters that need no escape lose theirs: routes are compared as text.
  const segments = pathname.split('/').map((segment) => encodeURIComponent(decodeURIComponent(segment)));
  return segments.join('/') + search;
}

/** A path that leads to the same routes as a malformed one. */
function routablePath(target: string): string {
  const path = target.startsWith('/') ? target : `/${target}`;
  return new URL(`http://localhost${path.replaceAll('%', '%25').replaceAll('\\', '%5C')}`).pathname;
}

/** HTTP/1.0 knows no Host; from HTTP/1.1 on there is exactly one (RFC 9112 3.2). An empty one names no host. */
function receiveHost(request: IncomingMessage, authority: string | null): void {
  const { httpVersion, headers, rawHeaders } = request;
  if (headers.host === undefined && httpVersion !== '1.0') throw malformed('The Host header is missing.');
  if (rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host').length > 1)
    throw malformed('There is more than one Host header.');
  if (headers.host) headers.host = normalizeHost(headers.host);
  if (authority !== null) headers.host = normalizeHost(authority);
}

/** Hosts that were normalised: a gateway has few. */
const hosts = new LRUCache<string, string>({ max: 100 });

/** A host with its port as a URL spells it. */
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
