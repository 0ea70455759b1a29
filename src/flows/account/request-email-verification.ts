import { AuthError } from '../../errors.ts';
import { hasUnprovenPassword } from '../../users/passwords.ts';
import type { Viewer } from '../shared/caller.ts';
import { demandCaptcha } from '../shared/captcha-demand.ts';
import type { Deps } from '../shared/deps.ts';
import { queueVerification } from '../shared/verification-mail.ts';

type ResendInput = {
  captchaToken: string;
  /** How the edge spells `captchaToken`, for errors. */
  captchaAttribute?: string;
};

/**
 * Mails the verification link again; the one before stops working. A person who has proven address and password, or has no
 * address, gets no mail and no error.
 *
 * @throws AuthError `required`, `captcha_failed` (captchaToken), `busy`, `unavailable`, `rate_limited` with the seconds to wait
 */
export async function requestEmailVerification(
  deps: Deps,
  by: Viewer,
  { captchaToken, captchaAttribute }: ResendInput,
): Promise<void> {
  const { user } = by;
  if (user.email === null) return;
  if (user.emailVerifiedAt !== null && !(await hasUnprovenPassword(deps.db, user.id))) return;
  if (deps.captcha.isRequiredFor('resend'))
    await demandCaptcha(
      deps,
      { limit: deps.config.limits.changesPerUser, subject: user.id },
      { token: captchaToken, address: by.device.address, attribute: captchaAttribute },
    );
  const retryAfterSeconds = await queueVerification(deps, by, { user });
  if (retryAfterSeconds !== null) throw new AuthError('rate_limited', { retryAfterSeconds });
}
