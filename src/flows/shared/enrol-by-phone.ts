import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { type Metadata, setAccountDetails } from '../../users/account-details.ts';
import { setPhone } from '../../users/phones.ts';
import { createUser, type User } from '../../users/users.ts';
import { enqueueWebhooks } from '../../webhooks/queue.ts';
import type { Deps } from './deps.ts';

type NewPhoneUser = {
  /** In the form of E.164. */
  number: string;
  passwordHash: string | null;
  /** What the user says of themselves. */
  userMetadata: Metadata;
  /** Whether AUTOCONFIRM covers the number, so that no code is sent. */
  isConfirmed?: boolean;
};

/**
 * Creates the account of a person who has not proven their number yet. The database decides who gets a contested number.
 * @throws AuthError `phone_taken` (phone)
 */
export async function enrolByPhone(
  tx: Transaction,
  deps: Deps,
  { number, passwordHash, userMetadata, isConfirmed = false }: NewPhoneUser,
): Promise<User> {
  const user = await createUser(tx, { email: null, name: null, passwordHash });
  await setPhone(tx, { userId: user.id, number, verified: false });
  const facts = { email_verified: false, phone_verified: false, sub: user.id };
  await setAccountDetails(tx, user.id, {
    userMetadata: { ...userMetadata, ...facts },
    provider: 'phone',
    confirmationSentAt: isConfirmed ? null : new Date(),
  });
  await enqueueWebhooks(tx, deps, { type: 'user.created', data: { userId: user.id, by: 'signup' } });
  return user;
}

/** Whether another sign-up got the number at the same moment. */
export const isPhoneTaken = (error: unknown): boolean =>
  error instanceof AuthError && error.code === 'phone_taken';
