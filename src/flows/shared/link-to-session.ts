import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import {
  findIdentity,
  insertIdentity,
  listIdentities,
  MAX_IDENTITIES,
  type ProviderIdentity,
} from '../../identities/identities.ts';
import { isSessionProven } from '../../sessions/proof.ts';
import { findOwnerOfSession, isSessionLive } from '../../sessions/sessions.ts';
import { findAccountDetails, setAccountDetails } from '../../users/account-details.ts';
import { keepProfile } from '../../users/provider-profile.ts';
import { lockUser, type User, unlessEmailTaken, updateUser } from '../../users/users.ts';
import type { Caller } from './caller.ts';
import type { Deps } from './deps.ts';
import { proveAddress } from './prove-address.ts';

/** The person to whom an identity was linked. The transaction has locked the account. */
export type Linked = Readonly<{
  user: User;
  /** Whether the session that linked it is proven. */
  proven: boolean;
}>;

type Link = {
  /** The session of the person who links. It must still live. */
  sessionId: string;
  /** Null: only the session is checked, since the identity is linked later. */
  identity: ProviderIdentity | null;
  /**
   * Whether the client of the session itself finishes. Otherwise any browser may have followed its link, for example the one of a person
   * whose address the account must not get.
   */
  byClient: boolean;
};

/**
 * Links an identity to the person of a session, and does the rest in the same transaction.
 *
 * If the client itself finishes, a person without an address gets the one that the provider has verified, if it is free, and a provider
 * that has verified the very address of an account proves it.
 *
 * @throws AuthError `unauthenticated` if the session has ended, `account_disabled`, `identity_already_exists`, and what `finish` throws
 */
export async function linkToSession<Result>(
  deps: Deps,
  by: Caller,
  link: Link,
  finish: (tx: Transaction, linked: Linked) => Promise<Result>,
): Promise<Result> {
  const userId = await findOwnerOfSession(deps.db, link.sessionId);
  const run = (takesAddress: boolean) =>
    deps.db.transaction(async (tx) => finish(tx, await linkIn(tx, by, { ...link, userId, takesAddress })));
  return (await unlessEmailTaken(() => run(true))) ?? run(false);
}

type LinkIn = Link & { userId: string | null; takesAddress: boolean };

/** Links in a transaction of the caller's. @throws AuthError as linkToSession does */
export async function linkIn(
  tx: Transaction,
  by: Caller,
  { sessionId, identity, byClient, userId, takesAddress }: LinkIn,
): Promise<Linked> {
  const user = userId === null ? null : await lockUser(tx, userId);
  if (user === null || !(await isSessionLive(tx, sessionId)))
    throw new AuthError('unauthenticated', { message: 'The session is over.' });
  if (user.disabledAt !== null) throw new AuthError('account_disabled');
  if (identity === null) return { user, proven: await isSessionProven(tx, sessionId) };
  const current = byClient ? await takeAddress(tx, by, { user, identity, sessionId, takesAddress }) : user;
  const proven = await isSessionProven(tx, sessionId);
  await insert(tx, by, { user, identity, sessionId, proven });
  return { user: current, proven };
}

async function insert(
  tx: Transaction,
  by: Caller,
  {
    user,
    identity,
    sessionId,
    proven,
  }: { user: User; identity: ProviderIdentity; sessionId: string; proven: boolean },
): Promise<void> {
  const known = await findIdentity(tx, identity);
  if (known === null && (await listIdentities(tx, user.id)).length >= MAX_IDENTITIES)
    throw new AuthError('too_many_identities');
  const identityId = known === null ? await insertIdentity(tx, { userId: user.id, identity, proven }) : null;
  if (identityId === null) throw new AuthError('identity_already_exists');
  const { isAnonymous, provider } = await findAccountDetails(tx, user.id);
  if (isAnonymous)
    await setAccountDetails(tx, user.id, { isAnonymous: false, provider: provider ?? identity.provider });
  await keepProfile(tx, user.id, identity.profile);
  const details = { provider: identity.provider, identityId };
  await recordSecurityEvent(tx, {
    action: 'identity_linked',
    userId: user.id,
    sessionId,
    device: by.device,
    details,
  });
}

/** What the provider's verified address means for the address of the account. */
async function takeAddress(
  tx: Transaction,
  by: Caller,
  {
    user,
    identity,
    sessionId,
    takesAddress,
  }: { user: User; identity: ProviderIdentity; sessionId: string; takesAddress: boolean },
): Promise<User> {
  const { email, emailVerified } = identity;
  if (!emailVerified || email === null) return user;
  if (user.email === email && user.emailVerifiedAt === null)
    return proveAddress(tx, by, { user, accountProof: { by: 'session', sessionId } });
  if (user.email !== null || !takesAddress) return user;
  return (await updateUser(tx, user.id, { email, emailVerified: 'now' })) ?? user;
}
