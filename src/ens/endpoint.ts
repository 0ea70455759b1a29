import {
  dnsEncode,
  EnsPlugin,
  ensNormalize,
  FetchRequest,
  isError,
  type JsonRpcError,
  type JsonRpcPayload,
  JsonRpcProvider,
  Network,
} from 'ethers';
import { boundedFetch } from '../chain/bounded-fetch.ts';
import { EndpointFailure } from '../chain/endpoint-failure.ts';
import type { EnsConfig } from '../config/config.ts';

// Importing ethers takes 114 ms: resolver.ts imports this file when the first name is looked up.

const MAX_THROTTLED_ATTEMPTS = 3;

/** How the Ethereum clients say that a call was run and failed, as against that it was not run. */
const EXECUTION_FAILED =
  /revert|invalid opcode|bad instruction|(invalid|bad) jump|out of gas|vm execution error/i;

/** The universal resolver's errors that speak of the name, not of the resolver (ENSIP-10). */
const NAME_ERRORS = ['ResolverNotFound', 'ResolverNotContract'];

class EndpointProvider extends JsonRpcProvider {
  /**
   * ethers takes every error of an `eth_call` for a revert, which to its ENS resolver means "no address". An error such
   * as "daily limit exceeded" must not.
   */
  override getRpcError(payload: JsonRpcPayload, answer: JsonRpcError): Error {
    const { code, message } = Object(answer.error) as { code?: unknown; message?: unknown };
    if (payload.method === 'eth_call' && typeof message === 'string' && EXECUTION_FAILED.test(message)) {
      return super.getRpcError(payload, answer);
    }
    return new EndpointFailure(Number.isSafeInteger(code) ? `RPC error ${code}` : 'RPC error');
  }
}

function openProvider(url: string, ens: EnsConfig, signal: AbortSignal): EndpointProvider {
  const request = new FetchRequest(url);
  request.timeout = ens.timeoutMs;
  request.setThrottleParams({ maxAttempts: MAX_THROTTLED_ATTEMPTS, slotInterval: 100 });
  // The last attempt's 429 is handed on; ethers would make a 599 of it.
  request.retryFunc = async (_request, _response, attempt) => attempt + 1 < MAX_THROTTLED_ATTEMPTS;
  request.getUrlFunc = boundedFetch(signal);
  const network = new Network('ens', ens.chainId);
  network.attachPlugin(new EnsPlugin(ens.registry, ens.chainId, ens.universalResolver ?? undefined));
  const provider = new EndpointProvider(request, network, {
    staticNetwork: network,
    batchMaxCount: 1,
    cacheTimeout: -1,
  });
  // Otherwise the owner of a name chooses URLs that this server fetches (EIP-3668).
  provider.disableCcipRead = true;
  return provider;
}

/** With `staticNetwork` ethers does not look which chain it talks to. */
async function checkChain(provider: EndpointProvider, chainId: number): Promise<void> {
  const answer: unknown = await provider.send('eth_chainId', []);
  if (typeof answer !== 'string' || !/^0x[0-9a-f]{1,16}$/i.test(answer))
    throw new EndpointFailure('unusable answer');
  if (BigInt(answer) !== BigInt(chainId)) {
    throw new EndpointFailure(`wrong chain: expected ${chainId}, got ${BigInt(answer)}`);
  }
}

/** An address without code answers every call with nothing, as if no name existed. */
async function checkContract(provider: EndpointProvider, ens: EnsConfig): Promise<void> {
  const code: unknown = await provider.send('eth_getCode', [ens.universalResolver ?? ens.registry, 'latest']);
  if (typeof code !== 'string') throw new EndpointFailure('unusable answer');
  if (code !== '0x') return;
  const what = ens.universalResolver === null ? 'ENS registry' : 'ENS universal resolver';
  throw new EndpointFailure(`no contract at the configured ${what} address`);
}

/** The normal form of a name (ENSIP-15), or null where it has none. */
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
  // Nothing came back from the name's own resolver: it is no contract.
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

/** ethers' messages hold the whole URL: nothing of them is kept. */
function describeFailure(error: unknown): EndpointFailure {
  if (error instanceof EndpointFailure) return error;
  if (isError(error, 'SERVER_ERROR')) return new EndpointFailure(`HTTP ${error.response?.statusCode}`);
  if (isError(error, 'CALL_EXCEPTION')) return new EndpointFailure('the ENS contract refused the call');
  return new EndpointFailure('unusable answer');
}

/**
 * Resolves names on one endpoint, which must be on the configured chain (EIP-137, ENSIP-10). A name's address is null
 * where it has no resolver, no address or address zero, and where it is no valid name. Throws EndpointFailure.
 */
export async function resolveAt(
  url: string,
  ens: EnsConfig,
  names: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, string | null>> {
  const provider = openProvider(url, ens, signal);
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
