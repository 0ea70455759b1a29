import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import {
  type FoundIdentity,
  findIdentity,
  insertIdentity,
  type ProviderIdentity,
  proveIdentity,
  updateIdentity,
} from '../../identities/identities.ts';
import { createDefaultTeam } from '../../teams/teams.ts';
import { setAccountDetails } from '../../users/account-details.ts';
import { parseName } from '../../users/attributes.ts';
import { keepProfile } from '../../users/provider-profile.ts';
import { redeemInvitationOf } from '../../users/signup-invitations.ts';
import { createUser, findUser, findUserByEmail, lockUser, type User } from '../../users/users.ts';
import { enqueueWebhooks } from '../../webhooks/queue.ts';
import type { Caller } from './caller.ts';
import type { Deps } from './deps.ts';
import { liftEndedBan } from './disabling.ts';
import { markEmailVerified } from './prove-address.ts';
import { reclaimAccount } from './reclaim-account.ts';

/** The person whom a provider has named. The transaction has locked the account. */
export type Admitted = Readonly<{
  user: User;
  identityId: string;
  /** Whether the provider shows that the person holds the mailbox of the account. */
  proven: boolean;
  action: 'signup' | 'login';
}>;

type Admission = {
  identity: ProviderIdentity;
  /** Whose invitation the person accepts; null without one. */
  invitedUserId: string | null;
};

/** Another request was faster. What was found before the transaction is not right any more. */
class Overtaken extends Error {
  override readonly name = 'Overtaken';
}

const MAX_TRIES = 3;

/**
 * Finds or makes the account of a person whom a provider has named, and does the rest of the sign-in in the same transaction.
 *
 * The identity decides, never the address of a known identity. An unknown identity joins an account by an address that the provider has
 * verified. If the account has not verified it, a stranger may have signed up with the address: the account then loses what was set up in
 * it (reclaimAccount). Without an account the person signs up.
 *
 * @param finish the rest of the sign-in. It may run again, after a rollback
 * @returns `unverified` for an unknown identity whose address the provider has not verified
 * @throws AuthError `account_disabled`, `provider_email_missing`, `signup_disabled`, `invitation_mismatch`, and what `finish` throws
 */
export async function admitProviderAccount<Result>(
  deps: Deps,
  by: Caller,
  admission: Admission,
  finish: (tx: Transaction, admitted: Admitted) => Promise<Result>,
): Promise<Result | 'unverified'> {
  for (let tries = 1; ; tries += 1)
    try {
      return await tryToAdmit(deps, by, admission, finish);
    } catch (error) {
      if (!isOvertaken(error) || tries === MAX_TRIES) throw error;
    }
}

/** The database has given the address, or the identity, to a request at the same moment. */
const isOvertaken = (error: unknown): boolean =>
  error instanceof Overtaken || (error instanceof AuthError && error.code === 'already_registered');

async function tryToAdmit<Result>(
  deps: Deps,
  by: Caller,
  { identity, invitedUserId }: Admission,
  finish: (tx: Transaction, admitted: Admitted) => Promise<Result>,
): Promise<Result | 'unverified'> {
  await requireInvited(deps, { identity, invitedUserId });
  const known = await findIdentity(deps.db, identity);
  if (known !== null)
    return deps.db.transaction(async (tx) => finish(tx, await admitKnown(tx, deps, by, { identity, known })));
  const { email, emailVerified } = identity;
  if (email === null) throw new AuthError('provider_email_missing');
  if (!emailVerified) return 'unverified';
  const owner = await findUserByEmail(deps.db, email);
  return deps.db.transaction(async (tx) =>
    finish(
      tx,
      owner === null
        ? await enrol(tx, deps, by, { identity, email })
        : await join(tx, deps, by, { identity, owner: owner.user }),
    ),
  );
}

/** An invitation counts only for its address. @throws AuthError `invitation_mismatch` */
async function requireInvited(deps: Deps, { identity, invitedUserId }: Admission): Promise<void> {
  if (invitedUserId === null) return;
  const invited = await findUser(deps.db, invitedUserId);
  if (invited === null || !identity.emailVerified || invited.email !== identity.email)
    throw new AuthError('invitation_mismatch');
}

async function lockEnabled(tx: Transaction, deps: Deps, userId: string): Promise<User> {
  const locked = await lockUser(tx, userId);
  if (locked === null) throw new Overtaken();
  const user = locked.disabledAt === null ? locked : await liftEndedBan(tx, deps, { userId });
  if (user === null) throw new AuthError('account_disabled');
  return user;
}

/** Whether the provider has verified the very address of the account. */
const vouchesFor = ({ email, emailVerified }: ProviderIdentity, user: User): boolean =>
  emailVerified && email === user.email;

async function admitKnown(
  tx: Transaction,
  deps: Deps,
  by: Caller,
  { identity, known }: { identity: ProviderIdentity; known: FoundIdentity },
): Promise<Admitted> {
  const user = await lockEnabled(tx, deps, known.userId);
  const current = await findIdentity(tx, identity);
  if (current === null || current.userId !== user.id) throw new Overtaken();
  const { id: identityId } = current;
  const vouches = vouchesFor(identity, user);
  if (vouches && user.emailVerifiedAt === null)
    await reclaimAccount(tx, by, { user, keptIdentity: identityId });
  await updateIdentity(tx, identityId, identity);
  await keepProfile(tx, user.id, identity.profile);
  if (!vouches) return { user, identityId, proven: current.provenAt !== null, action: 'login' };
  await proveIdentity(tx, identityId);
  return { user: await markEmailVerified(tx, by, { user }), identityId, proven: true, action: 'login' };
}

/** Joins an identity to the account of the address that its provider has verified. */
async function join(
  tx: Transaction,
  deps: Deps,
  by: Caller,
  { identity, owner }: { identity: ProviderIdentity; owner: User },
): Promise<Admitted> {
  const user = await lockEnabled(tx, deps, owner.id);
  if (user.email !== owner.email) throw new Overtaken();
  if (user.emailVerifiedAt === null) await reclaimAccount(tx, by, { user, keptIdentity: null });
  const verified = await markEmailVerified(tx, by, { user });
  const identityId = await link(tx, by, { userId: user.id, identity });
  if (user.emailVerifiedAt === null) await setAccountDetails(tx, user.id, { provider: identity.provider });
  await keepProfile(tx, user.id, identity.profile);
  return { user: verified, identityId, proven: true, action: 'login' };
}

async function link(
  tx: Transaction,
  by: Caller,
  { userId, identity }: { userId: string; identity: ProviderIdentity },
): Promise<string> {
  const identityId = await insertIdentity(tx, { userId, identity, proven: true });
  if (identityId === null) throw new Overtaken();
  const details = { provider: identity.provider, identityId };
  await recordSecurityEvent(tx, { action: 'identity_linked', userId, device: by.device, details });
  return identityId;
}

/** Signs a person up. The provider has verified the address, as a mailed link would. */
async function enrol(
  tx: Transaction,
  deps: Deps,
  by: Caller,
  { identity, email }: { identity: ProviderIdentity; email: string },
): Promise<Admitted> {
  const { signup } = deps.config;
  if (signup === 'off') throw new AuthError('signup_disabled');
  const invitation = await redeemInvitationOf(tx, { email });
  if (signup === 'invited' && invitation === null) throw new AuthError('signup_disabled');
  const user = await createUser(tx, { email, name: nameOf(identity), passwordHash: null, verified: true });
  const { id: userId } = user;
  await setAccountDetails(tx, userId, { provider: identity.provider });
  const identityId = await link(tx, by, { userId, identity });
  await keepProfile(tx, userId, identity.profile);
  const reason = invitation === null ? 'signup' : 'invitation';
  await enqueueWebhooks(tx, deps, { type: 'user.created', data: { userId, by: reason } });
  await createDefaultTeam(tx, { userId, device: by.device });
  return { user, identityId, proven: true, action: 'signup' };
}

/** The name of a person, if it is one that the gateway can store. */
function nameOf({ profile }: ProviderIdentity): string | null {
  try {
    return typeof profile.name === 'string' ? parseName(profile.name, 'name') : null;
  } catch {
    return null;
  }
}
