import { ZeroAddress } from 'ethers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EnsConfig } from '../../src/config/config.ts';
import { resolveNames } from '../../src/ens/resolver.ts';
import { type Chain, miniUniversalResolver, offchainResolver, startChain } from '../support/anvil.ts';
import { startAnswering } from './rpc-servers.ts';

const PRODUCTION = '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045';
const STAGING = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';

let chain: Chain;
let universalResolver: string;

beforeAll(async () => {
  chain = await startChain();
  universalResolver = await chain.deploy(miniUniversalResolver, [chain.registry]);
  await chain.setAddress('semaphore.wld.eth', PRODUCTION.toLowerCase());
  await chain.setAddress('staging.semaphore.wld.eth', STAGING);
  await chain.setAddress('unset.wld.eth', null);
  await chain.setAddress('zero.wld.eth', ZeroAddress);
  await chain.setResolver('person.wld.eth', PRODUCTION);
  await chain.register('bare.wld.eth');
});

afterAll(() => chain?.stop());

function configure(overrides: Partial<EnsConfig> = {}): EnsConfig {
  return {
    rpcUrls: [chain.url],
    chainId: chain.chainId,
    registry: chain.registry,
    universalResolver: null,
    productionName: 'semaphore.wld.eth',
    stagingName: 'staging.semaphore.wld.eth',
    timeoutMs: 5000,
    ...overrides,
  };
}

async function resolveOne(name: string, overrides: Partial<EnsConfig> = {}) {
  return (await resolveNames(configure(overrides), [name])).get(name);
}

describe.each([
  { way: 'the registry', through: () => ({}) },
  { way: 'a universal resolver', through: () => ({ universalResolver }) },
])('name resolution through $way', ({ through }) => {
  test('returns the checksummed addresses of names', async () => {
    const names = ['semaphore.wld.eth', 'staging.semaphore.wld.eth'];
    const found = await resolveNames(configure(through()), names);
    expect([...found]).toEqual([
      [names[0], PRODUCTION],
      [names[1], STAGING],
    ]);
  });

  test('normalises a name before the lookup', async () => {
    expect(await resolveOne('SEMAPHORE.Wld.eth', through())).toBe(PRODUCTION);
  });

  test.each([
    ['that is not registered', 'nobody.wld.eth'],
    ['under a name with an address', 'other.semaphore.wld.eth'],
    ['without a resolver', 'bare.wld.eth'],
    ['without an address', 'unset.wld.eth'],
    ['with address zero', 'zero.wld.eth'],
    ['whose resolver is not a contract', 'person.wld.eth'],
    ['with an empty label', 'a..eth'],
    ['that mixes scripts', 's\u0435maphore.wld.eth'],
    ['with a label of 300 letters', `${'a'.repeat(300)}.eth`],
    ['that is empty', ''],
  ])('returns null for a name %s', async (_what, name) => {
    expect(await resolveOne(name, through())).toBeNull();
  });
});

describe('a name whose resolver refers to a server (EIP-3668)', () => {
  test.each(['offchain.wld.eth', 'any.offchain.wld.eth'])(
    '%s is not found, and nothing is fetched',
    async (name) => {
      const gateway = await startAnswering((_request, response) => response.end('{"data":"0x"}'));
      try {
        const resolver = await chain.deploy(offchainResolver, [`${gateway.url}/{sender}/{data}.json`]);
        await chain.setResolver('offchain.wld.eth', resolver);
        expect(await resolveOne(name)).toBeNull();
        expect(gateway.requests()).toBe(0);
      } finally {
        await gateway.close();
      }
    },
  );
});

describe('the ENS configuration', () => {
  test('without an endpoint answers ens_not_configured', async () => {
    await expect(resolveOne('semaphore.wld.eth', { rpcUrls: [] })).rejects.toMatchObject({
      code: 'ens_not_configured',
    });
  });

  test.each([
    ['registry', { registry: '0x000000000000000000000000000000000000dEaD' }],
    ['universal resolver', { universalResolver: '0x000000000000000000000000000000000000dEaD' }],
  ])('whose %s is not a contract answers ens_unreachable', async (what, overrides) => {
    await expect(resolveOne('semaphore.wld.eth', overrides)).rejects.toMatchObject({
      code: 'ens_unreachable',
      message: `No Ethereum RPC endpoint gave a usable answer (${new URL(chain.url).host}: no contract at the configured ENS ${what} address).`,
    });
  });

  test('whose registry is another contract answers ens_unreachable', async () => {
    const registry = await chain.deploy(offchainResolver, ['']);
    await expect(resolveOne('semaphore.wld.eth', { registry })).rejects.toMatchObject({
      code: 'ens_unreachable',
      message: expect.stringContaining('the ENS contract refused the call'),
    });
  });
});
