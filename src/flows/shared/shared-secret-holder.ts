import { isUuid } from '../../db/uuid.ts';
import { verifySharedSecret } from '../../service-tokens/shared-secret.ts';
import { findLiveSession } from '../../sessions/sessions.ts';
import { TokenError } from '../../sessions/tokens.ts';
import { findUser } from '../../users/users.ts';
import type { Caller } from './caller.ts';
import type { Deps } from './deps.ts';
import { enabledUser } from './disabling.ts';
import type { TokenHolder } from './token-holder.ts';

/** A client without a user sends a token of this role. */
const ANONYMOUS_ROLE = 'anon';

/**
 * Finds the person of a token that the shared secret signed. The GoTrue dialect alone accepts it. A token that names a session counts
 * while that session lives, any other one while the account is enabled. A token of an administrator, or of role `anon`, stands for no
 * person.
 */
export async function findSharedSecretHolder(
  deps: Deps,
  { device }: Caller,
  { token }: { token: string },
): Promise<TokenHolder> {
  try {
    const { role, subject, sessionId } = await verifySharedSecret(deps, token);
    if (subject === null || role === ANONYMOUS_ROLE) return { kind: 'no_subject' };
    if (role !== null && deps.config.serviceRole.adminRoles.includes(role)) return { kind: 'no_subject' };
    const userId = subject.toLowerCase();
    if (!isUuid(userId)) return { kind: 'foreign_subject' };
    return await holderOf(deps, { device, userId, sessionId });
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    return { kind: 'not_valid', reason: error.message };
  }
}

type Named = Caller & { userId: string; sessionId: string | null };

async function holderOf(deps: Deps, { device, userId, sessionId }: Named): Promise<TokenHolder> {
  const found = await findUser(deps.db, userId);
  if (found === null) return { kind: 'user_gone' };
  const user = await enabledUser(deps, found);
  if (user === null) return { kind: 'user_disabled' };
  const viewer = { device, user, sessionId, activeTeamId: null, tokenKind: 'access', level: 'aal1' } as const;
  if (sessionId === null) return { kind: 'viewer', viewer };
  const live = isUuid(sessionId) ? await findLiveSession(deps.db, { sessionId, userId, keyId: null }) : null;
  // A program must not change the account.
  if (live === null || live.openedBy === 'access_token') return { kind: 'session_over' };
  return { kind: 'viewer', viewer: { ...viewer, activeTeamId: live.activeTeamId, level: live.level } };
}
