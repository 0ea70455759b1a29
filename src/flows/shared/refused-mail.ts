import { AuthError } from '../../errors.ts';
import { forbidKeptPassword } from '../../one-time-codes/kept-passwords.ts';
import { findUserByEmail } from '../../users/users.ts';
import { NO_ACCOUNT } from './code-requests.ts';
import type { Deps } from './deps.ts';

/** Whether a request was refused because the address had a mail just now, or has an account. */
const isOfAddress = (error: unknown): boolean => {
  if (!(error instanceof AuthError)) return false;
  return (
    error.code === 'already_registered' || (error.code === 'rate_limited' && error.details.of === 'mail')
  );
};

/**
 * Notes that a person who did not show the password asked for a mail and got none. They may use the code of a sign-up that is in their
 * mailbox already. It may be a stranger's, so it keeps no password then. An unknown address costs the same statements.
 * @param input.password what they gave; null if they were not asked for one
 * @throws AuthError `busy`
 */
async function noteRefusedMail(
  deps: Pick<Deps, 'db' | 'passwords'>,
  { email, password }: { email: string; password: string | null },
): Promise<void> {
  const found = await findUserByEmail(deps.db, email);
  const isOwner =
    password !== null && (await deps.passwords.verify(found?.passwordHash ?? null, password, found?.user.id));
  const userId = found === null || isOwner ? NO_ACCOUNT : found.user.id;
  await forbidKeptPassword(deps.db, { userId, purpose: 'signup', target: found?.user.email ?? email });
}

/** Runs a request of a person for an address, and notes it if the address had a mail just now or has an account. @see noteRefusedMail */
export async function notingRefusal<Result>(
  deps: Pick<Deps, 'db' | 'passwords'>,
  person: { email: string; password: string | null },
  run: () => Promise<Result>,
): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    if (isOfAddress(error)) await noteRefusedMail(deps, person);
    throw error;
  }
}
