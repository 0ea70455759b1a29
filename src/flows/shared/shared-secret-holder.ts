import { isUuid } from '../../db/uuid.ts';
import { AuthError } from '../../errors.ts';
import { isAdminRole } from '../../service-tokens/admin-roles.ts';
import { verifySharedSecret } from '../../service-tokens/shared-secret.ts';
import { TokenError } from '../../sessions/tokens.ts';
import { findUser } from '../../users/users.ts';
import { authenticateHasuraUser } from './authenticate.ts';
import type { Caller, Viewer } from './caller.ts';
import type { Deps } from './deps.ts';
import { enabledUser } from './disabling.ts';
import { requireStepUp } from './step-up.ts';
import type { TokenHolder } from './token-holder.ts';

/** A client without a user sends a token of this role. */
const ANONYMOUS_ROLE = 'anon';

/**
 * Finds the person of a token that the shared secret signed. The GoTrue dialect alone accepts it. A token that names a session counts
 * while that session lives, any other one while the account is enabled. A token of an administrator, or of role `anon`, does not stand
 * for a person.
 * @throws AuthError `second_factor_required`
 */
export async function findSharedSecretHolder(
  deps: Deps,
  by: Caller,
  { token, firstFactorIsEnough = false }: { token: string; firstFactorIsEnough?: boolean },
): Promise<TokenHolder> {
  try {
    const { role, subject, sessionId } = await verifySharedSecret(deps, token);
    if (subject === null || role === ANONYMOUS_ROLE) return { kind: 'no_subject' };
    const userId = subject.toLowerCase();
    if (!isUuid(userId)) return { kind: 'foreign_subject' };
    if (isAdminRole(deps, role)) return { kind: 'no_subject' };
    const holder = await holderOf(deps, by, { userId, sessionId });
    // Without a session, too: nothing says that the person has shown the second factor.
    if (holder.kind === 'viewer' && !firstFactorIsEnough && deps.config.secondFactor.required)
      requireStepUp(holder.viewer);
    return holder;
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    return { kind: 'not_valid', reason: error.message };
  }
}

async function holderOf(
  deps: Deps,
  by: Caller,
  { userId, sessionId }: { userId: string; sessionId: string | null },
): Promise<TokenHolder> {
  const user = await findUser(deps.db, userId);
  if (user === null) return { kind: 'user_gone' };
  if ((await enabledUser(deps, user)) === null) return { kind: 'user_disabled' };
  if (sessionId !== null && !isUuid(sessionId)) return { kind: 'session_over' };
  const viewer = await liveViewer(deps, by, { userId, sessionId });
  return viewer === null ? { kind: 'session_over' } : { kind: 'viewer', viewer };
}

/** The person, whom the holder of the secret vouches for, as Hasura does. Null if the session has ended. */
async function liveViewer(
  deps: Deps,
  by: Caller,
  identity: { userId: string; sessionId: string | null },
): Promise<Viewer | null> {
  try {
    return await authenticateHasuraUser(deps, by, { ...identity, keyId: null, tokenKind: 'access' });
  } catch (error) {
    if (error instanceof AuthError && error.code === 'unauthenticated') return null;
    throw error;
  }
}
