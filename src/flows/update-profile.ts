import { recordSecurityEvent } from '../audit/security-events.ts';
import type { Deps } from '../deps.ts';
import { AuthError } from '../errors.ts';
import { updateUser } from '../users/accounts.ts';
import { parseName } from '../users/attributes.ts';
import type { User } from '../users/users.ts';
import type { Viewer } from './authenticate.ts';
import type { Caller } from './sign-in.ts';

/**
 * Changes what the person says about themselves.
 * @throws AuthError `required`, `max_length` or `invalid` (name)
 */
export async function updateProfile(
  deps: Deps,
  caller: Caller,
  input: { viewer: Viewer; name: string },
): Promise<User> {
  const name = parseName(input.name, 'name');
  const { user, sessionId } = input.viewer;
  return deps.db.transaction(async (tx) => {
    const updated = await updateUser(tx, user.id, { name });
    if (updated === null) throw new AuthError('unauthenticated'); // deleted just now
    const event = { userId: user.id, sessionId, origin: caller };
    await recordSecurityEvent(tx, { action: 'profile_updated', ...event });
    return updated;
  });
}
