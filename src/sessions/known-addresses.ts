import { sql } from 'drizzle-orm';
import type { Database } from '../db/client.ts';
import { sessions } from '../db/tables/sessions.ts';
import { addressLimitSubject } from '../limits/address-subject.ts';

/** The maximum number of a person's sessions that the lookup reads, so that its cost is bounded. */
const MAX_SESSIONS = 1000;

/** An id that no user has. A lookup for an unknown account costs the same as one for a known account. */
const NO_USER = '00000000-0000-0000-0000-000000000000';

/**
 * Tells whether a person has signed in from this IP address before (IPv6: from its /64), in a live or an ended session.
 * Unproven sessions that were revoked do not count: a stranger may have opened them before the owner proved the
 * mailbox.
 * @param userId null for an unknown account, which takes the same work
 * @param address null if it is not known: the answer is false then
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
