import { isOneOf } from '../crypto/secrets.ts';
import type { Deps } from '../deps.ts';
import { AuthError } from '../errors.ts';
import { showsGatewaySecret } from '../hasura/caller.ts';
import { headerText } from './header-text.ts';
import type { RouteContext } from './routes.ts';

/**
 * Lets Hasura in, at the portal's internal endpoints: the shared secret as `Authorization`, with or without `Bearer`
 * (Hasura sends a header that comes from an environment variable raw).
 * @throws AuthError `permission_denied`
 */
export function requireInternalSecret(deps: Deps) {
  return (c: RouteContext): void => {
    const given = (headerText(c.env.incoming.headers, 'authorization') ?? '').replace(/^bearer +/i, '');
    if (given === '' || !isOneOf(deps.config.internalSecrets, given))
      throw new AuthError('permission_denied');
  };
}

/**
 * Lets Hasura in, at its actions and cron triggers.
 * @throws AuthError `permission_denied`
 */
export function requireGatewaySecret(deps: Deps) {
  return (c: RouteContext): void => {
    if (!showsGatewaySecret(deps, c.env.incoming.headers)) throw new AuthError('permission_denied');
  };
}
