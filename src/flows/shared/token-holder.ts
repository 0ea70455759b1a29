import { AuthError } from '../../errors.ts';
import { claimsSharedSecret } from '../../service-tokens/shared-secret.ts';
import { TokenError, verifyToken } from '../../sessions/tokens.ts';
import { findUser } from '../../users/users.ts';
import { authenticateToken } from './authenticate.ts';
import type { Caller, Viewer } from './caller.ts';
import type { Deps } from './deps.ts';
import { findSharedSecretHolder } from './shared-secret-holder.ts';

/** What an access token leads to: a signed-in person, or the reason why not. */
export type TokenHolder =
  | { kind: 'viewer'; viewer: Viewer }
  | { kind: 'not_valid'; reason: string }
  /** The token stands for no person, or its subject is not an id of ours. */
  | { kind: 'no_subject' | 'foreign_subject' }
  | { kind: 'user_gone' | 'user_disabled' | 'session_over' };

/**
 * Finds the person who holds an access token of ours, like `authenticateToken`, or a token that the shared secret signed. Otherwise it
 * says why the token does not stand for a signed-in person. The GoTrue dialect alone accepts the shared secret.
 * @throws AuthError `second_factor_required`
 */
export async function findTokenHolder(
  deps: Deps,
  by: Caller,
  input: { token: string; firstFactorIsEnough?: boolean },
): Promise<TokenHolder> {
  if (claimsSharedSecret(deps, input.token)) return findSharedSecretHolder(deps, by, input);
  try {
    return { kind: 'viewer', viewer: await authenticateToken(deps, by, input) };
  } catch (error) {
    if (!(error instanceof AuthError) || error.code !== 'unauthenticated') throw error;
    return explainRefusal(deps, input.token);
  }
}

async function explainRefusal(deps: Deps, token: string): Promise<TokenHolder> {
  try {
    const { userId } = await verifyToken(deps, token);
    const user = await findUser(deps.db, userId);
    if (user === null) return { kind: 'user_gone' };
    return { kind: user.disabledAt === null ? 'session_over' : 'user_disabled' };
  } catch (error) {
    if (error instanceof TokenError) return { kind: 'not_valid', reason: error.message };
    throw error;
  }
}
