import { type AllowedAddresses, createCheckedLookup, type Resolve } from './addresses.ts';
import { OutboundError, outboundError } from './outbound-error.ts';
import { type Answer, requestOnce } from './request.ts';

const WITHIN_MS = 10_000;
const MAX_ANSWER_BYTES = 1024 * 1024;

type Settings = {
  /** The private addresses that requests may reach. */
  allow: AllowedAddresses;
  /** The time of a request in milliseconds, from the lookup of the host to the end of the answer; ten seconds by default. */
  withinMs?: number;
  /** The size of an answer's body in bytes; one mebibyte by default. */
  maxBytes?: number;
  /** For tests: how hosts are looked up. */
  resolve?: Resolve | undefined;
};

type Request = {
  method: string;
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array | undefined;
  /** Ends the request, for example when the gateway stops. */
  signal?: AbortSignal | null | undefined;
};

export type Outbound = {
  /**
   * Sends one request and returns the answer. It follows no redirect, and keeps no connection.
   * @throws OutboundError if the server does not answer. A body over the limit is null.
   */
  request(url: URL, request: Request): Promise<Answer>;
  /**
   * The same as `fetch`, for libraries that take one. It ignores the option `redirect`: a redirect is the answer.
   * @throws OutboundError if the server does not answer, or with more than the limit
   */
  fetch(url: string | URL, init?: RequestInit): Promise<Response>;
};

/** Answers that have no body by their status: a Response with a body would be refused. */
const EMPTY_STATUSES = new Set([204, 205, 304]);

function toResponse({ status, headers, body }: Answer): Response {
  if (body === null) throw new OutboundError('answer_too_large');
  if (status < 200 || status > 599) throw new OutboundError('unusable_answer');
  return new Response(EMPTY_STATUSES.has(status) ? null : new Uint8Array(body), { status, headers });
}

/** Reads what a library gave to `fetch`. The message of a refused URL would quote it. */
async function readRequest(url: string | URL, init: RequestInit = {}) {
  try {
    const request = new Request(url, init);
    const body = request.body === null ? undefined : new Uint8Array(await request.arrayBuffer());
    const { method, signal } = request;
    const sent = { method, headers: Object.fromEntries(request.headers), body, signal };
    return { target: new URL(request.url), sent };
  } catch {
    throw new OutboundError('unusable_request');
  }
}

function checkUrl(url: URL): void {
  const isHttp = url.protocol === 'https:' || url.protocol === 'http:';
  if (!isHttp || url.username !== '' || url.password !== '') throw new OutboundError('unusable_request');
}

/**
 * Creates the way to servers that are not ours: webhooks, identity providers, text messages. A request reaches public addresses by
 * https, and the private ones that are allowed by https or http.
 */
export function createOutbound({
  allow,
  withinMs = WITHIN_MS,
  maxBytes = MAX_ANSWER_BYTES,
  resolve,
}: Settings): Outbound {
  const ways = {
    'https:': createCheckedLookup(allow, true, resolve),
    'http:': createCheckedLookup(allow, false, resolve),
  };
  const request = async (url: URL, sent: Request): Promise<Answer> => {
    const timeout = AbortSignal.timeout(withinMs);
    try {
      checkUrl(url);
      const { lookup, checkLiteral } = ways[url.protocol as 'https:' | 'http:'];
      checkLiteral(url.hostname);
      const signal = sent.signal ? AbortSignal.any([timeout, sent.signal]) : timeout;
      return await requestOnce({ ...sent, url, headers: sent.headers ?? {}, lookup, maxBytes, signal });
    } catch (error) {
      throw timeout.aborted ? new OutboundError('timeout') : outboundError(error);
    }
  };
  return {
    request,
    async fetch(url, init) {
      const { target, sent } = await readRequest(url, init);
      return toResponse(await request(target, sent));
    },
  };
}
