import {
  type AccessToken,
  countAccessTokens,
  createAccessTokenSecret,
  insertAccessToken,
} from '../../access-tokens/access-tokens.ts';
import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { enqueueMail } from '../../mail/queue.ts';
import { findGivenRoles } from '../../roles/given-roles.ts';
import { tokenRoles } from '../../roles/token-roles.ts';
import { openPersonalSession } from '../../sessions/personal-sessions.ts';
import { isSessionProven } from '../../sessions/proof.ts';
import { parseName } from '../../users/attributes.ts';
import type { Viewer } from '../shared/caller.ts';
import { countChange } from '../shared/count-change.ts';
import type { Deps } from '../shared/deps.ts';
import { type FreshnessInput, requireFreshness, requireStillFresh } from '../shared/freshness.ts';

export type CreateAccessTokenInput = FreshnessInput & {
  name: string;
  expiresAt: Date;
  /** The roles of Hasura that the token may have; null for all that the person has now. */
  roles: readonly string[] | null;
};

/** A new personal access token. The secret is shown this once: the database has only its hash. */
export type CreatedAccessToken = { secret: string; accessToken: AccessToken };

/** The shortest life of a token. A client whose clock is wrong gets an error instead of a dead token. */
const MIN_TTL_SECONDS = 60;

/**
 * Creates a personal access token for a program of the signed-in person, who shows that it is them (requireFreshness): the token outlives
 * the session that asks for it, and a notice is mailed. It has a session of its own, which has the level of the asking session, and is
 * proven if that is.
 *
 * @throws AuthError `feature_disabled`; `required`, `max_length` or `invalid` (name), `invalid` (expiresAt; roles: none, or one that
 * the person does not have), what requireFreshness throws, `too_many_access_tokens`
 */
export async function createAccessToken(
  deps: Deps,
  by: Viewer,
  input: CreateAccessTokenInput,
): Promise<CreatedAccessToken> {
  if (deps.config.personalTokens.perUser === 0) throw new AuthError('feature_disabled');
  const name = parseName(input.name, 'name');
  const expiresAt = parseExpiry(deps, input.expiresAt);
  await countChange(deps, by);
  const freshness = await requireFreshness(deps, by, input);
  const secret = createAccessTokenSecret();
  const accessToken = await deps.db.transaction(async (tx) => {
    // Locks the account, so that the number of its tokens and its roles stay.
    await requireStillFresh(tx, by, freshness);
    if ((await countAccessTokens(tx, by.user.id)) >= deps.config.personalTokens.perUser)
      throw new AuthError('too_many_access_tokens');
    const roles = await parseRoles(tx, deps, by, input.roles);
    return storeToken(tx, by, { secret, name, roles, expiresAt });
  });
  return { secret, accessToken };
}

type NewToken = Readonly<{ secret: string; name: string; roles: readonly string[]; expiresAt: Date }>;

async function storeToken(
  tx: Transaction,
  by: Viewer,
  { secret, name, roles, expiresAt }: NewToken,
): Promise<AccessToken> {
  const { user, sessionId, level } = by;
  const proven = await isSessionProven(tx, sessionId);
  const opened = await openPersonalSession(tx, { userId: user.id, expiresAt, proven, level });
  const id = opened.sessionId;
  await insertAccessToken(tx, { sessionId: id, secret, name, roles });
  const details = { accessTokenId: id, roles: roles.join(), expiresAt: expiresAt.toISOString() };
  const event = { userId: user.id, sessionId, device: by.device, details };
  await recordSecurityEvent(tx, { action: 'access_token_created', ...event });
  await enqueueMail(tx, { kind: 'access_token_created', userId: user.id });
  return { id, name, roles: [...roles], createdAt: opened.createdAt, lastUsedAt: null, expiresAt };
}

function parseExpiry({ config }: Deps, expiresAt: Date): Date {
  const seconds = (expiresAt.getTime() - Date.now()) / 1000;
  const { maxTtlSeconds } = config.personalTokens;
  if (seconds >= MIN_TTL_SECONDS && seconds <= maxTtlSeconds) return expiresAt;
  const longest =
    maxTtlSeconds < 86_400 ? `${maxTtlSeconds} seconds` : `${Math.floor(maxTtlSeconds / 86_400)} days`;
  const message = `Must be between one minute and ${longest} from now.`;
  throw new AuthError('invalid', { attribute: 'expiresAt', message });
}

/** Returns the roles by name, each once. */
async function parseRoles(
  tx: Transaction,
  { config }: Deps,
  { user }: Viewer,
  chosen: readonly string[] | null,
): Promise<string[]> {
  const { ofUser } = await findGivenRoles(tx, { userId: user.id, teamId: null });
  const held: readonly string[] = tokenRoles(config, ofUser);
  const roles = [...new Set(chosen ?? held)].sort();
  if (roles.length > 0 && roles.every((role) => held.includes(role))) return roles;
  const message = 'Choose at least one role, and only roles that you have.';
  throw new AuthError('invalid', { attribute: 'roles', message });
}
