import { AuthError } from '../errors.ts';
import { isAccountToken, type Viewer } from '../flows/shared/caller.ts';
import type { RequestCaller } from '../request/caller.ts';

/**
 * Returns the current user.
 * @throws AuthError `unauthenticated`, `second_factor_required`
 */
export const requireViewer = async (caller: RequestCaller): Promise<Viewer> =>
  signedIn(await caller.viewer());

/**
 * Returns the current user, who need not have shown the second factor.
 * @throws AuthError `unauthenticated`
 */
export const requireFirstFactor = async (caller: RequestCaller): Promise<Viewer> =>
  signedIn(await caller.firstFactorViewer());

function signedIn(viewer: Viewer | null): Viewer {
  if (viewer === null) throw new AuthError('unauthenticated', { message: 'Sign in to do this.' });
  return viewer;
}

/**
 * Returns the current user, if the token may change the account and its sessions. A team token may not, nor a token that a
 * program got for a personal access token.
 * @throws AuthError `unauthenticated`, `second_factor_required`, `permission_denied`
 */
export const requireAccountHolder = async (caller: RequestCaller): Promise<Viewer> =>
  checkAccountToken(await requireViewer(caller));

/** Returns the user of a token that may change the account and its sessions. @throws AuthError `permission_denied` */
export function checkAccountToken(viewer: Viewer): Viewer {
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
