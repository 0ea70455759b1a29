import type { Queryable } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { findPasswordHash, replacePasswordHash } from '../../users/passwords.ts';
import { findUserByPhone, parsePhone } from '../../users/phones.ts';
import { type FoundUser, findUserByEmail, type User } from '../../users/users.ts';
import { type Caller, firstMissing } from '../shared/caller.ts';
import { completeSignIn, type SignedIn, type TokenOptions } from '../shared/complete-sign-in.ts';
import type { Deps } from '../shared/deps.ts';
import { enabledUser } from '../shared/disabling.ts';
import { recordFailedSignIn } from '../shared/failed-sign-in.ts';
import { admitLogin } from '../shared/login-limits.ts';
import { openSessionFor } from '../shared/open-session.ts';
import { checkAttempt } from '../shared/password-attempts.ts';
import { queueVerification } from '../shared/verification-mail.ts';

export type LoginInput = TokenOptions & {
  email: string;
  /** Signs in by the phone number instead of the address. In any spelling of E.164. */
  phone?: string;
  password: string;
  /** Where strangers have nearly used up what they share. */
  captchaToken?: string | undefined;
  /** How the edge spells `captchaToken`, for errors. */
  captchaAttribute?: string;
  /** The cookie that marks the browser, where a page of ours sent it. */
  deviceCookie?: string | null;
};

/**
 * Signs in with a password, and an email address or a phone number. An unknown one, an account without a password and a wrong
 * password get the same answer after the same work: one lookup and one argon2 verification (OWASP Authentication Cheat Sheet).
 *
 * After a correct password it throws `account_disabled`, or `email_not_verified` if a verified address is required or the password
 * is suspended. Then it sends the verification mail again, unless one was just sent: a person who cannot sign in cannot ask for it.
 * A number has to be verified, unless AUTOCONFIRM covers it. So has an address for tokens of the form `gotrue`; then no mail is sent.
 *
 * @throws AuthError `required` (email, then password), `invalid` (phone), `rate_limited`, `required` or `captcha_failed`
 * (captchaToken), `unavailable`, `busy`, `invalid_credentials`, `account_disabled`, `email_not_verified`, `phone_not_verified`,
 * `claims_failed`
 */
export async function login(deps: Deps, by: Caller, input: LoginInput): Promise<SignedIn> {
  const name = input.phone ?? input.email;
  const missing = firstMissing({ email: name.trim(), password: input.password });
  if (missing !== null) throw new AuthError('required', { attribute: missing });

  const account = await findAccountOf(deps, input);
  const { found } = account;
  const { password, captchaToken = '', captchaAttribute, deviceCookie = null } = input;
  const { ttlSeconds = deps.config.tokens.accessTtlSeconds, kind, form } = input;
  const subject = { ...account, captchaToken, captchaAttribute, deviceCookie };
  const attempt = await admitLogin(deps, by, subject);
  const check = () => verifyCredentials(deps, by, { found, password });
  const { user, passwordHash, suspended } = await checkAttempt(deps, by, attempt, check);
  await requireVerified(deps, by, { user, suspended, phone: account.phone, form });
  const key = await deps.signer.currentKey(ttlSeconds);
  const knownDevice = attempt.place === 'known device';
  const entry = { user, action: 'login', by: { passwordHash }, knownDevice } as const;
  const open = (db: Queryable) => openSessionFor(db, deps, by, entry);
  const opened = await (deps.claims === null ? open(deps.db) : deps.db.transaction(open));
  return completeSignIn(deps, { ...opened, key, ttlSeconds, kind, form });
}

/** The account that a person names at the login. */
type NamedAccount = {
  found: FoundUser | null;
  /** The address as it was typed, or the number. */
  typed: string;
  /** The address or number as the account has it; null if not found. */
  stored: string | null;
  /** Null if the person named an address. */
  phone: { verified: boolean } | null;
};

async function findAccountOf({ db }: Deps, { email, phone }: LoginInput): Promise<NamedAccount> {
  if (phone === undefined) {
    const found = await findUserByEmail(db, email);
    return { found, typed: email, stored: found?.user.email ?? null, phone: null };
  }
  const number = parsePhone(phone);
  const found = await findUserByPhone(db, number);
  return {
    found,
    typed: number,
    stored: found === null ? null : number,
    phone: { verified: found?.verified ?? false },
  };
}

type Entrant = { user: User; suspended: boolean; phone: NamedAccount['phone']; form: TokenOptions['form'] };

/** @throws AuthError `email_not_verified`, `phone_not_verified` */
async function requireVerified(
  deps: Deps,
  by: Caller,
  { user, suspended, phone, form }: Entrant,
): Promise<void> {
  const { requireVerifiedEmail, gotrue } = deps.config;
  // AUTOCONFIRM decides for the GoTrue dialect, whose clients ask for the mail themselves.
  const isRequired = form === 'gotrue' ? !gotrue.autoconfirm.includes('email') : requireVerifiedEmail;
  const needsEmail = phone === null && isRequired && user.emailVerifiedAt === null;
  if (suspended || needsEmail) {
    await recordFailedSignIn(deps, by, { userId: user.id, code: 'email_not_verified' });
    if (suspended || form !== 'gotrue') await queueVerification(deps, by, { user });
    throw new AuthError('email_not_verified');
  }
  if (phone === null || phone.verified || gotrue.autoconfirm.includes('phone')) return;
  await recordFailedSignIn(deps, by, { userId: user.id, code: 'phone_not_verified' });
  throw new AuthError('phone_not_verified');
}

/** What was checked: the session is opened only while that is still the password. */
type Verified = { user: User; passwordHash: string; suspended: boolean };

async function verifyCredentials(
  deps: Deps,
  by: Caller,
  { found, password }: { found: FoundUser | null; password: string },
): Promise<Verified> {
  const passwordHash = found?.passwordHash ?? null;
  const fits = await deps.passwords.verify(passwordHash, password, found?.user.id);
  if (found === null || passwordHash === null || !fits) {
    await recordFailedSignIn(deps, by, { userId: found?.user.id ?? null, code: 'invalid_credentials' });
    throw new AuthError('invalid_credentials');
  }
  const { suspended } = found;
  const user = await enabledUser(deps, found.user);
  if (user === null) {
    await recordFailedSignIn(deps, by, { userId: found.user.id, code: 'account_disabled' });
    throw new AuthError('account_disabled');
  }
  if (!deps.passwords.isOutdated(passwordHash)) return { user, passwordHash, suspended };
  const renewed = await deps.passwords.hash(password);
  if (await replacePasswordHash(deps.db, { userId: user.id, from: passwordHash, to: renewed }))
    return { user, passwordHash: renewed, suspended };
  // Another login has renewed the hash, or the password was changed: only the former lets this one in.
  const current = await findPasswordHash(deps.db, user.id);
  if (current !== null && (await deps.passwords.verify(current, password, user.id)))
    return { user, passwordHash: current, suspended };
  await recordFailedSignIn(deps, by, { userId: user.id, code: 'invalid_credentials' });
  throw new AuthError('invalid_credentials');
}
