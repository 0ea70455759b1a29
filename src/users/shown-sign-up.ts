import type { Config } from '../config/config.ts';
import { type AccountDetails, detailsOf, type Metadata } from './account-details.ts';
import { type Account, describeAccount } from './accounts.ts';

/** The account that a sign-up leads to, as far as the person who signs up may see it. */
export type SignUpFacts = Readonly<{
  userId: string;
  createdAt: Date;
  updatedAt: Date;
  /** One of the two. */
  email: string | null;
  number: string | null;
  details: Pick<AccountDetails, 'confirmationSentAt' | 'invitedAt'>;
  userMetadata: Metadata;
}>;

/**
 * Describes the account of a sign-up. It shows nothing that other ways into the account have added: anyone may sign up with an address
 * that is not theirs.
 */
export function describeSignUp(facts: SignUpFacts, config: Pick<Config, 'gotrue'>): Account {
  const { userId: id, email, number, createdAt, updatedAt } = facts;
  const times = { createdAt, updatedAt, emailVerifiedAt: null, disabledAt: null };
  const shownFacts = {
    ...(email !== null && { email }),
    email_verified: false,
    phone_verified: false,
    sub: id,
  };
  return describeAccount(
    {
      user: { id, email, name: null, ...times },
      hasPassword: true,
      phone: number === null ? null : { number, verifiedAt: null },
      details: {
        ...detailsOf(null),
        ...facts.details,
        userMetadata: { ...facts.userMetadata, ...shownFacts },
      },
      identities: [],
      factors: [],
    },
    config,
  );
}
