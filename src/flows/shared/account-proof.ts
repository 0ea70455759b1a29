import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { TokenPurpose } from '../../db/token-purposes.ts';
import { AuthError } from '../../errors.ts';
import { findOneTimeToken } from '../../one-time-tokens/one-time-tokens.ts';
import { findPasswordHash } from '../../users/passwords.ts';
import { asViewer, type Caller, isAccountToken, type Viewer } from './caller.ts';
import type { Deps } from './deps.ts';

/** What proves, together with a mailed token, that the owner of the mailbox made the account. */
export type AccountProof =
  | { by: 'password'; hash: string }
  | { by: 'session'; sessionId: string }
  | { by: 'nothing' };

export type MailedInput = {
  /** The mailed token. */
  token: string;
  /** Empty if the person gives no password. */
  password?: string;
  /** Whether an account with a password requires the password, or one of its sessions. */
  proof: 'required' | 'optional';
};

/**
 * Checks the proof that comes with a mailed token, without using the token up. It checks the token first, so that an invented
 * token costs no hash. It counts wrong passwords per account. Only the holder of a mailed token can try a password.
 *
 * @throws AuthError in this order `required`, `invalid_token` (token), `required`, `rate_limited`, `busy`,
 * `invalid_credentials` (password)
 */
export async function checkAccountProof(
  deps: Deps,
  by: Caller | Viewer,
  { purpose, token, password = '', proof }: MailedInput & { purpose: TokenPurpose },
): Promise<AccountProof> {
  if (token === '') throw new AuthError('required', { attribute: 'token' });
  const found = await findOneTimeToken(deps.db, { purpose, token });
  if (found === null) throw new AuthError('invalid_token', { attribute: 'token' });
  const { userId } = found;
  const hash = await findPasswordHash(deps.db, userId);
  if (password !== '')
    return { by: 'password', hash: await requirePassword(deps, by, { userId, hash, password }) };
  const viewer = asViewer(by); // who may be another person
  if (viewer?.user.id === userId && viewer.sessionId !== null && isAccountToken(viewer))
    return { by: 'session', sessionId: viewer.sessionId };
  if (hash !== null && proof === 'required') throw new AuthError('required', { attribute: 'password' });
  return { by: 'nothing' };
}

/**
 * Checks the password that comes with what was mailed. It counts wrong passwords per account.
 * @returns the hash that the password fits
 * @throws AuthError `rate_limited`, `busy`, `invalid_credentials` (password)
 */
export async function requirePassword(
  deps: Deps,
  by: Caller,
  { userId, hash, password }: { userId: string; hash: string | null; password: string },
): Promise<string> {
  const guesses = { limit: deps.config.limits.mailedTokenPasswordPerUser, subject: userId };
  await deps.rateLimiter.consume([guesses]);
  const fits = await deps.passwords.verify(hash, password, userId);
  if (hash === null || !fits) {
    const event = { action: 'login', outcome: 'failure', userId, device: by.device } as const;
    await recordSecurityEvent(deps.db, { ...event, details: { mailedToken: true } });
    throw new AuthError('invalid_credentials', { attribute: 'password', message: 'The password is wrong.' });
  }
  await deps.rateLimiter.reset(guesses);
  return hash;
}
