import { AuthError } from '../../errors.ts';
import { hasVerifiedFactor } from '../../second-factors/factors.ts';
import { findLiveSession, type LiveSession } from '../../sessions/sessions.ts';
import { TokenError, type TokenKind, verifyToken } from '../../sessions/tokens.ts';
import { findUser } from '../../users/users.ts';
import type { Caller, Viewer } from './caller.ts';
import type { Deps } from './deps.ts';
import { requireFullSignIn } from './step-up.ts';

/**
 * Finds the person who holds an access token. It looks up the session, its user and the signing key: a revoked session, a
 * disabled user or an expired key ends access at once, even if the token lives longer.
 * @param input.firstFactorIsEnough whether a session may do this before it has shown the second factor of its user
 * @throws AuthError `unauthenticated`, `second_factor_required`
 */
export async function authenticateToken(
  deps: Deps,
  { device }: Caller,
  { token, firstFactorIsEnough = false }: { token: string; firstFactorIsEnough?: boolean },
): Promise<Viewer> {
  try {
    const { userId, sessionId, keyId, kind } = await verifyToken(deps, token);
    const live = await findLiveSession(deps.db, { sessionId, userId, keyId });
    if (live === null) throw new TokenError('The session is over.');
    const viewer = viewerOf(live, { device, sessionId, tokenKind: kind });
    return firstFactorIsEnough ? viewer : requireFullSignIn(deps, viewer);
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    throw new AuthError('unauthenticated', { message: error.message, cause: error });
  }
}

/** What Hasura's session variables say, and the client's own token if Hasura forwarded it. */
export type HasuraIdentity = {
  userId: string;
  sessionId: string | null;
  /** The key that signed the client's token. */
  keyId: string | null;
  tokenKind: TokenKind | null;
};

/**
 * Finds the person for whom Hasura calls, after Hasura has shown the shared secret. Without a session (an operator acts as the
 * user in the console) it is enough that the user exists and is not disabled. The key of the client's own token, if Hasura
 * forwarded it, must still be good: Hasura learns of a key that was ended early only when its cache of the JWKS ends. The caller
 * decides whether the first factor is enough.
 * @throws AuthError `unauthenticated`
 */
export async function authenticateHasuraUser(
  deps: Deps,
  { device }: Caller,
  { userId, sessionId, keyId, tokenKind }: HasuraIdentity,
): Promise<Viewer> {
  if (sessionId === null) {
    const user = await findUser(deps.db, userId);
    if (user === null || user.disabledAt !== null) throw new AuthError('unauthenticated');
    const needsSecondFactor = await hasVerifiedFactor(deps.db, userId);
    const withoutSession = { sessionId: null, activeTeamId: null, level: 'aal1', needsSecondFactor } as const;
    return { device, user, ...withoutSession, tokenKind };
  }
  const live = await findLiveSession(deps.db, { sessionId, userId, keyId });
  if (live === null) throw new AuthError('unauthenticated', { message: 'The session is over.' });
  return viewerOf(live, { device, sessionId, tokenKind });
}

/** The session decides whether a token is personal: a Hasura with a mapping of its own may leave the kind out. */
const viewerOf = (
  { user, activeTeamId, openedBy, level, needsSecondFactor }: LiveSession,
  { tokenKind, ...from }: Pick<Viewer, 'device' | 'sessionId' | 'tokenKind'>,
): Viewer => ({
  ...from,
  ...{ user, activeTeamId, level, needsSecondFactor },
  tokenKind: openedBy === 'access_token' ? 'personal' : tokenKind,
});
