import { decodeJwt } from 'jose';
import type { SignedIn } from '../../flows/shared/complete-sign-in.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import { findAccount } from '../../users/accounts.ts';
import type { RouteContext } from '../routes.ts';
import { refuse } from './errors.ts';
import { sessionObject } from './objects.ts';

/** Characters of the refresh token that GoTrue shows in a header. */
const PREFIX_LENGTH = 5;

/** Sets the headers by which GoTrue tells proxies whose session an answer holds. */
export function setSessionHeaders(c: RouteContext, { accessToken, refreshToken, user }: SignedIn): void {
  c.header('sb-auth-user-id', user.id);
  c.header('sb-auth-session-id', String(decodeJwt(accessToken).sid));
  c.header('sb-auth-refresh-token-prefix', refreshToken.slice(0, PREFIX_LENGTH));
}

/** Answers with a session: the tokens, and the user. */
export async function answerSession(
  c: RouteContext,
  deps: GatewayDeps,
  signedIn: SignedIn,
): Promise<Response> {
  const account = await findAccount(deps, signedIn.user.id);
  if (account === null) throw refuse(403, 'user_not_found', 'User from sub claim in JWT does not exist');
  setSessionHeaders(c, signedIn);
  return c.json(sessionObject(signedIn, account, deps.config));
}
