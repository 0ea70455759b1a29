import { askEndpoints, EndpointsFailure } from '../chain/endpoints.ts';
import type { EnsConfig } from '../config/config.ts';
import { AuthError } from '../errors.ts';

/**
 * Resolves ENS names to checksummed addresses (EIP-137, EIP-55). The address is null for a name without one. Endpoints are
 * tried in order until one answers for all names.
 * @throws AuthError `ens_not_configured` without endpoints; `ens_unreachable`, whose message says why each endpoint failed
 */
export async function resolveNames(
  ens: EnsConfig,
  names: readonly string[],
): Promise<ReadonlyMap<string, string | null>> {
  const { rpcUrls: urls, timeoutMs } = ens;
  if (urls.length === 0) throw new AuthError('ens_not_configured');
  const { resolveAt } = await import('./endpoint.ts');
  try {
    return await askEndpoints({ urls, timeoutMs }, (url, signal) => resolveAt(url, ens, names, signal));
  } catch (error) {
    if (!(error instanceof EndpointsFailure)) throw error;
    const message = `No Ethereum RPC endpoint gave a usable answer (${error.message}).`;
    throw new AuthError('ens_unreachable', { message });
  }
}
