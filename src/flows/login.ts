import { recordSecurityEvent } from '../audit/security-events.ts';
import type { Deps } from '../deps.ts';
import { AuthError, type ErrorCode } from '../errors.ts';
import { openSession } from '../sessions/sessions.ts';
import { findPasswordHash } from '../users/accounts.ts';
import { searchableEmail } from '../users/attributes.ts';
import { findUserByEmail, replacePasswordHash, type User } from '../users/users.ts';
import { accountLimit, callerLimit } from './limits.ts';
import { queueVerification } from './request-email-verification.ts';
import { type Caller, completeSignIn, firstMissing, type SignedIn } from './sign-in.ts';

export type LoginInput = { email: string; password: string };

/**
 * Signs in with email and password. An unknown address, an account without a password and a wrong password get the same
 * answer after the same work: one lookup and one argon2 verification (OWASP Authentication Cheat Sheet).
 *
 * @param ttlSeconds how long the tokens live; access tokens' own lifetime unless given
 * @throws AuthError `required` (email, then password), `rate_limited`, `busy`, `invalid_credentials`, and after a correct
 * password `account_disabled` or, where that is required, `email_not_verified`: then the verification mail is sent again,
 * if none was just sent, since whoever cannot sign in cannot ask for it
 */
export async function login(
  deps: Deps,
  caller: Caller,
  input: LoginInput,
  ttlSeconds = deps.tokens.accessTtlSeconds,
): Promise<SignedIn> {
  const missing = firstMissing({ email: input.email.trim(), password: input.password });
  if (missing !== null) throw new AuthError('required', { attribute: missing });

  const account = accountLimit(deps, input.email);
  // Counted before the password is looked at: many guesses at once count as many. The caller first, or somebody who is
  // refused already could go on locking accounts.
  await deps.rateLimiter.consume([callerLimit(deps, 'login', caller)]);
  await deps.rateLimiter.consume([account]);

  const { user, passwordHash } = await verifyCredentials(deps, caller, input);
  await deps.rateLimiter.reset(account);
  if (deps.config.requireVerifiedEmail && user.emailVerifiedAt === null) {
    await recordFailure(deps, caller, user.id, 'email_not_verified');
    await queueVerification(deps, caller, user);
    throw new AuthError('email_not_verified');
  }
  const key = await deps.signer.currentKey(ttlSeconds);
  const opening = { userId: user.id, device: caller, action: 'login', passwordHash } as const;
  const session = await openSession(deps.db, deps.sessions, opening);
  return completeSignIn(deps, { user, session, key, ttlSeconds });
}

/** What was checked: the session is opened only while that is still the password. */
type Verified = { user: User; passwordHash: string };

async function verifyCredentials(
  deps: Deps,
  caller: Caller,
  { email, password }: LoginInput,
): Promise<Verified> {
  const found = await findUserByEmail(deps.db, searchableEmail(email));
  const passwordHash = found?.passwordHash ?? null;
  const fits = await deps.passwords.verify(passwordHash, password);
  if (found === null || passwordHash === null || !fits) {
    await recordFailure(deps, caller, found?.user.id ?? null, 'invalid_credentials');
    throw new AuthError('invalid_credentials');
  }
  const { user } = found;
  if (user.disabledAt !== null) {
    await recordFailure(deps, caller, user.id, 'account_disabled');
    throw new AuthError('account_disabled');
  }
  if (!deps.passwords.isOutdated(passwordHash)) return { user, passwordHash };
  const renewed = await deps.passwords.hash(password);
  const replaced = await replacePasswordHash(deps.db, { userId: user.id, from: passwordHash, to: renewed });
  // Two logins at once may both renew it: whoever was second signs in with what the first one stored.
  return {
    user,
    passwordHash: replaced ? renewed : ((await findPasswordHash(deps.db, user.id)) ?? passwordHash),
  };
}

const recordFailure = (deps: Deps, caller: Caller, userId: string | null, code: ErrorCode): Promise<void> =>
  recordSecurityEvent(deps.db, {
    action: 'login',
    outcome: 'failure',
    userId,
    origin: caller,
    details: { code },
  });
