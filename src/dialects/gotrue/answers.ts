import type { SignedIn } from '../../flows/shared/complete-sign-in.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import { findAccount } from '../../users/accounts.ts';
import type { RouteContext } from '../routes.ts';
import { tokenErrors } from './bearer.ts';
import { sessionObject, userObject } from './objects.ts';

/** The first characters of a refresh token say of which kind it is, and nothing of the secret. */
const PREFIX_LENGTH = 4;

/** Sets the headers that name a session. */
export function setSessionHeaders(c: RouteContext, { user, sessionId, refreshToken }: SignedIn): void {
  c.header('sb-auth-user-id', user.id);
  c.header('sb-auth-session-id', sessionId);
  c.header('sb-auth-refresh-token-prefix', refreshToken.slice(0, PREFIX_LENGTH));
}

/** Answers with the signed-in person. @throws AuthError `user_not_found` (403) */
export async function answerUser(deps: GatewayDeps, c: RouteContext, userId: string): Promise<Response> {
  const account = await findAccount(deps, userId);
  if (account === null) throw tokenErrors.userGone();
  return c.json(userObject(account, deps.config));
}

/**
 * Answers with a session: its tokens, its user, and the headers that name it.
 * @param more what else the client reads beside them
 */
export function answerSession(
  { config }: GatewayDeps,
  c: RouteContext,
  signedIn: SignedIn,
  more: Readonly<Record<string, unknown>> = {},
): Response {
  const { account } = signedIn;
  if (account === null) throw new Error('The tokens do not have the form of GoTrue.');
  setSessionHeaders(c, signedIn);
  return c.json({ ...sessionObject(signedIn, account, config), ...more });
}
