import {
  FetchRequest,
  type JsonRpcError,
  type JsonRpcPayload,
  JsonRpcProvider,
  Network,
  type NetworkPlugin,
} from 'ethers';
import { boundedFetch } from './bounded-fetch.ts';
import { EndpointFailure } from './endpoint-failure.ts';

// Importing ethers takes 114 ms: import this file only when a chain is asked for the first time.

const MAX_THROTTLED_ATTEMPTS = 3;

/** How Ethereum clients report that a call was executed and failed. Other errors mean that it was not executed. */
const EXECUTION_FAILED =
  /revert|invalid opcode|bad instruction|(invalid|bad) jump|out of gas|vm execution error/i;

export class EndpointProvider extends JsonRpcProvider {
  /**
   * Tells failed executions from other errors. ethers reads every error of an `eth_call` as a revert, and its ENS resolver
   * reads a revert as "no address". An error like "daily limit exceeded" must not be read so.
   */
  override getRpcError(payload: JsonRpcPayload, answer: JsonRpcError): Error {
    const { code, message } = Object(answer.error) as { code?: unknown; message?: unknown };
    if (payload.method === 'eth_call' && typeof message === 'string' && EXECUTION_FAILED.test(message)) {
      return super.getRpcError(payload, answer);
    }
    return new EndpointFailure(Number.isSafeInteger(code) ? `RPC error ${code}` : 'RPC error');
  }
}

export type ProviderOptions = Readonly<{
  url: string;
  chainId: number;
  /** Milliseconds that a request may take. */
  timeoutMs: number;
  plugins?: readonly NetworkPlugin[];
  /** Aborts every request. */
  signal: AbortSignal;
}>;

/** Opens one JSON-RPC endpoint. It neither batches nor caches, and its answers are bounded. The caller destroys it. */
export function openProvider(options: ProviderOptions): EndpointProvider {
  const { url, chainId, timeoutMs, plugins = [], signal } = options;
  const request = new FetchRequest(url);
  request.timeout = timeoutMs;
  request.setThrottleParams({ maxAttempts: MAX_THROTTLED_ATTEMPTS, slotInterval: 100 });
  // The last attempt's 429 is passed on; ethers would replace it by a 599.
  request.retryFunc = async (_request, _response, attempt) => attempt + 1 < MAX_THROTTLED_ATTEMPTS;
  request.getUrlFunc = boundedFetch(signal);
  const network = new Network('configured', chainId);
  for (const plugin of plugins) network.attachPlugin(plugin);
  const provider = new EndpointProvider(request, network, {
    staticNetwork: network,
    batchMaxCount: 1,
    cacheTimeout: -1,
  });
  // Otherwise the owner of a name could choose URLs that this server fetches (EIP-3668).
  provider.disableCcipRead = true;
  return provider;
}

/**
 * Checks that an endpoint is on the chain: ethers does not check it with `staticNetwork`.
 * @throws EndpointFailure
 */
export async function checkChain(provider: EndpointProvider, chainId: number): Promise<void> {
  const answer: unknown = await provider.send('eth_chainId', []);
  if (typeof answer !== 'string' || !/^0x[0-9a-f]{1,16}$/i.test(answer))
    throw new EndpointFailure('unusable answer');
  if (BigInt(answer) !== BigInt(chainId)) {
    throw new EndpointFailure(`wrong chain: expected ${chainId}, got ${BigInt(answer)}`);
  }
}
