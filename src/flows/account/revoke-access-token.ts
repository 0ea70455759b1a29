import { deleteAccessToken } from '../../access-tokens/access-tokens.ts';
import { recordSecurityEvent } from '../../audit/security-events.ts';
import { parseId } from '../../db/uuid.ts';
import { AuthError } from '../../errors.ts';
import { revokeSessions } from '../../sessions/sessions.ts';
import type { Viewer } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';

/**
 * Revokes a personal access token of the signed-in person. Its session ends with it, and so do the tokens for which it was
 * exchanged.
 * @throws AuthError `invalid` (id); `not_found` (id) if it was revoked or has expired, or belongs to another person
 */
export async function revokeAccessToken(deps: Deps, by: Viewer, input: { id: string }): Promise<void> {
  const id = parseId(input.id, 'id');
  const userId = by.user.id;
  await deps.db.transaction(async (tx) => {
    // The session first: an exchange at the same moment either finds it revoked, or its token is of a session that ends now.
    const ended = await revokeSessions(tx, { userId, which: { only: id } });
    if (ended.length === 0 || !(await deleteAccessToken(tx, id)))
      throw new AuthError('not_found', {
        attribute: 'id',
        message: 'This personal access token does not exist.',
      });
    const event = { userId, sessionId: by.sessionId, device: by.device, details: { accessTokenId: id } };
    await recordSecurityEvent(tx, { action: 'access_token_revoked', ...event });
  });
}
