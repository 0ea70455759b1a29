import { eq, sql } from 'drizzle-orm';
import { ZeroAddress } from 'ethers';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { EnsConfig } from '../../src/config/config.ts';
import { type Database, openDatabase } from '../../src/db/client.ts';
import { cache } from '../../src/db/tables/contract-addresses.ts';
import { listContractAddresses, refreshContractAddresses } from '../../src/ens/contract-addresses.ts';
import { type Chain, startChain } from '../support/anvil.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { refusedUrl, startProxy } from './rpc-servers.ts';

// In alphabetical order, staging comes first.
const PRODUCTION_NAME = 'semaphore.wld.eth';
const STAGING_NAME = 'a-staging.semaphore.wld.eth';
const FIRST = '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045';
const SECOND = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';
const THIRD = '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359';

let chain: Chain;
let database: TestDatabase;
let db: Database;
let close: () => Promise<void>;

beforeAll(async () => {
  [chain, database] = await Promise.all([startChain(), createTestDatabase()]);
  ({ db, close } = openDatabase({ url: database.url, poolSize: 4, statementTimeoutMs: 10_000 }));
});

afterAll(async () => {
  await close?.();
  await Promise.all([chain?.stop(), database?.drop()]);
});

beforeEach(async () => {
  await db.delete(cache);
  await chain.setAddress(PRODUCTION_NAME, FIRST);
  await chain.setAddress(STAGING_NAME, SECOND);
});

function configure(overrides: Partial<EnsConfig> = {}): { ens: EnsConfig } {
  const ens = {
    rpcUrls: [chain.url],
    chainId: chain.chainId,
    registry: chain.registry,
    universalResolver: null,
    productionName: PRODUCTION_NAME,
    stagingName: STAGING_NAME,
    timeoutMs: 5000,
    ...overrides,
  };
  return { ens };
}

const row = (key: string, value: string) => ({ key, value, updatedAt: expect.any(Date) });
const stored = () => db.select().from(cache).orderBy(cache.key);

test('a refresh stores both addresses, production first', async () => {
  const config = configure();
  const expected = [row(PRODUCTION_NAME, FIRST), row(STAGING_NAME, SECOND)];
  expect(await listContractAddresses({ db, config })).toEqual([]);
  expect(await refreshContractAddresses({ db, config })).toEqual(expected);
  expect(await listContractAddresses({ db, config })).toEqual(expected);
});

test('a refresh replaces the stored addresses and their time', async () => {
  const config = configure();
  const [before] = await refreshContractAddresses({ db, config });
  await chain.setAddress(PRODUCTION_NAME, THIRD);
  const [after] = await refreshContractAddresses({ db, config });
  expect(after).toEqual(row(PRODUCTION_NAME, THIRD));
  expect(after!.updatedAt.getTime()).toBeGreaterThan(before!.updatedAt.getTime());
  expect(await stored()).toHaveLength(2);
});

test('listContractAddresses lists only the configured names', async () => {
  const config = configure();
  await db.insert(cache).values({ key: 'other.wld.eth', value: THIRD });
  await refreshContractAddresses({ db, config });
  expect((await listContractAddresses({ db, config })).map(({ key }) => key)).toEqual([
    PRODUCTION_NAME,
    STAGING_NAME,
  ]);
  expect(await stored()).toHaveLength(3);
});

test('a name that is both production and staging is stored once', async () => {
  const config = configure({ stagingName: PRODUCTION_NAME });
  expect(await refreshContractAddresses({ db, config })).toEqual([row(PRODUCTION_NAME, FIRST)]);
  expect(await listContractAddresses({ db, config })).toEqual([row(PRODUCTION_NAME, FIRST)]);
});

describe('a name without an address', () => {
  const missing = (production: string, staging: string) =>
    expect.objectContaining({
      code: 'ens_name_not_found',
      message: `Production address (${production}) or staging address (${staging}) not found.`,
    });

  test.each([
    ['staging', { stagingName: 'nobody.wld.eth' }, missing(THIRD, '0x')],
    ['production', { productionName: 'nobody.wld.eth' }, missing('0x', SECOND)],
    [
      'staging and production',
      { productionName: 'nobody.wld.eth', stagingName: 'a..eth' },
      missing('0x', '0x'),
    ],
  ])('for %s answers ens_name_not_found, and the old addresses stay', async (_which, overrides, expected) => {
    await refreshContractAddresses({ db, config: configure() });
    const before = await stored();
    await chain.setAddress(PRODUCTION_NAME, THIRD);
    await expect(refreshContractAddresses({ db, config: configure(overrides) })).rejects.toEqual(expected);
    expect(await stored()).toEqual(before);
  });

  test('answers ens_name_not_found in the first refresh, which stores nothing', async () => {
    await chain.setAddress(STAGING_NAME, ZeroAddress);
    await expect(refreshContractAddresses({ db, config: configure() })).rejects.toEqual(missing(FIRST, '0x'));
    expect(await stored()).toEqual([]);
  });
});

test('a refresh without a reachable endpoint answers ens_unreachable, and the old addresses stay', async () => {
  await refreshContractAddresses({ db, config: configure() });
  const before = await stored();
  const config = configure({ rpcUrls: [await refusedUrl()] });
  await expect(refreshContractAddresses({ db, config })).rejects.toMatchObject({ code: 'ens_unreachable' });
  expect(await stored()).toEqual(before);
});

describe('concurrent refreshes', () => {
  test('share one lookup, and a later refresh makes another', async () => {
    let lookups = 0;
    const proxy = await startProxy(chain.url, (method) => {
      if (method === 'eth_chainId') lookups += 1;
      return null;
    });
    try {
      const config = configure({ rpcUrls: [proxy.url] });
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, () => refreshContractAddresses({ db, config })),
      );
      expect(new Set(outcomes).size).toBe(1);
      expect(lookups).toBe(1);
      await refreshContractAddresses({ db, config });
      expect(lookups).toBe(2);
    } finally {
      await proxy.close();
    }
  });

  test('share a failure, and a later refresh can succeed', async () => {
    const config = configure();
    await chain.setAddress(STAGING_NAME, ZeroAddress);
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => refreshContractAddresses({ db, config })));
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    await chain.setAddress(STAGING_NAME, THIRD);
    expect(await refreshContractAddresses({ db, config })).toEqual([
      row(PRODUCTION_NAME, FIRST),
      row(STAGING_NAME, THIRD),
    ]);
  });

  test('do not share a lookup across configurations', async () => {
    const [all, one] = await Promise.all([
      refreshContractAddresses({ db, config: configure() }),
      refreshContractAddresses({ db, config: configure({ stagingName: PRODUCTION_NAME }) }),
    ]);
    expect([all.length, one.length]).toEqual([2, 1]);
  });

  test('in two processes lock the rows in one order and do not deadlock', async () => {
    await refreshContractAddresses({ db, config: configure() });
    const touch = (tx: Pick<Database, 'update'>, key: string) =>
      tx.update(cache).set({ value: THIRD }).where(eq(cache.key, key));
    const refresh = await db.transaction(async (tx) => {
      await touch(tx, STAGING_NAME);
      const waiting = refreshContractAddresses({ db, config: configure() });
      waiting.catch(() => {});
      const queue = sql`
        select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
      await expect.poll(() => db.execute(queue)).toHaveLength(1);
      await touch(tx, PRODUCTION_NAME);
      return { waiting };
    });
    expect(await refresh.waiting).toEqual([row(PRODUCTION_NAME, FIRST), row(STAGING_NAME, SECOND)]);
  });
});
