import { dnsEncode, EnsPlugin, ensNormalize, isError } from 'ethers';
import { EndpointFailure } from '../chain/endpoint-failure.ts';
import { checkChain, type EndpointProvider, openProvider } from '../chain/provider.ts';
import type { EnsConfig } from '../config/config.ts';

// Importing ethers takes 114 ms. resolver.ts imports this file when it looks up the first name.

/** Errors of the universal resolver that concern the name, not the resolver itself (ENSIP-10). */
const NAME_ERRORS = ['ResolverNotFound', 'ResolverNotContract'];

/** Checks that the configured address has code. Without code, every call returns nothing, as if no name existed. */
async function checkContract(provider: EndpointProvider, ens: EnsConfig): Promise<void> {
  const code: unknown = await provider.send('eth_getCode', [ens.universalResolver ?? ens.registry, 'latest']);
  if (typeof code !== 'string') throw new EndpointFailure('unusable answer');
  if (code !== '0x') return;
  const what = ens.universalResolver === null ? 'ENS registry' : 'ENS universal resolver';
  throw new EndpointFailure(`no contract at the configured ${what} address`);
}

/** Returns the normal form of a name (ENSIP-15); null if the name is not valid. */
function normaliseName(name: string): string | null {
  try {
    const normal = ensNormalize(name);
    dnsEncode(normal, 255);
    return normal;
  } catch {
    return null;
  }
}

function saysNotFound(error: unknown): boolean {
  if (isError(error, 'CALL_EXCEPTION')) return NAME_ERRORS.includes(error.revert?.name ?? '');
  // The name's own resolver returned nothing: it is not a contract.
  const asked: unknown = isError(error, 'BAD_DATA') && error.value === '0x' ? error.info?.method : undefined;
  return typeof asked === 'string' && asked !== 'resolver' && asked !== 'requireResolver';
}

async function resolveName(provider: EndpointProvider, name: string): Promise<string | null> {
  const normal = normaliseName(name);
  if (normal === null) return null;
  try {
    return await provider.resolveName(normal);
  } catch (error) {
    if (saysNotFound(error)) return null;
    throw error;
  }
}

/** Describes a failure without ethers' own message, which holds the whole URL. */
function describeFailure(error: unknown): EndpointFailure {
  if (error instanceof EndpointFailure) return error;
  if (isError(error, 'SERVER_ERROR')) return new EndpointFailure(`HTTP ${error.response?.statusCode}`);
  if (isError(error, 'CALL_EXCEPTION')) return new EndpointFailure('the ENS contract refused the call');
  return new EndpointFailure('unusable answer');
}

/**
 * Resolves names at one endpoint, which must be on the configured chain (EIP-137, ENSIP-10). An address is null if the name
 * is not valid, has no resolver, or has no address or address zero.
 * @throws EndpointFailure
 */
export async function resolveAt(
  url: string,
  ens: EnsConfig,
  names: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, string | null>> {
  const provider = openProvider({
    ...{ url, chainId: ens.chainId, timeoutMs: ens.timeoutMs, signal },
    plugins: [new EnsPlugin(ens.registry, ens.chainId, ens.universalResolver ?? undefined)],
  });
  try {
    await checkChain(provider, ens.chainId);
    await checkContract(provider, ens);
    return new Map(
      await Promise.all(names.map(async (name) => [name, await resolveName(provider, name)] as const)),
    );
  } catch (error) {
    throw describeFailure(error);
  } finally {
    provider.destroy();
  }
}
