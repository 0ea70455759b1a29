import { z } from 'zod';
import { DEFAULT_PRODUCTION_NAME, DEFAULT_STAGING_NAME, MAINNET_ENS_REGISTRY } from '../ens.ts';
import { httpUrl, integer, list, text } from '../parsers.ts';

const ethereumAddress = () => z.string().regex(/^0x[0-9a-fA-F]{40}$/, 'must be 0x and 40 hex digits');

/** How ENS is asked. */
export const ensVariables = {
  ENS_RPC_URLS: list().pipe(z.array(httpUrl())).prefault('').meta({
    description: 'Ethereum JSON-RPC endpoints, separated by commas, tried in order.',
    shownDefault: 'none: ENS is off',
    secret: true,
  }),
  ENS_CHAIN_ID: integer(1, Number.MAX_SAFE_INTEGER)
    .prefault('1')
    .meta({ description: 'Chain the endpoints must be on.' }),
  ENS_REGISTRY: ethereumAddress().default(MAINNET_ENS_REGISTRY).meta({ description: 'ENS registry.' }),
  ENS_UNIVERSAL_RESOLVER: ethereumAddress().optional().meta({
    description: 'ENS universal resolver, to use instead of the registry.',
    shownDefault: 'none',
  }),
  ENS_PRODUCTION_NAME: text().default(DEFAULT_PRODUCTION_NAME).meta({
    description: 'ENS name of the production contract.',
  }),
  ENS_STAGING_NAME: text().default(DEFAULT_STAGING_NAME).meta({
    description: 'ENS name of the staging contract.',
  }),
  ENS_TIMEOUT_MS: integer(50, 60_000).prefault('4000').meta({
    description: 'Milliseconds one endpoint may take.',
  }),
};
