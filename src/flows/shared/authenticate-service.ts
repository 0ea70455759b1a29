import { isUuid } from '../../db/uuid.ts';
import { isAdminRole } from '../../service-tokens/admin-roles.ts';
import { isServiceToken, verifyServiceToken } from '../../service-tokens/service-jwt.ts';
import { useServiceToken } from '../../service-tokens/service-tokens.ts';
import { claimsSharedSecret, verifySharedSecret } from '../../service-tokens/shared-secret.ts';
import { isSessionLive } from '../../sessions/sessions.ts';
import { TokenError, verifyToken } from '../../sessions/tokens.ts';
import type { Caller, ServiceCaller } from './caller.ts';
import type { Deps } from './deps.ts';

/**
 * Why a token does not manage accounts. `invalid`: it proves nothing. `not_admin`: it is valid, but its role may not. `session_over`:
 * it names a session that has ended.
 */
export type ServiceRefusal = Readonly<{ refused: 'invalid' | 'not_admin' | 'session_over'; message: string }>;

/**
 * Finds out whether a token manages accounts: a service token of ours, or one that the shared secret signed, with a role of
 * GOTRUE_ADMIN_ROLES. A person's token never does.
 */
export async function authenticateService(
  deps: Deps,
  { device }: Caller,
  { token }: { token: string },
): Promise<ServiceCaller | ServiceRefusal> {
  try {
    const service = claimsSharedSecret(deps, token)
      ? await readSharedSecret(deps, token)
      : await readServiceToken(deps, token);
    return 'refused' in service ? service : { device, service };
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    return { refused: 'invalid', message: error.message };
  }
}

type Service = ServiceCaller['service'];

const notAdmin: ServiceRefusal = { refused: 'not_admin', message: 'This role may not manage accounts.' };

/** @throws TokenError */
async function readServiceToken(deps: Deps, token: string): Promise<Service | ServiceRefusal> {
  if (!isServiceToken(token)) {
    await verifyToken(deps, token);
    return notAdmin;
  }
  const verified = await verifyServiceToken(deps, token);
  const live = await useServiceToken(deps.db, verified);
  if (live === null) throw new TokenError('The token was revoked or has expired.');
  // The configuration may have changed since the token was made.
  return isAdminRole(deps, live.role) ? { tokenId: verified.id, role: live.role } : notAdmin;
}

/** @throws TokenError */
async function readSharedSecret(deps: Deps, token: string): Promise<Service | ServiceRefusal> {
  const { role, sessionId } = await verifySharedSecret(deps, token);
  if (!isAdminRole(deps, role)) return notAdmin;
  if (sessionId !== null && !(isUuid(sessionId) && (await isSessionLive(deps.db, sessionId))))
    return { refused: 'session_over', message: 'The session of the token is over.' };
  return { tokenId: null, role };
}
