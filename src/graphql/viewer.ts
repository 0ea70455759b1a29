import { AuthError } from '../errors.ts';
import type { Viewer } from '../flows/shared/caller.ts';
import type { RequestCaller } from '../request/caller.ts';

/**
 * The signed-in person.
 * @throws AuthError `unauthenticated`
 */
export async function requireViewer(caller: RequestCaller): Promise<Viewer> {
  const viewer = await caller.viewer();
  if (viewer === null) throw new AuthError('unauthenticated', { message: 'Sign in to do this.' });
  return viewer;
}

/**
 * The signed-in person, by a token that may change the account and its sessions: a team's token may not.
 * @throws AuthError `unauthenticated`, `permission_denied`
 */
export async function requireAccountHolder(caller: RequestCaller): Promise<Viewer> {
  const viewer = await requireViewer(caller);
  if (viewer.tokenKind === 'team')
    throw new AuthError('permission_denied', {
      message: 'A team token does not change an account. Send the access token.',
    });
  return viewer;
}

/**
 * Lets only the operator through: Hasura's admin.
 * @throws AuthError `permission_denied`
 */
export function requireOperator(caller: RequestCaller): void {
  if (!caller.isOperator) throw new AuthError('permission_denied');
}

/** The signed-in person; null without a token, and for a token that is no longer good. */
export async function viewerOrNull(caller: RequestCaller): Promise<Viewer | null> {
  try {
    return await caller.viewer();
  } catch (error) {
    if (error instanceof AuthError && error.code === 'unauthenticated') return null;
    throw error;
  }
}
