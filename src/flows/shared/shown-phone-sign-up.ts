import { v7 as uuidv7 } from 'uuid';
import type { Metadata } from '../../users/account-details.ts';
import { type Account, findAccount } from '../../users/accounts.ts';
import { describeSignUp } from '../../users/shown-sign-up.ts';
import type { PhoneSignUp } from '../sign-in/sign-up-with-phone.ts';
import type { Deps } from './deps.ts';

type Waiting = Exclude<PhoneSignUp, { kind: 'signed_in' }>;

/**
 * The account that a sign-up by phone shows: the one that waits for its code, or a made-up one for a number that is taken.
 * @param userMetadata what the client sent
 */
export async function shownPhoneSignUp(
  deps: Deps,
  outcome: Waiting,
  userMetadata: Metadata,
): Promise<Account> {
  const now = new Date();
  const userId = outcome.kind === 'waiting' ? outcome.userId : uuidv7();
  const account = await findAccount(deps, userId);
  const { createdAt, updatedAt } = account?.user ?? { createdAt: now, updatedAt: now };
  const number = outcome.kind === 'waiting' ? (account?.phone?.number ?? null) : outcome.number;
  return describeSignUp(
    {
      ...{ userId, createdAt, updatedAt, email: null, number },
      details: { invitedAt: null, confirmationSentAt: account?.details.confirmationSentAt ?? now },
      userMetadata: account?.details.userMetadata ?? userMetadata,
    },
    deps.config,
  );
}
