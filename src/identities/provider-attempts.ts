import { sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { Device } from '../audit/device.ts';
import { sha256 } from '../crypto/secrets.ts';
import type { Queryable, Transaction } from '../db/client.ts';
import { flowStates } from '../db/tables/flow-states.ts';
import { providerAttempts } from '../db/tables/provider-attempts.ts';
import { bindTicket, isRandomSecret } from './attempt-secrets.ts';

/** Seconds in which a person signs in at a provider, and in which a ticket is used. */
export const ATTEMPT_SECONDS = 300;

/** A browser that has come back from a provider. */
export type ClaimedAttempt = Readonly<{
  id: string;
  provider: string;
  flowStateId: string;
  redirectTo: string;
  hasChallenge: boolean;
  linkingSessionId: string | null;
  invitedUserId: string | null;
}>;

/** What a new attempt is for. */
type Purpose = { flowStateId: string; provider: string; invitedUserId?: string | null };

const until = sql`now() + make_interval(secs => ${ATTEMPT_SECONDS})`;

/** Stores an attempt that a browser begins. */
export async function beginAttempt(
  tx: Queryable,
  {
    flowStateId,
    provider,
    invitedUserId = null,
    state,
    browser,
  }: Purpose & { state: string; browser: string },
): Promise<void> {
  await tx.insert(providerAttempts).values({
    ...{ id: uuidv7(), flowStateId, provider, invitedUserId },
    ...{ stateHash: sha256(state), browserHash: sha256(browser), expiresAt: until },
  });
}

/** Stores the permission to link an identity. Any browser with the ticket may begin, once. */
export async function createTicket(
  tx: Queryable,
  { flowStateId, provider, ticket, sessionId }: Purpose & { ticket: string; sessionId: string },
): Promise<void> {
  await tx.insert(providerAttempts).values({
    ...{ id: uuidv7(), flowStateId, provider, linkingSessionId: sessionId },
    ...{ ticketHash: sha256(ticket), expiresAt: until },
  });
}

/**
 * Lets a browser begin with a ticket, in one statement: a ticket works once. A bound ticket works on its device only.
 * @returns the name of the provider; null if the ticket was used or has expired
 */
export async function redeemTicket(
  db: Queryable,
  { ticket, device, state, browser }: { ticket: string; device: Device; state: string; browser: string },
): Promise<string | null> {
  if (!isRandomSecret(ticket)) return null;
  const [begun] = await db.execute<{ provider: string }>(sql`
    update ${providerAttempts} set state_hash = ${sha256(state)}, browser_hash = ${sha256(browser)}
    where ticket_hash in (${sha256(ticket)}, ${sha256(bindTicket(ticket, device))}) and state_hash is null and expires_at > now()
    returning provider`);
  return begun?.provider ?? null;
}

/** Why a browser that came back is refused. */
export type AttemptRefusal = 'unknown' | 'used';

type ClaimedRow = {
  id: string;
  provider: string;
  flow_state_id: string;
  redirect_to: string;
  code_challenge: string | null;
  linking_session_id: string | null;
  invited_user_id: string | null;
};

/**
 * Uses the state of an attempt up, in one statement: of many answers at once, one gets it. Only the browser that began does. A state
 * of another browser is unknown.
 */
export async function claimAttempt(
  db: Queryable,
  { state, browser }: { state: string; browser: string },
): Promise<ClaimedAttempt | AttemptRefusal> {
  const [claimed] = await db.execute<ClaimedRow>(sql`
    update ${providerAttempts} a set used_at = now() from ${flowStates} f
    where a.state_hash = ${sha256(state)} and a.browser_hash = ${sha256(browser)} and a.used_at is null
      and a.expires_at > now() and f.id = a.flow_state_id
    returning a.id, a.provider, a.flow_state_id, f.redirect_to, f.code_challenge, a.linking_session_id, a.invited_user_id`);
  if (claimed === undefined) return (await wasUsed(db, { state, browser })) ? 'used' : 'unknown';
  return {
    id: claimed.id,
    provider: claimed.provider,
    flowStateId: claimed.flow_state_id,
    redirectTo: claimed.redirect_to,
    hasChallenge: claimed.code_challenge !== null,
    linkingSessionId: claimed.linking_session_id,
    invitedUserId: claimed.invited_user_id,
  };
}

/** Whether this browser has used the state of a flow that ends in a code. GoTrue tells only these from unknown ones. */
async function wasUsed(
  db: Queryable,
  { state, browser }: { state: string; browser: string },
): Promise<boolean> {
  const found = await db.execute(sql`
    select from ${providerAttempts} a join ${flowStates} f on f.id = a.flow_state_id
    where a.state_hash = ${sha256(state)} and a.browser_hash = ${sha256(browser)} and a.used_at is not null
      and f.code_challenge is not null`);
  return found.length > 0;
}

/** Keeps what the client gets when it exchanges its code, encrypted. */
export async function keepOutcome(tx: Transaction, id: string, outcome: string): Promise<void> {
  await tx.execute(sql`update ${providerAttempts} set outcome = ${outcome} where id = ${id}`);
}

/** Takes what was kept for the exchange of a code, once; null if nothing was kept. */
export async function takeOutcome(
  tx: Transaction,
  flowStateId: string,
): Promise<{ outcome: string; provider: string; linkingSessionId: string | null } | null> {
  const [taken] = await tx.execute<{
    outcome: string;
    provider: string;
    linking_session_id: string | null;
  }>(sql`
    with kept as (
      select id, outcome, provider, linking_session_id from ${providerAttempts}
      where flow_state_id = ${flowStateId} and outcome is not null for update
    ), emptied as (
      update ${providerAttempts} a set outcome = null from kept where a.id = kept.id returning a.id
    )
    select kept.outcome, kept.provider, kept.linking_session_id from kept join emptied on emptied.id = kept.id`);
  if (taken === undefined) return null;
  const { outcome, provider, linking_session_id: linkingSessionId } = taken;
  return { outcome, provider, linkingSessionId };
}
