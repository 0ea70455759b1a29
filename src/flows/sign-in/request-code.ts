import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Config } from '../../config/config.ts';
import { AuthError } from '../../errors.ts';
import type { Metadata } from '../../users/account-details.ts';
import { parseMetadata } from '../../users/metadata.ts';
import type { FoundUser } from '../../users/users.ts';
import { againIfRegistered } from '../shared/again-if-registered.ts';
import type { Caller } from '../shared/caller.ts';
import { type Choice, type CodeRequest, mailCode, recipientOf } from '../shared/code-requests.ts';
import type { Deps } from '../shared/deps.ts';
import { enrolByEmail } from '../shared/enrol-by-email.ts';
import { notingRefusal } from '../shared/refused-mail.ts';

export type RequestCodeInput = CodeRequest & {
  /** Whether an address without an account gets one. */
  createUser: boolean;
  /** What a new user says of themselves. */
  userMetadata?: Metadata;
  /** Whether an unknown address that gets no account is told. Otherwise it gets the answer of a known one. */
  tellsUnknown: boolean;
};

/**
 * Mails a code and a link by which a person signs in without a password. The code of an unverified account keeps no password: it proves
 * the mailbox alone (see proveMailbox). An unknown address gets an account, if sign-up is open.
 *
 * @throws AuthError `feature_disabled` (MAGIC_LINK), `invalid` or `max_length` (data), `required`, `invalid` (email), `required` or
 * `captcha_failed` (captchaToken), `unavailable`, `rate_limited`, and for an unknown address `signup_disabled` or `otp_disabled`
 */
export async function requestSignInCode(deps: Deps, by: Caller, input: RequestCodeInput): Promise<void> {
  if (!deps.config.codes.magicLink) throw new AuthError('feature_disabled');
  parseMetadata(input.userMetadata ?? {}, 'data');
  const { email } = input;
  await againIfRegistered(() =>
    notingRefusal(deps, { email, password: null }, () => mailOnce(deps, by, input)),
  );
}

const mailOnce = (deps: Deps, by: Caller, input: RequestCodeInput): Promise<void> =>
  mailCode(deps, by, input, {
    kind: 'magic_link',
    operation: 'code',
    captcha: 'signup',
    refuse: (found) => refusalOf(deps.config, input, found),
    async choose(tx, found, email): Promise<readonly Choice[]> {
      if (found !== null) return [{ to: recipientOf(found), purpose: purposeFor(deps.config, found) }];
      if (!input.createUser) return [{ to: null, purpose: 'magiclink' }];
      const person = { email, passwordHash: null, userMetadata: input.userMetadata ?? {} };
      const { id: userId } = await enrolByEmail(tx, deps, person);
      await recordSecurityEvent(tx, { action: 'signup', userId, device: by.device });
      return [{ to: { userId, email }, purpose: purposeFor(deps.config, null) }];
    },
  });

/** An unverified account confirms its sign-up, unless AUTOCONFIRM covers addresses. */
const purposeFor = ({ gotrue }: Config, found: FoundUser | null): 'signup' | 'magiclink' =>
  (found !== null && found.user.emailVerifiedAt !== null) || gotrue.autoconfirm.includes('email')
    ? 'magiclink'
    : 'signup';

function refusalOf(
  { signup }: Config,
  { createUser, tellsUnknown }: RequestCodeInput,
  found: FoundUser | null,
): AuthError | null {
  if (found !== null) return null;
  if (createUser) return signup === 'on' ? null : new AuthError('signup_disabled');
  return tellsUnknown ? new AuthError('otp_disabled') : null;
}
