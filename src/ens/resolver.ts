import { EndpointFailure } from '../chain/endpoint-failure.ts';
import type { EnsConfig } from '../config/config.ts';
import { AuthError } from '../errors.ts';

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

/**
 * Resolves ENS names to checksummed addresses (EIP-137, EIP-55), or to null where there is none. Endpoints are tried in
 * order until one answers for all names; each has `timeoutMs`, so the whole takes no longer than their sum.
 * Throws `ens_not_configured` without endpoints, and `ens_unreachable`, which says what was wrong with each of them.
 */
export async function resolveNames(
  ens: EnsConfig,
  names: readonly string[],
): Promise<ReadonlyMap<string, string | null>> {
  if (ens.rpcUrls.length === 0) throw new AuthError('ens_not_configured');
  const { resolveAt } = await import('./endpoint.ts');
  const failures: string[] = [];
  for (const url of ens.rpcUrls) {
    try {
      return await withDeadline(ens.timeoutMs, (signal) => resolveAt(url, ens, names, signal));
    } catch (error) {
      if (!(error instanceof EndpointFailure)) throw error;
      failures.push(`${hostOf(url)}: ${error.message}`);
    }
  }
  throw new AuthError('ens_unreachable', {
    message: `No Ethereum RPC endpoint gave a usable answer (${failures.join('; ')}).`,
  });
}
