import { isOneOf } from '../crypto/secrets.ts';
import type { RouteContext } from '../dialects/routes.ts';
import { AuthError } from '../errors.ts';
import type { Deps } from '../flows/shared/deps.ts';
import { bearerToken, hasOtherCredentials } from './bearer.ts';
import { showsGatewaySecret, wrongSecret } from './caller.ts';
import { headerText } from './header-text.ts';

/**
 * Lets Hasura in, at the portal's internal endpoints: the shared secret as `Authorization`, with or without `Bearer`
 * (Hasura sends a header that comes from an environment variable raw).
 * @throws AuthError `permission_denied`; `rate_limited` after many wrong secrets
 */
export function requireInternalSecret(deps: Deps) {
  return (c: RouteContext): void => {
    const { incoming } = c.env;
    const { headers } = incoming;
    const raw = hasOtherCredentials(headers) ? headerText(headers, 'authorization') : null;
    const given = bearerToken(headers) ?? raw;
    if (given === null) throw new AuthError('permission_denied');
    if (!isOneOf(deps.config.internalSecrets, given))
      throw wrongSecret(deps, incoming, { header: 'authorization' });
  };
}

/**
 * Lets Hasura in, at its actions and cron triggers.
 * @throws AuthError `permission_denied`; `rate_limited` after many wrong secrets
 */
export function requireGatewaySecret(deps: Deps) {
  return (c: RouteContext): void => {
    if (!showsGatewaySecret(deps, c.env.incoming)) throw new AuthError('permission_denied');
  };
}
