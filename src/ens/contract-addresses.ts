import { inArray, sql } from 'drizzle-orm';
import type { Config, EnsConfig } from '../config/config.ts';
import type { Database } from '../db/client.ts';
import { cache } from '../db/tables/contract-addresses.ts';
import { AuthError } from '../errors.ts';
import { resolveNames } from './resolver.ts';

/** A contract's address. `key` is the ENS name as configured, `value` the checksummed address (EIP-55). */
export type ContractAddress = { key: string; value: string; updatedAt: Date };

type Deps = { db: Database; config: Pick<Config, 'ens'> };

/** The configured names, production first. Writer and reader use the same ones. */
const ensNames = (ens: EnsConfig) => [ens.productionName, ens.stagingName] as const;

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
  // A Map, since a statement cannot upsert a row twice. Sorted, so that processes lock the rows in the same order.
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
 * Looks up the addresses of both names, and stores both or neither. Idempotent. A call during a refresh of the same database
 * and configuration gets the result of that refresh.
 * @throws AuthError `ens_name_not_found` if a name has no address, `ens_unreachable`, `ens_not_configured`
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

/** Lists the last known addresses of the configured names, production first. A name is missing if it was never resolved. */
export async function listContractAddresses({ db, config: { ens } }: Deps): Promise<ContractAddress[]> {
  return inOrder(
    ens,
    await db
      .select()
      .from(cache)
      .where(inArray(cache.key, [...ensNames(ens)])),
  );
}
