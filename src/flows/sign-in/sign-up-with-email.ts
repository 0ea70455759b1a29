import { v7 as uuidv7 } from 'uuid';
import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { readTransactionTime } from '../../db/clock.ts';
import { AuthError } from '../../errors.ts';
import { waitForMail } from '../../mail/limits.ts';
import { newPassword } from '../../sessions/opening.ts';
import { findAccountDetails, type Metadata } from '../../users/account-details.ts';
import type { Account } from '../../users/accounts.ts';
import { checkNewPassword, parseEmail } from '../../users/attributes.ts';
import { parseMetadata } from '../../users/metadata.ts';
import { describeSignUp, type SignUpFacts } from '../../users/shown-sign-up.ts';
import { type FoundUser, findUserByEmail } from '../../users/users.ts';
import { type Caller, firstMissing } from '../shared/caller.ts';
import { admitCaller, countCaller } from '../shared/captcha-demand.ts';
import { type CodeReturn, countMail, queueCode, tooSoon } from '../shared/code-requests.ts';
import type { SignedIn, TokenOptions } from '../shared/complete-sign-in.ts';
import type { Deps } from '../shared/deps.ts';
import { enrolByEmail } from '../shared/enrol-by-email.ts';
import { hashNewPassword } from '../shared/hash-new-password.ts';
import { notingRefusal } from '../shared/refused-mail.ts';
import { signInNewUser } from '../shared/sign-in-new-user.ts';

export type EmailSignUpInput = TokenOptions &
  CodeReturn & {
    email: string;
    password: string;
    /** What the user says of themselves. */
    userMetadata: Metadata;
    captchaToken: string;
    /** How the edge spells `captchaToken`, for errors. */
    captchaAttribute?: string;
  };

/**
 * What a sign-up has led to: a session, or an account that waits for the code that was mailed. A taken address leads to an account too,
 * which looks like any other but does not exist.
 */
export type EmailSignUp =
  | { kind: 'signed_in'; signedIn: SignedIn }
  | { kind: 'waiting'; account: Account; isInvited: boolean };

type Person = {
  /** In its canonical form. */
  email: string;
  passwordHash: string;
  /** Whether the password is that of the account which has the address. */
  knowsPassword: boolean;
  userMetadata: Metadata;
};

/**
 * Registers a person by address and password, and mails a code and a link that verify the address. A sign-up of an address whose owner
 * has not verified it changes nothing, and mails a new code. That code keeps the first password only if this request has the same. A
 * verified address and a disabled account get the answer of a new one, after the same work, and no mail. A sign-up that is refused because
 * the address had a mail just now counts as one, too: with another password, no code keeps the first.
 *
 * While AUTOCONFIRM covers addresses, it signs in and sends no mail; the address does not count as verified.
 *
 * @throws AuthError `signup_disabled`, `required` (email, then password), `min_length`, `missing_characters`, `max_length` or `invalid`
 * (password), `invalid` (email), `invalid` or `max_length` (data), `required` or `captcha_failed` (captchaToken), `unavailable`,
 * `rate_limited`, which has `details.of` `mail` if the address had a mail just now, `leaked_password` (password), `busy`,
 * `no_signing_key`, `claims_failed`; `already_registered` (email) while AUTOCONFIRM covers addresses
 */
export async function signUpWithEmail(deps: Deps, by: Caller, input: EmailSignUpInput): Promise<EmailSignUp> {
  if (deps.config.signup !== 'on') throw new AuthError('signup_disabled');
  const { email, userMetadata } = validate(deps, input);
  const { captchaToken, captchaAttribute, password } = input;
  const demand = { operation: 'signup', alwaysFor: 'signup', captchaToken, captchaAttribute } as const;
  await countCaller(deps, await admitCaller(deps, by, demand));
  return notingRefusal(deps, { email, password }, () =>
    signUpOnce(deps, by, { ...input, email, userMetadata }),
  );
}

async function signUpOnce(deps: Deps, by: Caller, input: EmailSignUpInput): Promise<EmailSignUp> {
  const { email, password, userMetadata } = input;
  const isAutomatic = deps.config.gotrue.autoconfirm.includes('email');
  const wait = isAutomatic ? null : await waitForMail(deps, 'signup_code', email);
  if (wait !== null) throw tooSoon(wait);
  const passwordHash = await hashNewPassword(deps, password);
  const found = await findUserByEmail(deps.db, email);
  // Without an account it is the same work.
  const knowsPassword = await deps.passwords.verify(found?.passwordHash ?? null, password, found?.user.id);
  const person = { email, passwordHash, knowsPassword, userMetadata };
  if (isAutomatic) {
    const enrol = (tx: Transaction) => enrolByEmail(tx, deps, person);
    return { kind: 'signed_in', signedIn: await signInNewUser(deps, by, input, { by: newPassword, enrol }) };
  }
  const { isInvited, ...facts } = await enrolOnce(deps, by, { ...input, person, found });
  return { kind: 'waiting', account: describeSignUp(facts, deps.config), isInvited };
}

function validate(deps: Deps, input: EmailSignUpInput) {
  const missing = firstMissing({ email: input.email.trim(), password: input.password });
  if (missing !== null) throw new AuthError('required', { attribute: missing });
  checkNewPassword(input.password, deps.config.passwords);
  return { email: parseEmail(input.email), userMetadata: parseMetadata(input.userMetadata, 'data') };
}

type Enrolment = CodeReturn & { person: Person; found: FoundUser | null };
type Enrolled = SignUpFacts & { isInvited: boolean };

/** Of many sign-ups with one address at once, the database lets one make the account. The others repeat it. */
async function enrolOnce(deps: Deps, by: Caller, enrolment: Enrolment): Promise<Enrolled> {
  const run = (found: FoundUser | null) =>
    deps.db.transaction((tx) => enrol(tx, deps, by, { ...enrolment, found }));
  try {
    return await run(enrolment.found);
  } catch (error) {
    if (!(error instanceof AuthError && error.code === 'already_registered')) throw error;
    return run(await findUserByEmail(deps.db, enrolment.person.email));
  }
}

async function enrol(
  tx: Transaction,
  deps: Deps,
  by: Caller,
  { person, found, redirects, codeChallenge }: Enrolment,
): Promise<Enrolled> {
  await countMail(tx, deps, 'signup_code', person.email);
  const shown = await shownUser(tx, deps, { person, found });
  const outcome = found === null ? 'success' : 'failure';
  const userId = found?.user.id ?? shown.id;
  await recordSecurityEvent(tx, { action: 'signup', outcome, userId, device: by.device });
  const to = shown.isReal ? { userId: shown.id, email: shown.email } : null;
  const keepsPassword = found === null || person.knowsPassword;
  await queueCode(tx, deps, by, { to, purpose: 'signup', keepsPassword, redirects, codeChallenge });
  const { invitedAt, confirmationSentAt, userMetadata } = await findAccountDetails(tx, shown.id);
  return {
    ...{ userId: shown.id, createdAt: shown.createdAt, updatedAt: shown.updatedAt },
    ...{ email: person.email, number: null },
    details: { invitedAt, confirmationSentAt: confirmationSentAt ?? shown.createdAt },
    userMetadata: shown.isReal ? userMetadata : person.userMetadata,
    isInvited: invitedAt !== null,
  };
}

type ShownUser = { id: string; email: string; createdAt: Date; updatedAt: Date; isReal: boolean };

/**
 * The user that the answer shows: a new one, or the one whose address waits to be verified. Otherwise it is made up: its times and its id
 * are like those of a new user.
 */
async function shownUser(
  tx: Transaction,
  deps: Deps,
  { person, found }: { person: Person; found: FoundUser | null },
): Promise<ShownUser> {
  const { email } = person;
  if (found === null) return { ...(await enrolByEmail(tx, deps, person)), email, isReal: true };
  if (found.user.emailVerifiedAt === null && found.user.disabledAt === null)
    return { ...found.user, email: found.user.email ?? email, isReal: true };
  const now = await readTransactionTime(tx);
  return { id: uuidv7(), email, createdAt: now, updatedAt: now, isReal: false };
}
