import { recordSecurityEvent } from '../../audit/security-events.ts';
import { parseId } from '../../db/uuid.ts';
import { AuthError } from '../../errors.ts';
import { isAdminRole } from '../../service-tokens/admin-roles.ts';
import { signServiceToken } from '../../service-tokens/service-jwt.ts';
import {
  endServiceToken,
  insertServiceToken,
  listStoredServiceTokens,
  type ServiceToken,
} from '../../service-tokens/service-tokens.ts';
import { parseName } from '../../users/attributes.ts';
import type { Caller } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';

export type CreateServiceTokenInput = {
  /** What the operator calls it. */
  name: string;
  /** A role of GOTRUE_ADMIN_ROLES. */
  role: string;
  /** Seconds until it expires. */
  ttlSeconds: number;
};

/** Seconds that a service token lives at least. */
const MIN_TTL_SECONDS = 60;

/**
 * Creates a service token, with which a server manages accounts. For the operator. The token itself is returned once, and not stored.
 * It ends with its signing key at the latest.
 *
 * @returns the stored facts, and the token (a JWT)
 * @throws AuthError `required`, `max_length` or `invalid` (name), `invalid` (role, expires), `no_signing_key`
 */
export async function createServiceToken(
  deps: Deps,
  by: Caller,
  input: CreateServiceTokenInput,
): Promise<{ serviceToken: ServiceToken; token: string }> {
  const name = parseName(input.name, 'name');
  const role = parseRole(deps, input);
  const { ttlSeconds } = input;
  if (!Number.isSafeInteger(ttlSeconds) || ttlSeconds < MIN_TTL_SECONDS)
    throw new AuthError('invalid', { attribute: 'expires', message: 'A token lives at least a minute.' });
  const key = await deps.signer.currentKey(ttlSeconds);
  const expiresAt = new Date((Math.floor(Date.now() / 1000) + ttlSeconds) * 1000);
  if (!(expiresAt.getTime() <= key.expiresAt.getTime())) throw outlivesKey(key.expiresAt);
  return deps.db.transaction(async (tx) => {
    const serviceToken = await insertServiceToken(tx, { name, role, expiresAt });
    const { id } = serviceToken;
    const event = { action: 'service_token_created', device: by.device } as const;
    await recordSecurityEvent(tx, { ...event, details: { by: 'operator', tokenId: id, role } });
    return { serviceToken, token: await signServiceToken(deps, { key, id, role, expiresAt }) };
  });
}

/** @throws AuthError `invalid` (role) */
function parseRole(deps: Deps, { role }: { role: string }): string {
  if (isAdminRole(deps, role)) return role;
  const { adminRoles } = deps.config.serviceRole;
  const message = `The role must be one of GOTRUE_ADMIN_ROLES: ${adminRoles.join(', ')}.`;
  throw new AuthError('invalid', { attribute: 'role', message });
}

const outlivesKey = (ends: Date): AuthError =>
  new AuthError('invalid', {
    attribute: 'expires',
    message: `The token would outlive its signing key, which ends at ${ends.toISOString()}. Choose an earlier end, or generate a signing key first.`,
  });

/** Lists the service tokens, the oldest first, also those that ended in the last 30 days. For the operator. */
export const listServiceTokens = (deps: Deps, _by: Caller): Promise<ServiceToken[]> =>
  listStoredServiceTokens(deps.db);

/**
 * Revokes a service token: it is refused from now on. For the operator; idempotent.
 * @throws AuthError `invalid` or `not_found` (id)
 */
export async function revokeServiceToken(
  deps: Deps,
  by: Caller,
  input: { id: string },
): Promise<ServiceToken> {
  const id = parseId(input.id, 'id');
  return deps.db.transaction(async (tx) => {
    const ended = await endServiceToken(tx, id);
    if (ended === null)
      throw new AuthError('not_found', { attribute: 'id', message: 'This service token does not exist.' });
    const { token, revokedNow } = ended;
    const event = { action: 'service_token_revoked', device: by.device } as const;
    if (revokedNow) await recordSecurityEvent(tx, { ...event, details: { by: 'operator', tokenId: id } });
    return token;
  });
}
