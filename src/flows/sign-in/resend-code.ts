import type { Caller } from '../shared/caller.ts';
import { type CodeRequest, mailCode, recipientOf } from '../shared/code-requests.ts';
import type { Deps } from '../shared/deps.ts';

/**
 * Mails the code of a sign-up again. The one before stops working. The new code keeps the password if the one before did. A
 * verified address and an unknown one get the same answer, and no mail.
 *
 * @throws AuthError `required`, `invalid` (email), `required` or `captcha_failed` (captchaToken), `unavailable`, `rate_limited`
 */
export const resendSignUpCode = (deps: Deps, by: Caller, input: CodeRequest): Promise<void> =>
  mailCode(deps, by, input, {
    kind: 'signup_code',
    operation: 'code',
    captcha: 'resend',
    choose: async (_tx, found) => [
      {
        to: found?.user.emailVerifiedAt === null ? recipientOf(found) : null,
        purpose: 'signup',
        keepsPassword: 'as before',
      },
    ],
  });
