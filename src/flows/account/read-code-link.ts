import { AuthError } from '../../errors.ts';
import { findFlow } from '../../flow-states/flow-states.ts';
import { type CodePurpose, findCodeByLink } from '../../one-time-codes/one-time-codes.ts';
import { findPasswordHash } from '../../users/passwords.ts';
import { requirePassword } from '../shared/account-proof.ts';
import type { Caller } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';
import { type BesideCode, NOTHING_BESIDE } from '../shared/redeem-code.ts';

type LinkInput = { token: string; purposes: readonly CodePurpose[] };

/** What a mailed link would do, for the page that asks before it does it. */
export type CodeLink = Readonly<{
  purpose: CodePurpose;
  /** The address that the link was mailed to, and which it proves. */
  email: string;
  /** Where the person returns to; null if the request named no place. */
  redirectTo: string | null;
  /** Whether the page asks for the password: another person may have signed up with the address. */
  needsPassword: boolean;
}>;

/**
 * Reads what a mailed link would do, without using it up: mail scanners open links too. Null if it was used, replaced or has
 * expired, or if it has another purpose.
 */
export async function readCodeLink(
  deps: Deps,
  _by: Caller,
  { token, purposes }: LinkInput,
): Promise<CodeLink | null> {
  const found = await findCodeByLink(deps.db, { token, purposes });
  if (found === null) return null;
  const { purpose, target: email, flowStateId, userId } = found;
  const flow = flowStateId === null ? null : await findFlow(deps.db, flowStateId);
  const needsPassword = purpose === 'signup' && (await findPasswordHash(deps.db, userId)) !== null;
  return { purpose, email, redirectTo: flow?.redirectTo ?? null, needsPassword };
}

/**
 * Checks what a person entered on the page of a link, without using the link up: the account's password, or that they did not sign up.
 *
 * @throws AuthError `invalid_token` (token), `required` (password) if the page asks for it, `rate_limited`, `busy`,
 * `invalid_credentials` (password)
 */
export async function checkLinkAnswer(
  deps: Deps,
  by: Caller,
  { token, purposes, password, disowns }: LinkInput & { password: string; disowns: boolean },
): Promise<BesideCode> {
  const found = await findCodeByLink(deps.db, { token, purposes });
  if (found === null) throw new AuthError('invalid_token', { attribute: 'token' });
  const { userId, purpose } = found;
  if (purpose !== 'signup') return NOTHING_BESIDE;
  if (disowns) return { ...NOTHING_BESIDE, disowns };
  const hash = await findPasswordHash(deps.db, userId);
  if (hash === null) return NOTHING_BESIDE;
  if (password === '') throw new AuthError('required', { attribute: 'password' });
  const shown = await requirePassword(deps, by, { userId, hash, password });
  return { ...NOTHING_BESIDE, accountProof: { by: 'password', hash: shown } };
}
