import { EndpointFailure } from './endpoint-failure.ts';

/**
 * Runs work with a deadline. After `timeoutMs` milliseconds it aborts the signal, and does not wait for the work any more.
 */
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

/** Returns the part of a URL that may be shown. Its path, its query and its user name may hold keys. */
const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : 'not a URL');

/** No endpoint answered. The message gives the reason for each host. */
export class EndpointsFailure extends Error {
  override readonly name = 'EndpointsFailure';
}

/**
 * Asks endpoints in order until one answers. Each endpoint has `timeoutMs`, which also bounds the total time.
 * @throws EndpointsFailure if no endpoint answers
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
