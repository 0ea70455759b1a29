import type { IncomingMessage } from 'node:http';
import type { AuthError } from '../../errors.ts';
import { authenticateService } from '../../flows/shared/authenticate-service.ts';
import { isAccountToken, type ServiceCaller, type Viewer } from '../../flows/shared/caller.ts';
import { isConfirmed } from '../../flows/shared/confirmation.ts';
import { findTokenHolder, type TokenHolder } from '../../flows/shared/token-holder.ts';
import { bearerToken } from '../../request/bearer.ts';
import { wrongSecret } from '../../request/caller.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import type { Incoming, Security } from '../endpoint.ts';
import { refuse } from './errors.ts';

export const userToken: Security = {
  name: 'goTrueUser',
  scheme: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The access token of a person.',
  },
};

export const adminToken: Security = {
  name: 'goTrueAdmin',
  scheme: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'A token of the role service_role.',
  },
};

/** The errors of tokens, in GoTrue's words. */
export const tokenErrors = {
  missing: () => refuse(401, 'no_authorization', 'This endpoint requires a valid Bearer token'),
  bad: (reason: string) => refuse(403, 'bad_jwt', `invalid JWT: ${reason}`),
  noSubject: () => refuse(403, 'bad_jwt', 'invalid claim: missing sub claim'),
  foreignSubject: () => refuse(400, 'bad_jwt', 'invalid claim: sub claim must be a UUID'),
  userGone: () => refuse(403, 'user_not_found', 'User from sub claim in JWT does not exist'),
  userBanned: () => refuse(403, 'user_banned', 'User is banned'),
  sessionOver: () => refuse(403, 'session_not_found', 'Session from session_id claim in JWT does not exist'),
  notConfirmed: () => refuse(403, 'email_not_confirmed', 'Email not confirmed'),
  notAdmin: () => refuse(403, 'not_admin', 'User not allowed'),
};

const { notAdmin, ...ofUsers } = tokenErrors;

/** What an endpoint for persons may answer to a token, for `/openapi.json`. */
export const userErrors: readonly AuthError[] = Object.values(ofUsers).map((create) => create('…'));

/** What an endpoint for administrators may answer to a token, for `/openapi.json`. */
export const adminErrors: readonly AuthError[] = [...userErrors, notAdmin()];

/** The error for a token that leads to no signed-in person. */
function refusalOf(holder: Exclude<TokenHolder, { kind: 'viewer' }>): AuthError {
  switch (holder.kind) {
    case 'not_valid':
      return tokenErrors.bad(`unable to parse or verify signature, ${holder.reason}`);
    case 'no_subject':
      return tokenErrors.noSubject();
    case 'foreign_subject':
      return tokenErrors.foreignSubject();
    case 'user_gone':
      return tokenErrors.userGone();
    case 'user_disabled':
      return tokenErrors.userBanned();
    case 'session_over':
      return tokenErrors.sessionOver();
  }
}

/** The token of a request. @throws AuthError `no_authorization` (401) */
function requireBearer({ headers }: IncomingMessage): string {
  const token = bearerToken(headers);
  if (token === null) throw tokenErrors.missing();
  return token;
}

/**
 * The person of an access token, of any dialect. Tokens for work in a team and tokens of programs do not change an account, and are
 * refused. So is a person who has not confirmed their address, and a session that has to show the second factor first.
 * @throws AuthError `no_authorization` (401), `bad_jwt`, `user_not_found`, `session_not_found`, `user_banned`, `email_not_confirmed`,
 * `insufficient_aal` (401)
 */
export const requireUser = (deps: GatewayDeps, incoming: Incoming): Promise<Viewer> =>
  findUser(deps, incoming, { firstFactorIsEnough: false });

/**
 * The same for the few endpoints that a session may use before it has shown the second factor.
 * @throws AuthError as `requireUser` does, without `insufficient_aal`
 */
export const requireFirstFactor = (deps: GatewayDeps, incoming: Incoming): Promise<Viewer> =>
  findUser(deps, incoming, { firstFactorIsEnough: true });

async function findUser(
  deps: GatewayDeps,
  { request, caller }: Incoming,
  options: { firstFactorIsEnough: boolean },
): Promise<Viewer> {
  const holder = await findTokenHolder(deps, caller, { token: requireBearer(request), ...options });
  if (holder.kind !== 'viewer') throw refusalOf(holder);
  const { viewer } = holder;
  if (!isAccountToken(viewer)) throw tokenErrors.bad('it may not act for its person here');
  if (!(await isConfirmed(deps, viewer.user))) throw tokenErrors.notConfirmed();
  return viewer;
}

/**
 * Admits servers that manage accounts, and counts wrong tokens by address. A person is never one of them.
 * @throws AuthError `no_authorization` (401), `bad_jwt`, `not_admin`, `session_not_found` (403), `rate_limited`
 */
export async function requireAdmin(deps: GatewayDeps, { request, caller }: Incoming): Promise<ServiceCaller> {
  const admitted = await authenticateService(deps, caller, { token: requireBearer(request) });
  if (!('refused' in admitted)) return admitted;
  switch (admitted.refused) {
    case 'not_admin':
      throw tokenErrors.notAdmin();
    case 'session_over':
      throw tokenErrors.sessionOver();
    case 'invalid': {
      const error = wrongSecret(deps, request, { header: 'authorization' });
      throw error.code === 'rate_limited'
        ? error
        : refusalOf({ kind: 'not_valid', reason: admitted.message });
    }
  }
}
