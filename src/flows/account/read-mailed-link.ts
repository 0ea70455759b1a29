import type { SignInFacts } from '../../audit/device.ts';
import type { TokenPurpose } from '../../db/token-purposes.ts';
import { findOneTimeToken } from '../../one-time-tokens/one-time-tokens.ts';
import { findPasswordHash } from '../../users/passwords.ts';
import { findSignUp } from '../../users/sign-up-facts.ts';
import { findUser, type User } from '../../users/users.ts';
import type { Caller } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';

/** What a mailed link would do, for the page that it opens. */
export type MailedLink = Readonly<{
  /** The address that the link was mailed to, and which it proves. */
  email: string;
  /** Whether the person must show the account's password beside the link. */
  needsPassword: boolean;
  /** When and from where the account was made. Null if the link does not verify it, or if it is not known. */
  signUp: SignInFacts | null;
  /** The account whose address the link changes. Null for other links. */
  account: Pick<User, 'name' | 'email'> | null;
}>;

/**
 * Reads what a mailed link would do, without using its token up: mail scanners open links too. Null if the token was used,
 * replaced or has expired, or if it has another purpose.
 */
export async function readMailedLink(
  deps: Deps,
  _by: Caller,
  { purpose, token }: { purpose: TokenPurpose; token: string },
): Promise<MailedLink | null> {
  const found = await findOneTimeToken(deps.db, { purpose, token });
  if (found === null) return null;
  const { userId, email } = found;
  // A reset sets a new password, so it asks for no other.
  const isReset = purpose === 'reset_password';
  return {
    email,
    needsPassword: !isReset && (await findPasswordHash(deps.db, userId)) !== null,
    signUp: purpose === 'verify_email' ? await findSignUp(deps.db, userId) : null,
    account: purpose === 'change_email' ? await findUser(deps.db, userId) : null,
  };
}
