import type { Caller } from '../shared/caller.ts';
import { type CodeRequest, mailCode, recipientOf } from '../shared/code-requests.ts';
import type { Deps } from '../shared/deps.ts';

/**
 * Mails a code and a link by which a person who forgot the password signs in, to set another one. An unknown address gets the same answer
 * after the same work.
 *
 * @throws AuthError `required`, `invalid` (email), `required` or `captcha_failed` (captchaToken), `unavailable`, `rate_limited`
 */
export const requestRecoveryCode = (deps: Deps, by: Caller, input: CodeRequest): Promise<void> =>
  mailCode(deps, by, input, {
    kind: 'recovery_code',
    operation: 'passwordReset',
    captcha: 'forgot_password',
    choose: async (_tx, found) => [{ to: recipientOf(found), purpose: 'recovery' }],
  });
