import { sql } from 'drizzle-orm';
import type { Database } from '../db/client.ts';
import { addressLimitSubject } from '../limits/client-address.ts';
import { sessions } from './tables.ts';

/** Who has more sessions than this in the table is asked after no others: the look-up stays bounded. */
const MAX_SESSIONS = 1000;

/** Of nobody: makes the look-up for an unknown account cost what one for a known account costs. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

/**
 * Whether a person has signed in from this address (IPv6: from its /64) before, live session or not. An address that is not
 * known is nobody's.
 * @param userId null asks for nobody, which takes the same work
 */
export async function hasSignedInFrom(
  db: Database,
  userId: string | null,
  address: string | null,
): Promise<boolean> {
  if (address === null) return false;
  const [found] = await db.execute<{ known: boolean }>(sql`
    select exists (
      select from (select address from ${sessions} where user_id = ${userId ?? NOBODY} limit ${MAX_SESSIONS}) s
      where s.address <<= ${addressLimitSubject(address)}::inet
    ) as known`);
  return found?.known === true;
}
