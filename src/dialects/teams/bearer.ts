import type { IncomingMessage } from 'node:http';
import { AuthError } from '../../errors.ts';
import { authenticateToken } from '../../flows/shared/authenticate.ts';
import { isUserToken, type Viewer } from '../../flows/shared/caller.ts';
import { bearerToken, SEND_BEARER } from '../../request/bearer.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import type { Incoming, Security } from '../endpoint.ts';

export const accessToken: Security = {
  name: 'accessToken',
  scheme: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'The user token.' },
};

export const refreshOrAccessToken: Security = {
  name: 'refreshOrAccessToken',
  scheme: {
    type: 'http',
    scheme: 'bearer',
    description: 'A refresh token, or an unexpired user token of a live session.',
  },
};

/** The token that this dialect takes as `Authorization: Bearer`. @throws AuthError `unauthenticated` */
export function requireBearer({ headers }: IncomingMessage): string {
  const token = bearerToken(headers);
  if (token === null) throw new AuthError('unauthenticated', { message: SEND_BEARER });
  return token;
}

/** The user of a user token, which renews its session. @throws AuthError `unauthenticated` for any other token */
export async function requireUserToken(deps: GatewayDeps, incoming: Incoming): Promise<Viewer> {
  const token = requireBearer(incoming.request);
  const viewer = await authenticateToken(deps, incoming.caller, { token });
  if (isUserToken(viewer)) return viewer;
  throw new AuthError('unauthenticated', { message: 'Send the user token.' });
}
