import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { beginFlow } from '../../flow-states/flow-states.ts';
import { makeCode, requestCode, retireCodes } from '../../one-time-codes/one-time-codes.ts';
import { resolveRedirect } from '../../redirects/redirects.ts';
import {
  findAccountDetails,
  type Metadata,
  recordSent,
  setAccountDetails,
} from '../../users/account-details.ts';
import { checkNewPassword, parseEmail, parseEmailAs } from '../../users/attributes.ts';
import { setPassword } from '../../users/passwords.ts';
import { findUserByEmail, isEmailTaken, lockUser, type User } from '../../users/users.ts';
import { againIfRegistered } from '../shared/again-if-registered.ts';
import { administratorOf, type Caller } from '../shared/caller.ts';
import { codeLink } from '../shared/code-link.ts';
import { type MailedPurpose, recordCodeSent } from '../shared/code-requests.ts';
import { emailTypes, isEmailChange, isSignUp } from '../shared/code-types.ts';
import type { Deps } from '../shared/deps.ts';
import { endAccess } from '../shared/end-access.ts';
import { hashNewPassword } from '../shared/hash-new-password.ts';
import { signUpForOwner } from '../shared/operated-signup.ts';

/** What a link can be made for. */
export type LinkPurpose = Exclude<MailedPurpose, 'reauthentication'>;

export type GenerateLinkInput = {
  purpose: LinkPurpose;
  email: string;
  /** The new address of a change. */
  newEmail: string;
  /** The password of a sign-up. */
  password: string;
  /** What a new user says of themselves. */
  userMetadata: Metadata;
  /** Where the link leads, in the order of precedence. A target that is not allowed is passed over. */
  redirects: readonly (string | null | undefined)[];
};

export type GeneratedLink = {
  userId: string;
  /** Six digits. */
  code: string;
  /** The token of the link. */
  token: string;
  link: string;
  /** For an unknown address a `magiclink` becomes a `signup`. */
  purpose: LinkPurpose;
  redirectTo: string;
};

/**
 * Makes a link and a code for a person, and returns them to the administrator, who sends them. The gateway mails nothing, and no spacing
 * applies. An earlier link for the same purpose stops working. For the operator.
 *
 * @throws AuthError `required`, `invalid` (email, newEmail), `required`, `min_length`, `missing_characters`, `max_length`, `invalid` or
 * `leaked_password` (password of a sign-up), `unavailable`, `busy`, `invalid` or `max_length` (user_metadata), `already_registered`
 * (email, newEmail), `not_found` (email), `feature_disabled` (a change that the present address need not confirm)
 */
export async function generateLink(deps: Deps, by: Caller, input: GenerateLinkInput): Promise<GeneratedLink> {
  const checked = validate(deps, input);
  return againIfRegistered(() => generate(deps, by, input, checked));
}

async function generate(
  deps: Deps,
  by: Caller,
  input: GenerateLinkInput,
  checked: ReturnType<typeof validate>,
): Promise<GeneratedLink> {
  const found = await findUserByEmail(deps.db, checked.email);
  const purpose = purposeFor(checked.purpose, found === null);
  if (found !== null && isSignUp(purpose) && found.user.emailVerifiedAt !== null) throw taken('email');
  if (checked.newEmail !== null && (await isEmailTaken(deps.db, checked.newEmail))) throw taken('newEmail');
  const isAsked = purpose === 'signup' && checked.purpose === 'signup';
  const passwordHash = isAsked ? await hashNewPassword(deps, checked.password) : null;
  const redirectTo = resolveRedirect(deps.config, input.redirects);
  return deps.db.transaction(async (tx) => {
    const { email, newEmail } = checked;
    const person = { email, passwordHash, userMetadata: input.userMetadata };
    const link = { purpose, newEmail, passwordHash };
    const user =
      found === null
        ? await signUpForOwner(tx, deps, by, person)
        : await prepareKnown(tx, { ...link, userId: found.user.id });
    return makeLink(tx, deps, by, { ...link, user, redirectTo });
  });
}

const taken = (attribute: string): AuthError => new AuthError('already_registered', { attribute });

/** @throws AuthError `not_found` (email) for an unknown address that gets no account */
function purposeFor(asked: LinkPurpose, isUnknown: boolean): LinkPurpose {
  if (!isUnknown || isSignUp(asked)) return asked;
  if (asked === 'magiclink') return 'signup';
  throw new AuthError('not_found', { attribute: 'email', message: 'User with this email not found' });
}

function validate({ config }: Deps, { purpose, password, ...input }: GenerateLinkInput) {
  if (input.email.trim() === '') throw new AuthError('required', { attribute: 'email' });
  const email = parseEmail(input.email);
  if (purpose === 'signup' && password === '') throw new AuthError('required', { attribute: 'password' });
  if (purpose === 'signup') checkNewPassword(password, config.passwords);
  if (purpose === 'email_change_current' && !config.accountChanges.secureEmailChange)
    throw new AuthError('feature_disabled');
  if (!isEmailChange(purpose)) return { purpose, email, password, newEmail: null };
  if (input.newEmail.trim() === '') throw new AuthError('required', { attribute: 'newEmail' });
  return { purpose, email, password, newEmail: parseEmailAs('newEmail', input.newEmail) };
}

type Known = { userId: string; purpose: LinkPurpose; passwordHash: string | null; newEmail: string | null };

/** Prepares an account that exists for a link: a password of the administrator replaces that of a stranger, with all sessions. */
async function prepareKnown(tx: Transaction, known: Known): Promise<User> {
  const { userId, purpose, passwordHash, newEmail } = known;
  const user = await lockUser(tx, userId);
  if (user === null) throw new AuthError('not_found', { attribute: 'email' });
  if (isSignUp(purpose) && user.emailVerifiedAt !== null) throw taken('email');
  if (passwordHash !== null) {
    await endAccess(tx, { userId });
    await setPassword(tx, { userId, hash: passwordHash, proven: false });
  }
  if (newEmail !== null && (await findAccountDetails(tx, userId)).newEmail !== newEmail) {
    // A half that was confirmed for another address must not count.
    await retireCodes(tx, userId, emailTypes.email_change);
    await setAccountDetails(tx, userId, { newEmail });
  }
  return user;
}

type Link = Omit<Known, 'userId'> & { user: User; redirectTo: string };

async function makeLink(
  tx: Transaction,
  deps: Deps,
  by: Caller,
  { user, purpose, redirectTo, passwordHash, newEmail }: Link,
): Promise<GeneratedLink> {
  const { id: userId, email } = user;
  const ttlSeconds = deps.config.codes.mailSeconds;
  const target = purpose === 'email_change_new' ? newEmail : email;
  if (target === null) throw new AuthError('not_found', { attribute: 'email' });
  const flowStateId = await beginFlow(tx, { redirectTo, codeChallenge: null, ttlSeconds });
  const { secureEmailChange } = deps.config.accountChanges;
  const isHalf =
    isEmailChange(purpose) && secureEmailChange && !deps.config.gotrue.autoconfirm.includes('email');
  // The administrator knows the password of the sign-up, which was set just now.
  const keepsPassword = passwordHash !== null;
  const request = { userId, purpose, target, flowStateId, keepsPassword, isHalf };
  const made = await makeCode(tx, deps.codes, { id: await requestCode(tx, request), ttlSeconds });
  if (made === null) throw new Error('The code that was requested just now is gone.');
  await recordCodeSent(tx, userId, purpose);
  if (purpose === 'invite') await recordSent(tx, userId, 'invitedAt');
  const details = { by: administratorOf(by), purpose, link: true };
  await recordSecurityEvent(tx, { action: 'code_requested', userId, device: by.device, details });
  const { code, token } = made;
  return { userId, code, token, purpose, redirectTo, link: codeLink(deps.config, { ...made, redirectTo }) };
}
