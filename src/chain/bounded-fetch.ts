import type { FetchGetUrlFunc } from 'ethers';
import { EndpointFailure } from './endpoint-failure.ts';

/** The maximum size of an answer. The longest one is the code of a contract: 24 KiB (EIP-170) in hexadecimal. */
const MAX_ANSWER_BYTES = 256 * 1024;

const CONNECTION_FAILURES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection closed',
  UND_ERR_SOCKET: 'connection closed',
  ENOTFOUND: 'host not found',
  EAI_AGAIN: 'host not found',
};

/** Moves the credentials of a URL into a header, since `fetch` refuses them in a URL. */
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
 * HTTP client for ethers. The client that ethers has leaves a timed-out request running, reads answers of any size and
 * follows redirects. Here the signal aborts a request, and the size is limited. Of the response headers only the type is
 * passed on. So a redirect has no target, and `Retry-After` does not set the waiting time (ethers reads it as milliseconds).
 * @throws EndpointFailure
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
