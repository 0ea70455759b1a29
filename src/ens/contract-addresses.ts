import { inArray, sql } from 'drizzle-orm';
import type { Config, EnsConfig } from '../config/config.ts';
import type { Database } from '../db/client.ts';
import { cache } from '../db/tables/contract-addresses.ts';
import { AuthError } from '../errors.ts';
import { resolveNames } from './resolver.ts';

/** A contract's address: `key` is the ENS name as configured, `value` the checksummed address (EIP-55). */
export type ContractAddress = { key: string; value: string; updatedAt: Date };

type Deps = { db: Database; config: Pick<Config, 'ens'> };

/** The names whose addresses are kept, production first: for writer and reader alike. */
export const ensNames = (ens: EnsConfig) => [ens.productionName, ens.stagingName] as const;

function inOrder(ens: EnsConfig, rows: readonly ContractAddress[]): ContractAddress[] {
  return [...new Set<string>(ensNames(ens))].flatMap((name) => rows.filter((row) => row.key === name));
}

async function lookUpAndStore({ db, config: { ens } }: Deps): Promise<ContractAddress[]> {
  const [productionName, stagingName] = ensNames(ens);
  const addresses = await resolveNames(ens, [productionName, stagingName]);
  const production = addresses.get(productionName) ?? null;
  const staging = addresses.get(stagingName) ?? null;
  if (production === null || staging === null) {
    const message = `Production address (${production ?? '0x'}) or staging address (${staging ?? '0x'}) not found.`;
    throw new AuthError('ens_name_not_found', { message });
  }
  // A Map, since a statement cannot upsert a row twice, and sorted, so that processes lock the rows in the same order.
  const byKey = new Map([
    [productionName, production],
    [stagingName, staging],
  ]);
  const rows = await db
    .insert(cache)
    .values([...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => ({ key, value })))
    .onConflictDoUpdate({ target: cache.key, set: { value: sql`excluded.value` } })
    .returning();
  return inOrder(ens, rows);
}

const inFlight = new WeakMap<Database, WeakMap<EnsConfig, Promise<ContractAddress[]>>>();

/**
 * Looks the addresses of both names up and stores both, or neither; safe to repeat. Whoever calls while a refresh of
 * the same database and configuration runs gets its outcome.
 * Throws `ens_name_not_found` where a name has no address, `ens_unreachable` and `ens_not_configured`.
 */
export function refreshContractAddresses({ db, config }: Deps): Promise<ContractAddress[]> {
  const { ens } = config;
  const running = inFlight.get(db) ?? new WeakMap<EnsConfig, Promise<ContractAddress[]>>();
  inFlight.set(db, running);
  const joined = running.get(ens);
  if (joined !== undefined) return joined;
  const refresh = lookUpAndStore({ db, config }).finally(() => running.delete(ens));
  running.set(ens, refresh);
  return refresh;
}

/** The addresses last found for the configured names, production first; without those that were never found. */
export async function listContractAddresses({ db, config: { ens } }: Deps): Promise<ContractAddress[]> {
  return inOrder(
    ens,
    await db
      .select()
      .from(cache)
      .where(inArray(cache.key, [...ensNames(ens)])),
  );
}
