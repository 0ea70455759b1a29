/** The ENS registry on Ethereum mainnet, with the same address on its public test networks (EIP-137). */
export const MAINNET_ENS_REGISTRY = '0x00000000000C2E074eC69A0dFb2997BA6C7d2e1e';
export const DEFAULT_PRODUCTION_NAME = 'semaphore.wld.eth';
export const DEFAULT_STAGING_NAME = 'staging.semaphore.wld.eth';

export type EnsConfig = Readonly<{
  /** Ethereum JSON-RPC endpoints, tried in order. They may hold API keys: none goes into a message or a log. */
  rpcUrls: readonly string[];
  /** An endpoint on another chain is not used. */
  chainId: number;
  registry: string;
  /** Where names are looked up instead of the registry. */
  universalResolver: string | null;
  productionName: string;
  stagingName: string;
  /** Milliseconds one endpoint may take for everything that is asked of it. */
  timeoutMs: number;
}>;
