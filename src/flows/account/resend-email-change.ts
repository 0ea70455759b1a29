import type { Transaction } from '../../db/client.ts';
import { listCodes } from '../../one-time-codes/one-time-codes.ts';
import type { FoundUser } from '../../users/users.ts';
import type { Caller } from '../shared/caller.ts';
import { type Choice, type CodeRequest, mailCode, NO_ACCOUNT, recipientOf } from '../shared/code-requests.ts';
import type { Deps } from '../shared/deps.ts';

const PURPOSES = ['email_change_current', 'email_change_new'] as const;

/**
 * Mails the codes of a pending change of the address again, to each address that has not confirmed it. The codes before stop working. An
 * account without a pending change and an unknown address get the same answer, and no mail.
 *
 * @param input.email the present address of the account
 * @throws AuthError `required`, `invalid` (email), `required` or `captcha_failed` (captchaToken), `unavailable`, `rate_limited`
 */
export const resendEmailChangeCodes = (deps: Deps, by: Caller, input: CodeRequest): Promise<void> =>
  mailCode(deps, by, input, {
    kind: 'email_change_code',
    operation: 'code',
    captcha: 'resend',
    choose: chooseCodes,
  });

/** One for each address of a change, whether or not a change is pending: so both cost the same statements. */
async function chooseCodes(tx: Transaction, found: FoundUser | null): Promise<readonly Choice[]> {
  const userId = recipientOf(found)?.userId ?? NO_ACCOUNT;
  const pending = await listCodes(tx, { userId, purposes: PURPOSES });
  return PURPOSES.map((purpose) => {
    const code = pending.find((each) => each.purpose === purpose);
    const to = code === undefined ? null : { userId: code.userId, email: code.target };
    return { to, purpose, isHalf: code?.isHalf ?? false };
  });
}
