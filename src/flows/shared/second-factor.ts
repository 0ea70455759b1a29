import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { enqueueMail } from '../../mail/queue.ts';
import {
  type FactorSecret,
  type FactorSelection,
  findFactorSecrets,
  hasVerifiedFactor,
  useTimeStep,
} from '../../second-factors/factors.ts';
import { hashTypedCode, redeemRecoveryCode } from '../../second-factors/recovery-codes.ts';
import { findTimeStep } from '../../second-factors/totp.ts';
import type { SecondFactorMethod } from '../../sessions/levels.ts';
import { requireSession } from '../../sessions/sessions.ts';
import { lockUser } from '../../users/users.ts';
import type { Viewer } from './caller.ts';
import type { Deps } from './deps.ts';
import { checkAttempt } from './password-attempts.ts';

/** What a person shows as the second factor: a code of an authenticator app, or a recovery code. */
export type ShownFactor = {
  /** Empty if a recovery code is shown. */
  code: string;
  /** Empty if a code is shown. */
  recoveryCode: string;
  /** The authenticator apps that the code may be of. */
  of: FactorSelection;
};

/** A second factor that was shown and used up. */
export type UsedFactor = {
  method: SecondFactorMethod;
  /** Null for a recovery code. */
  factorId: string | null;
  /** Whether it was the first code of the app, which is verified now. */
  activated: boolean;
};

/**
 * Refuses a person who has no second factor.
 * @throws AuthError `not_found`
 */
export async function requireSecondFactor({ db }: Pick<Deps, 'db'>, { user }: Viewer): Promise<void> {
  if (!(await hasVerifiedFactor(db, user.id)))
    throw new AuthError('not_found', { message: 'This account has no second factor.' });
}

const wrongCode = (attribute: string): AuthError => new AuthError('invalid_second_factor', { attribute });

/**
 * Checks the second factor of a signed-in person and uses it up: a code once in its time step, a recovery code once. Then runs `work` in
 * the same transaction, which has locked the account. If `work` fails, the code stays good.
 *
 * Every attempt is counted before it is checked. Five wrong codes lock the second factor of the person for a while. Only a session
 * that has shown the first factor gets here, so that strangers cannot lock it.
 *
 * @throws AuthError `required` (code), `rate_limited`, `invalid_second_factor` (code or recoveryCode); `unauthenticated` without
 * a live session; what `work` throws
 */
export async function useSecondFactor<Result>(
  deps: Deps,
  by: Viewer,
  shown: ShownFactor,
  work: (tx: Transaction, used: UsedFactor) => Promise<Result>,
): Promise<Result> {
  if (shown.code === '' && shown.recoveryCode === '') throw new AuthError('required', { attribute: 'code' });
  const { user, sessionId } = by;
  // Wrong first codes are counted for their app alone: they guard nothing.
  const subject = shown.of.verified ? user.id : (shown.of.factorId ?? user.id);
  const failures = { limit: deps.config.limits.secondFactorPerUser, subject };
  const isLast = await deps.rateLimiter.consumeOne(failures);
  const lock = { userId: user.id, sessionId, details: { tried: 'second factor' } };
  return checkAttempt(deps, by, { failures, isLast, lock }, async () => {
    try {
      const redeem = await findMatch(deps, by, shown);
      return await deps.db.transaction(async (tx) => {
        const account = await lockUser(tx, user.id);
        if (account === null || account.disabledAt !== null) throw new AuthError('unauthenticated');
        await requireSession(tx, sessionId);
        return work(tx, await redeem(tx));
      });
    } catch (error) {
      await recordFailure(deps, by, error);
      throw error;
    }
  });
}

/** Uses up what was matched before the transaction. */
type Redeem = (tx: Transaction) => Promise<UsedFactor>;

/** Finds what a code fits, without using it up. Decrypting and hashing take time, and hold no lock. */
async function findMatch(deps: Deps, by: Viewer, shown: ShownFactor): Promise<Redeem> {
  const userId = by.user.id;
  if (shown.code === '') return matchRecoveryCode(deps, by, shown.recoveryCode);
  const { verified } = shown.of;
  const secrets = await findFactorSecrets(deps.db, { ...shown.of, userId });
  const matched = await matchTotp(deps, secrets, shown.code);
  if (matched === null) throw wrongCode('code');
  return async (tx) => {
    if (!(await useTimeStep(tx, { ...matched, verified }))) throw wrongCode('code');
    return { method: 'totp', factorId: matched.factorId, activated: !verified };
  };
}

async function matchTotp(
  { keyEncryption }: Pick<Deps, 'keyEncryption'>,
  secrets: readonly FactorSecret[],
  code: string,
): Promise<{ factorId: string; step: number } | null> {
  for (const { id, jwe } of secrets) {
    const step = findTimeStep(await keyEncryption.decrypt(jwe), code);
    if (step !== null) return { factorId: id, step };
  }
  return null;
}

async function matchRecoveryCode(
  { db, keyEncryption }: Deps,
  { user, sessionId, device }: Viewer,
  typed: string,
): Promise<Redeem> {
  const userId = user.id;
  const codeHash = await hashTypedCode(db, keyEncryption, { userId, typed });
  return async (tx) => {
    if (codeHash === null || !(await redeemRecoveryCode(tx, { userId, codeHash })))
      throw wrongCode('recoveryCode');
    await recordSecurityEvent(tx, { action: 'recovery_code_used', userId, sessionId, device });
    await enqueueMail(tx, { kind: 'recovery_code_used', userId });
    return { method: 'recovery_code', factorId: null, activated: false };
  };
}

async function recordFailure(deps: Deps, { user, sessionId, device }: Viewer, error: unknown): Promise<void> {
  if (!(error instanceof AuthError) || error.code !== 'invalid_second_factor') return;
  const event = { outcome: 'failure', userId: user.id, sessionId, device } as const;
  await recordSecurityEvent(deps.db, { action: 'second_factor_shown', ...event });
}
