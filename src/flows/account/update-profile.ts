import { recordSecurityEvent } from '../../audit/security-events.ts';
import { AuthError } from '../../errors.ts';
import { changeLimit } from '../../limits/changes.ts';
import { parseName } from '../../users/attributes.ts';
import { lockUser, type User, updateUser } from '../../users/users.ts';
import type { Viewer } from '../shared/authenticate.ts';
import type { Deps } from '../shared/deps.ts';
import type { Caller } from '../sign-in/complete-sign-in.ts';

/**
 * Changes what the person says about themselves. The name that they have already is no change.
 * @throws AuthError `required`, `max_length` or `invalid` (name), `rate_limited`
 */
export async function updateProfile(
  deps: Deps,
  caller: Caller,
  input: { viewer: Viewer; name: string },
): Promise<User> {
  const name = parseName(input.name, 'name');
  const { user, sessionId } = input.viewer;
  await deps.rateLimiter.consume([changeLimit(deps.config, user.id)]);
  return deps.db.transaction(async (tx) => {
    const before = await lockUser(tx, user.id);
    if (before?.name === name) return before;
    const updated = before && (await updateUser(tx, user.id, { name }));
    if (updated === null) throw new AuthError('unauthenticated'); // deleted just now
    const event = { userId: user.id, sessionId, origin: caller };
    await recordSecurityEvent(tx, { action: 'profile_updated', ...event });
    return updated;
  });
}
