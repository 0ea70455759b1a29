import { z } from 'zod';
import { httpUrl, integer, list, text } from '../parsers.ts';
import { variable } from '../variable.ts';
import type { Environment } from '../variables.ts';

/** The ENS registry on Ethereum mainnet, with the same address on its public test networks (EIP-137). */
const MAINNET_REGISTRY = '0x00000000000C2E074eC69A0dFb2997BA6C7d2e1e';

const ethereumAddress = () => z.string().regex(/^0x[0-9a-fA-F]{40}$/, 'must be 0x and 40 hex digits');

/** The ENS lookup. */
export const ensVariables = {
  ENS_RPC_URLS: variable({
    parser: list().pipe(z.array(httpUrl())),
    default: '',
    description: 'Ethereum JSON-RPC endpoints, separated by commas. The gateway tries them in order.',
    shownDefault: 'none: ENS is off',
    secret: true,
  }),
  ENS_CHAIN_ID: variable({
    parser: integer(1, Number.MAX_SAFE_INTEGER),
    default: '1',
    description: 'Id of the chain that the endpoints must serve.',
  }),
  ENS_REGISTRY: variable({
    parser: ethereumAddress(),
    default: MAINNET_REGISTRY,
    description: 'Address of the ENS registry.',
  }),
  ENS_UNIVERSAL_RESOLVER: variable({
    parser: ethereumAddress(),
    description: 'Address of an ENS universal resolver, which the gateway then asks instead of the registry.',
    shownDefault: 'none',
  }),
  ENS_PRODUCTION_NAME: variable({
    parser: text(),
    default: 'semaphore.wld.eth',
    description: 'ENS name of the production contract.',
  }),
  ENS_STAGING_NAME: variable({
    parser: text(),
    default: 'staging.semaphore.wld.eth',
    description: 'ENS name of the staging contract.',
  }),
  ENS_TIMEOUT_MS: variable({
    parser: integer(50, 60_000),
    default: '4000',
    description: 'Milliseconds that one endpoint may take.',
  }),
};

export const ensConfig = (e: Environment) => ({
  ens: {
    /** Ethereum JSON-RPC endpoints, tried in order. They may hold API keys, so messages and logs do not quote them. */
    rpcUrls: e.ENS_RPC_URLS,
    /** The gateway does not use an endpoint on another chain. */
    chainId: e.ENS_CHAIN_ID,
    registry: e.ENS_REGISTRY,
    /** The contract that looks up names instead of the registry. */
    universalResolver: e.ENS_UNIVERSAL_RESOLVER ?? null,
    productionName: e.ENS_PRODUCTION_NAME,
    stagingName: e.ENS_STAGING_NAME,
    /** Milliseconds that one endpoint may take for all its calls together. */
    timeoutMs: e.ENS_TIMEOUT_MS,
  },
});
