import { AuthError } from '../../errors.ts';
import { attemptMail, waitForMail } from '../../mail/limits.ts';
import { listCodes } from '../../one-time-codes/one-time-codes.ts';
import { parseEmail } from '../../users/attributes.ts';
import { findUserByEmail } from '../../users/users.ts';
import type { Caller } from '../shared/caller.ts';
import { admitCaller, countCaller } from '../shared/captcha-demand.ts';
import { type CodeRequest, NO_ACCOUNT, queueCode, tooSoon } from '../shared/code-requests.ts';
import type { Deps } from '../shared/deps.ts';

const KIND = 'email_change_code';
const PURPOSES = ['email_change_current', 'email_change_new'] as const;

/**
 * Mails the codes of a pending change of the address again, to each address that has not confirmed it. The codes before stop working. An
 * account without a pending change and an unknown address get the same answer, and no mail.
 *
 * @param input.email the present address of the account
 * @throws AuthError `required`, `invalid` (email), `required` or `captcha_failed` (captchaToken), `unavailable`, `rate_limited`
 */
export async function resendEmailChangeCodes(deps: Deps, by: Caller, input: CodeRequest): Promise<void> {
  const { captchaToken, captchaAttribute } = input;
  if (input.email.trim() === '') throw new AuthError('required', { attribute: 'email' });
  const email = parseEmail(input.email);
  const demand = { operation: 'code', captchaToken, captchaAttribute, alwaysFor: 'resend' } as const;
  const admitted = await admitCaller(deps, by, demand);
  const due = await waitForMail(deps, KIND, email);
  if (due !== null) throw tooSoon(due);
  const found = await findUserByEmail(deps.db, email);
  const wait = await deps.db.transaction(async (tx) => {
    const seconds = await attemptMail(deps, KIND, email, tx);
    if (seconds !== null) return seconds;
    const userId = found !== null && found.user.disabledAt === null ? found.user.id : null;
    const pending = await listCodes(tx, { userId: userId ?? NO_ACCOUNT, purposes: PURPOSES });
    // The same statements for each address of a change, whether or not a change is pending.
    for (const purpose of PURPOSES) {
      const code = pending.find((each) => each.purpose === purpose);
      const to = code === undefined ? null : { userId: code.userId, email: code.target };
      await queueCode(tx, deps, by, { ...input, to, purpose, isHalf: code?.isHalf ?? false });
    }
    await countCaller(deps, admitted, tx);
    return null;
  });
  if (wait !== null) throw tooSoon(wait);
}
