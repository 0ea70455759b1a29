import { sql } from 'drizzle-orm';
import type { Database } from '../db/client.ts';
import { sessions } from '../db/tables/sessions.ts';
import { addressLimitSubject } from '../limits/address-subject.ts';

/** As many sessions of a person are looked at: the look-up stays bounded. */
const MAX_SESSIONS = 1000;

/** No user has this id: a look-up for an unknown account costs what one for a known account costs. */
const NO_USER = '00000000-0000-0000-0000-000000000000';

/**
 * Whether a person has signed in from this address (IPv6: from its /64) before, live session or not. False for an address
 * that is not known. What a stranger opened before the address was proven does not count.
 * @param userId null for an unknown account, which takes the same work
 */
export async function hasSignedInFrom(
  db: Database,
  userId: string | null,
  address: string | null,
): Promise<boolean> {
  if (address === null) return false;
  const [found] = await db.execute<{ known: boolean }>(sql`
    select exists (
      select from (select address from ${sessions} where user_id = ${userId ?? NO_USER}
        and (proven_at is not null or revoked_at is null) limit ${MAX_SESSIONS}) s
      where s.address <<= ${addressLimitSubject(address)}::inet
    ) as known`);
  return found?.known === true;
}
