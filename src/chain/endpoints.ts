import { EndpointFailure } from './endpoint-failure.ts';

/** Runs work that ends with the signal, and stops waiting for it after `timeoutMs` in any case. */
async function withDeadline<T>(timeoutMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new EndpointFailure(`timed out after ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work(controller.signal), tooLate]);
  } finally {
    clearTimeout(timer);
    controller.abort();
  }
}

/** All of a URL that may be shown: keys stand in its path, its query and before its host. */
const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : 'not a URL');

/** Nothing came of any endpoint. The message says why, for each by its host. */
export class EndpointsFailure extends Error {
  override readonly name = 'EndpointsFailure';
}

/**
 * Asks endpoints in order until one answers. Each has `timeoutMs`, so that all together take no longer than their sum.
 * @throws EndpointsFailure if none answers
 */
export async function askEndpoints<Answer>(
  { urls, timeoutMs }: { urls: readonly string[]; timeoutMs: number },
  ask: (url: string, signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  const failures: string[] = [];
  for (const url of urls) {
    try {
      return await withDeadline(timeoutMs, (signal) => ask(url, signal));
    } catch (error) {
      if (!(error instanceof EndpointFailure)) throw error;
      failures.push(`${hostOf(url)}: ${error.message}`);
    }
  }
  throw new EndpointsFailure(failures.join('; '));
}
