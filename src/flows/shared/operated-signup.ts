import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { type Metadata, setAccountDetails } from '../../users/account-details.ts';
import { createUser, type User } from '../../users/users.ts';
import { enqueueWebhooks } from '../../webhooks/queue.ts';
import { administratorOf, type Caller } from './caller.ts';
import type { Deps } from './deps.ts';
import { changeProfile } from './profile-changes.ts';

type OperatedSignup = {
  /** In its canonical form. */
  email: string;
  /** Null: the person sets a password after they have proven the address. */
  passwordHash: string | null;
  /** What the user says of themselves. */
  userMetadata: Metadata;
};

/**
 * Creates an account for an administrator who sends its owner a code. The address is not proven before that. The database decides who
 * gets a contested address.
 * @throws AuthError `already_registered` (email), `invalid` or `max_length` (user_metadata)
 */
export async function signUpForOwner(
  tx: Transaction,
  deps: Pick<Deps, 'config'>,
  by: Caller,
  { email, passwordHash, userMetadata }: OperatedSignup,
): Promise<User> {
  const user = await createUser(tx, { email, name: null, passwordHash });
  const { id: userId } = user;
  await setAccountDetails(tx, userId, { provider: 'email' });
  await changeProfile(tx, userId, { userMetadata });
  const details = {
    by: administratorOf(by),
    password: passwordHash !== null,
    verified: false,
    link: true,
  };
  await recordSecurityEvent(tx, { action: 'account_created', userId, device: by.device, details });
  await enqueueWebhooks(tx, deps, { type: 'user.created', data: { userId, by: 'operator' } });
  return user;
}
