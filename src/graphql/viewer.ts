import { AuthError } from '../errors.ts';
import { isAccountToken, type Viewer } from '../flows/shared/caller.ts';
import type { RequestCaller } from '../request/caller.ts';

/**
 * Returns the current user.
 * @throws AuthError `unauthenticated`
 */
export async function requireViewer(caller: RequestCaller): Promise<Viewer> {
  const viewer = await caller.viewer();
  if (viewer === null) throw new AuthError('unauthenticated', { message: 'Sign in to do this.' });
  return viewer;
}

/**
 * Returns the current user, if the token may change the account and its sessions. A team token may not, nor a token that a
 * program got for a personal access token.
 * @throws AuthError `unauthenticated`, `permission_denied`
 */
export async function requireAccountHolder(caller: RequestCaller): Promise<Viewer> {
  const viewer = await requireViewer(caller);
  if (isAccountToken(viewer)) return viewer;
  const token = viewer.tokenKind === 'personal' ? 'A personal access token' : 'A team token';
  throw new AuthError('permission_denied', {
    message: `${token} does not change an account. Send the access token of a login.`,
  });
}

/**
 * Refuses every caller except the operator: Hasura's admin.
 * @throws AuthError `permission_denied`
 */
export function requireOperator(caller: RequestCaller): void {
  if (!caller.isOperator) throw new AuthError('permission_denied');
}
