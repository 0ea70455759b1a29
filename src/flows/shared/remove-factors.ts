import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { enqueueMail } from '../../mail/queue.ts';
import { deleteFactors, hasVerifiedFactor } from '../../second-factors/factors.ts';
import { deleteRecoveryCodes } from '../../second-factors/recovery-codes.ts';
import { lowerSessions } from '../../sessions/levels.ts';
import { enqueueWebhooks } from '../../webhooks/queue.ts';
import { administratorOf, type Caller } from './caller.ts';
import type { Deps } from './deps.ts';

type Removal = {
  userId: string;
  /** The one authenticator app to remove; null for all. */
  factorId: string | null;
  /** The session that asks for it; null for an operator. */
  sessionId: string | null;
};

/**
 * Removes authenticator apps of a person, and records it. The transaction has locked the account. Their sign-ins lose level `aal2`. If
 * another verified app is left, they show it again; only the session that asks keeps its level. Without one the recovery codes end too.
 * @returns how many apps were removed
 */
export async function removeFactors(
  tx: Transaction,
  deps: Pick<Deps, 'config'>,
  by: Caller,
  { userId, factorId, sessionId }: Removal,
): Promise<number> {
  const { device } = by;
  const removed = await deleteFactors(tx, { userId, factorId });
  const verified = removed.filter((factor) => factor.verified);
  for (const { id, verified: wasVerified } of removed) {
    const details = {
      ...{ factorId: id, verified: wasVerified },
      ...(sessionId === null && { by: administratorOf(by) }),
    };
    await recordSecurityEvent(tx, { action: 'second_factor_removed', userId, sessionId, device, details });
  }
  if (verified.length === 0) return removed.length;
  const isLeft = await hasVerifiedFactor(tx, userId);
  if (!isLeft) await deleteRecoveryCodes(tx, userId);
  await lowerSessions(tx, { userId, keptSession: isLeft ? sessionId : null });
  await enqueueMail(tx, { kind: 'second_factor_removed', userId });
  const data = { userId, by: sessionId === null ? 'operator' : 'user' } as const;
  await enqueueWebhooks(tx, deps, { type: 'user.second_factor_removed', data });
  return removed.length;
}
