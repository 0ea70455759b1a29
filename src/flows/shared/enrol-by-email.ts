import type { Transaction } from '../../db/client.ts';
import { type Metadata, setAccountDetails } from '../../users/account-details.ts';
import { metadataOfSignUp } from '../../users/confirmations.ts';
import { createUser, type User } from '../../users/users.ts';
import { enqueueWebhooks } from '../../webhooks/queue.ts';
import type { Deps } from './deps.ts';

type NewEmailUser = {
  /** In its canonical form. */
  email: string;
  passwordHash: string | null;
  /** What the user says of themselves. */
  userMetadata: Metadata;
};

/**
 * Creates the account of a person who has not proven their address yet. It has no name and no team: the person gets a team with the
 * proof. The database decides who gets a contested address.
 * @throws AuthError `already_registered` (email)
 */
export async function enrolByEmail(
  tx: Transaction,
  deps: Pick<Deps, 'config'>,
  { email, passwordHash, userMetadata }: NewEmailUser,
): Promise<User> {
  const user = await createUser(tx, { email, name: null, passwordHash });
  const facts = { sub: user.id, email, email_verified: false, phone_verified: false };
  await setAccountDetails(tx, user.id, {
    userMetadata: { ...userMetadata, ...metadataOfSignUp(facts) },
    provider: 'email',
  });
  await enqueueWebhooks(tx, deps, { type: 'user.created', data: { userId: user.id, by: 'signup' } });
  return user;
}
