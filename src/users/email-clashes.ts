import { sql } from 'drizzle-orm';
import type { Database } from '../db/client.ts';

/** An account that shares its mailbox with other accounts, or whose address has no canonical form. */
export type ClashingAccount = {
  id: string;
  email: string;
  /** The canonical form of `email`; null if `email` has no canonical form. */
  canonical: string | null;
  /**
   * Whether `email` is not canonical. Until `email` is changed, or the account deleted, the database cannot check all
   * addresses.
   */
  isFormer: boolean;
  createdAt: string;
  verifiedAt: string | null;
  lastSignInAt: string | null;
  disabledAt: string | null;
};

/** The maximum length of the list. The other accounts follow when some of these are resolved. */
const MAX_LISTED = 1000;

/**
 * Lists the clashing accounts, at most 1,000. Accounts of one mailbox follow each other, the one with the canonical
 * address first. Times are in UTC.
 */
export const listEmailClashes = async (db: Database): Promise<ClashingAccount[]> => [
  ...(await db.execute<ClashingAccount>(sql`
    select u.id, u.email, nullif(coalesce(u.canonical_email, u.email), '') as canonical,
      u.canonical_email is not null as "isFormer",
      ${minute(sql`u.created_at`)} as "createdAt", ${minute(sql`u.email_verified_at`)} as "verifiedAt",
      ${minute(sql`u.disabled_at`)} as "disabledAt",
      (select ${minute(sql`max(e.created_at)`)} from portcullis.security_events e
        where e.user_id = u.id and e.action in ('login', 'signup') and e.outcome = 'success') as "lastSignInAt"
    from portcullis.users u
    where u.canonical_email is not null
      or u.email in (select canonical_email from portcullis.users where canonical_email <> '')
    order by canonical nulls last, u.canonical_email is not null, u.created_at, u.id
    limit ${MAX_LISTED}`)),
];

const minute = (moment: ReturnType<typeof sql>) =>
  sql`to_char(${moment} at time zone 'UTC', 'YYYY-MM-DD HH24:MI')`;

/** Counts the accounts whose address is not canonical. */
export async function countEmailClashes(db: Database): Promise<number> {
  const [found] = await db.execute<{ count: number }>(
    sql`select count(*)::int from portcullis.users where canonical_email is not null`,
  );
  return found?.count ?? 0;
}
