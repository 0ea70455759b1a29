import type { Queryable } from '../../db/client.ts';
import { type OpenedSession, type Opening, openSession } from '../../sessions/opening.ts';
import type { User } from '../../users/users.ts';
import type { Caller } from './caller.ts';
import { findClaims } from './claims.ts';
import type { Deps } from './deps.ts';

/** A person, and the session that was just opened for them. */
export type OpenedFor = { user: User; session: OpenedSession };

type Entry = Omit<Opening, 'userId' | 'device' | 'claims'> & { user: User };

/**
 * Opens a session for a person on the caller's device, with the claims of the application.
 * @throws AuthError `claims_failed`, and what openSession throws
 */
export async function openSessionFor(
  db: Queryable,
  deps: Deps,
  { device }: Caller,
  { user, ...entry }: Entry,
): Promise<OpenedFor> {
  const claims = await findClaims(deps, db, user.id);
  return { user, session: await openSession(db, deps, { ...entry, userId: user.id, device, claims }) };
}
