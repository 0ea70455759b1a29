import type { FetchGetUrlFunc } from 'ethers';
import { EndpointFailure } from './endpoint-failure.ts';

/** The longest answer is the code of a contract: 24 KiB (EIP-170) in hexadecimal. */
const MAX_ANSWER_BYTES = 256 * 1024;

const CONNECTION_FAILURES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection closed',
  UND_ERR_SOCKET: 'connection closed',
  ENOTFOUND: 'host not found',
  EAI_AGAIN: 'host not found',
};

/** A URL as `fetch` takes it: credentials, which it refuses in there, become a header. */
function splitCredentials(text: string): { url: URL; headers: Record<string, string> } {
  const url = new URL(text);
  if (url.username === '' && url.password === '') return { url, headers: {} };
  const credentials = Buffer.from(decodeURIComponent(`${url.username}:${url.password}`)).toString('base64');
  url.username = '';
  url.password = '';
  return { url, headers: { authorization: `Basic ${credentials}` } };
}

async function readBody(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new EndpointFailure('answer too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function connectionFailure(error: unknown): EndpointFailure {
  const cause = error instanceof Error ? (error.cause as { code?: unknown } | undefined) : undefined;
  const code = typeof cause?.code === 'string' && /^[A-Z0-9_]+$/.test(cause.code) ? cause.code : null;
  if (code === null) return new EndpointFailure('connection failed');
  return new EndpointFailure(CONNECTION_FAILURES[code] ?? `connection failed (${code})`);
}

/**
 * HTTP for ethers, whose own leaves a timed-out request running, reads answers of any size and follows redirects.
 * Here the signal ends a request, the size has a limit, and of the headers only the type is passed on: so a redirect
 * has no target, and no Retry-After (which ethers reads as milliseconds) sets the time to wait.
 * Throws EndpointFailure.
 */
export function boundedFetch(signal: AbortSignal): FetchGetUrlFunc {
  return async (request) => {
    try {
      const { url, headers } = splitCredentials(request.url);
      const response = await fetch(url, {
        method: request.method,
        headers: { ...headers, 'content-type': 'application/json' },
        body: request.body && Buffer.from(request.body),
        redirect: 'manual',
        signal,
      });
      if (!response.ok) await response.body?.cancel();
      return {
        statusCode: response.status,
        statusMessage: '',
        headers: { 'content-type': response.headers.get('content-type') ?? '' },
        body: response.ok ? await readBody(response) : null,
      };
    } catch (error) {
      throw error instanceof EndpointFailure ? error : connectionFailure(error);
    }
  };
}
