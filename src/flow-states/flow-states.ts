import { randomUUID } from 'node:crypto';
import { eq, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { challengeOf } from '../crypto/pkce.ts';
import { sha256 } from '../crypto/secrets.ts';
import type { Database, Queryable, Transaction } from '../db/client.ts';
import { deleteOldRows } from '../db/prune.ts';
import { flowStates } from '../db/tables/flow-states.ts';

export type FlowState = typeof flowStates.$inferSelect;

/** Seconds in which a client exchanges its code. */
const EXCHANGE_SECONDS = 300;

/**
 * Keeps where a person returns to, and the challenge of PKCE. The person is not known yet, so that a request for an unknown
 * address makes the same row.
 * @param input.redirectTo a target that `resolveRedirect` returned
 * @param input.codeChallenge an S256 challenge; null without PKCE
 * @param input.ttlSeconds how long the person may take to come back
 * @returns the id of the flow
 */
export async function beginFlow(
  tx: Queryable,
  input: { redirectTo: string; codeChallenge: string | null; ttlSeconds: number },
): Promise<string> {
  const { redirectTo, codeChallenge, ttlSeconds } = input;
  const id = uuidv7();
  const expiresAt = sql`now() + make_interval(secs => ${ttlSeconds})`;
  await tx.insert(flowStates).values({ id, redirectTo, codeChallenge, expiresAt });
  return id;
}

/** Finds a flow; null if not found. An expired one is found until it is pruned. */
export async function findFlow(db: Queryable, id: string): Promise<FlowState | null> {
  const [found] = await db.select().from(flowStates).where(eq(flowStates.id, id));
  return found ?? null;
}

/**
 * Issues the code that the client exchanges for tokens, 122 random bits of a UUID. It works once, for 300 seconds. The transaction
 * has locked the account.
 * @param input.method how the person has proven who they are, as the claim `amr` names it
 * @returns null if the flow has no challenge, has issued a code, or is gone
 */
export async function issueAuthCode(
  tx: Transaction,
  input: { flowId: string; userId: string; method: string },
): Promise<string | null> {
  const { flowId, userId, method } = input;
  const code = randomUUID();
  const issued = await tx.execute(sql`
    update ${flowStates} set user_id = ${userId}, auth_code_hash = ${sha256(code)}, method = ${method},
      expires_at = now() + make_interval(secs => ${EXCHANGE_SECONDS})
    where id = ${flowId} and auth_code_hash is null and code_challenge is not null
    returning id`);
  return issued.length > 0 ? code : null;
}

/** Why a code is not exchanged. */
export type ExchangeRefusal = 'not_found' | 'expired' | 'wrong_verifier';

/** The flow whose code can be exchanged, and the person to whom it belongs. */
export type IssuedFlow = FlowState & { userId: string; method: string };

/** Checks the code of a flow and its verifier, without using the code up. A wrong verifier does not use it up either. */
export async function findIssuedFlow(
  db: Queryable,
  { authCode, codeVerifier }: { authCode: string; codeVerifier: string },
): Promise<IssuedFlow | ExchangeRefusal> {
  const [found] = await db
    .select({ flow: flowStates, expired: sql<boolean>`${flowStates.expiresAt} <= now()` })
    .from(flowStates)
    .where(eq(flowStates.authCodeHash, sha256(authCode)));
  if (found === undefined) return 'not_found';
  if (found.expired) return 'expired';
  const { flow } = found;
  if (flow.codeChallenge !== challengeOf(codeVerifier)) return 'wrong_verifier';
  const { userId, method } = flow;
  if (userId === null || method === null) throw new Error('An issued code belongs to a person.');
  return { ...flow, userId, method };
}

/**
 * Uses the code of a flow up, in one statement: of many attempts at once, one gets true. The transaction has locked the
 * account.
 */
export async function exchangeFlow(
  tx: Transaction,
  { id, authCodeHash }: Pick<IssuedFlow, 'id' | 'authCodeHash'>,
): Promise<boolean> {
  const exchanged = await tx.execute(sql`
    delete from ${flowStates} where id = ${id} and auth_code_hash = ${authCodeHash} and expires_at > now() returning id`);
  return exchanged.length > 0;
}

/** Retires the codes that a person could exchange for tokens. The transaction has locked the account. */
export async function retireFlows(tx: Transaction, userId: string): Promise<void> {
  await tx.delete(flowStates).where(eq(flowStates.userId, userId));
}

/** Seconds for which an expired flow stays, so that its code is told to be expired and not unknown. */
const KEEP_EXPIRED_SECONDS = 3600;

/** Deletes flows that expired an hour ago, a bounded number each time. */
export const pruneFlowStates = (db: Database): Promise<void> =>
  deleteOldRows(db, {
    table: flowStates,
    key: flowStates.id,
    where: sql`${flowStates.expiresAt} < now() - make_interval(secs => ${KEEP_EXPIRED_SECONDS})`,
  });
