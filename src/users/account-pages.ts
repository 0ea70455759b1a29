import { asc, count, desc, eq, type SQL, sql } from 'drizzle-orm';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/client.ts';
import { accountDetails } from '../db/tables/account-details.ts';
import { phones } from '../db/tables/phones.ts';
import { users } from '../db/tables/users.ts';
import { type Account, accountOf, selectAccounts } from './accounts.ts';

/** The most accounts of a page. */
export const MAX_PER_PAGE = 1000;

/** Selects a page of accounts. */
export type AccountPage = Readonly<{
  /** A part of an address, a number, a name or an id, in any case; null for all accounts. */
  filter: string | null;
  oldestFirst: boolean;
  /** From 1. */
  page: number;
  perPage: number;
}>;

/** Lists a page of accounts in the order of their creation, and counts all that fit the filter. */
export async function listAccountPage(
  { db, config }: { db: Database; config: Pick<Config, 'gotrue'> },
  { filter, oldestFirst, page, perPage }: AccountPage,
): Promise<{ accounts: Account[]; total: number }> {
  const where = filter === null ? undefined : contains(filter);
  const direction = oldestFirst ? asc : desc;
  const [counted] = await db
    .select({ total: count() })
    .from(users)
    .leftJoin(accountDetails, eq(accountDetails.userId, users.id))
    .leftJoin(phones, eq(phones.userId, users.id))
    .where(where);
  const rows = await selectAccounts(db)
    .where(where)
    .orderBy(direction(users.createdAt), direction(users.id))
    .limit(perPage)
    .offset((page - 1) * perPage);
  return { accounts: rows.map((row) => accountOf(row, config)), total: counted?.total ?? 0 };
}

function contains(text: string): SQL {
  const pattern = `%${text.replace(/[\\%_]/g, '\\$&')}%`;
  return sql`(${users.email} ilike ${pattern} or ${phones.number} like ${pattern} or ${users.name} ilike ${pattern}
    or ${accountDetails.userMetadata} ->> 'full_name' ilike ${pattern} or ${users.id}::text like lower(${pattern}))`;
}
