import { z } from 'zod';
import { DEFAULT_PRODUCTION_NAME, DEFAULT_STAGING_NAME, MAINNET_ENS_REGISTRY } from '../ens.ts';
import { httpUrl, integer, list, text } from '../parsers.ts';
import { variable } from '../variable.ts';

const ethereumAddress = () => z.string().regex(/^0x[0-9a-fA-F]{40}$/, 'must be 0x and 40 hex digits');

/** How ENS is asked. */
export const ensVariables = {
  ENS_RPC_URLS: variable({
    parser: list().pipe(z.array(httpUrl())),
    default: '',
    description: 'Ethereum JSON-RPC endpoints, separated by commas, tried in order.',
    shownDefault: 'none: ENS is off',
    secret: true,
  }),
  ENS_CHAIN_ID: variable({
    parser: integer(1, Number.MAX_SAFE_INTEGER),
    default: '1',
    description: 'Chain the endpoints must be on.',
  }),
  ENS_REGISTRY: variable({
    parser: ethereumAddress(),
    default: MAINNET_ENS_REGISTRY,
    description: 'ENS registry.',
  }),
  ENS_UNIVERSAL_RESOLVER: variable({
    parser: ethereumAddress(),
    description: 'ENS universal resolver, where one is to be used instead of the registry.',
    shownDefault: 'none',
  }),
  ENS_PRODUCTION_NAME: variable({
    parser: text(),
    default: DEFAULT_PRODUCTION_NAME,
    description: 'ENS name of the production contract.',
  }),
  ENS_STAGING_NAME: variable({
    parser: text(),
    default: DEFAULT_STAGING_NAME,
    description: 'ENS name of the staging contract.',
  }),
  ENS_TIMEOUT_MS: variable({
    parser: integer(50, 60_000),
    default: '4000',
    description: 'Milliseconds one endpoint may take.',
  }),
};
