import type { IncomingMessage } from 'node:http';
import { isOneOf } from '../crypto/secrets.ts';
import { AuthError } from '../errors.ts';
import { bearerToken, hasOtherCredentials } from './bearer.ts';
import { showsGatewaySecret, wrongSecret } from './caller.ts';
import type { GatewayDeps } from './deps.ts';
import { headerText } from './header-text.ts';

/**
 * Creates a check that only Hasura calls the portal's internal endpoints. Hasura shows the shared secret as `Authorization`,
 * with or without `Bearer`: it sends a header from an environment variable unchanged.
 * @throws AuthError `permission_denied`; `rate_limited` after many wrong secrets
 */
export function requireInternalSecret(deps: GatewayDeps) {
  return (request: IncomingMessage): void => {
    const { headers } = request;
    const raw = hasOtherCredentials(headers) ? headerText(headers, 'authorization') : null;
    const given = bearerToken(headers) ?? raw;
    if (given === null) throw new AuthError('permission_denied');
    if (!isOneOf(deps.config.internalSecrets, given))
      throw wrongSecret(deps, request, { header: 'authorization' });
  };
}

/**
 * Creates a check that only Hasura calls its actions and cron triggers.
 * @throws AuthError `permission_denied`; `rate_limited` after many wrong secrets
 */
export function requireGatewaySecret(deps: GatewayDeps) {
  return (request: IncomingMessage): void => {
    if (!showsGatewaySecret(deps, request)) throw new AuthError('permission_denied');
  };
}
