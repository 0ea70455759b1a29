import { recordSecurityEvent } from '../../audit/security-events.ts';
import { AuthError } from '../../errors.ts';
import { parseName } from '../../users/attributes.ts';
import { lockUser, type User, updateUser } from '../../users/users.ts';
import type { Viewer } from '../shared/caller.ts';
import { countChange } from '../shared/count-change.ts';
import type { Deps } from '../shared/deps.ts';

/**
 * Changes the profile of the signed-in person. The name that they have already is not a change.
 * @throws AuthError `required`, `max_length` or `invalid` (name), `rate_limited`
 */
export async function updateProfile(deps: Deps, by: Viewer, input: { name: string }): Promise<User> {
  const name = parseName(input.name, 'name');
  const { user, sessionId } = by;
  await countChange(deps, by);
  return deps.db.transaction(async (tx) => {
    const before = await lockUser(tx, user.id);
    if (before?.name === name) return before;
    const updated = before && (await updateUser(tx, user.id, { name }));
    if (updated === null) throw new AuthError('unauthenticated'); // deleted just now
    const event = { userId: user.id, sessionId, device: by.device };
    await recordSecurityEvent(tx, { action: 'profile_updated', ...event });
    return updated;
  });
}
