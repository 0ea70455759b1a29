import { pruneSecurityEvents } from '../../audit/security-events.ts';
import { endRunaways } from '../../db/runaways.ts';
import { pruneFlowStates } from '../../flow-states/flow-states.ts';
import { pruneUsedIdTokens } from '../../identities/used-id-tokens.ts';
import { deleteExpiredKeys, ensureSuccessor } from '../../keys/jwks.ts';
import { pruneRateLimits } from '../../limits/rate-limits.ts';
import { pruneOneTimeCodes } from '../../one-time-codes/one-time-codes.ts';
import { pruneOneTimeTokens } from '../../one-time-tokens/one-time-tokens.ts';
import { pruneChallenges } from '../../second-factors/challenges.ts';
import { pruneFactors } from '../../second-factors/factors.ts';
import { pruneServiceTokens } from '../../service-tokens/service-tokens.ts';
import { pruneSessions } from '../../sessions/sessions.ts';
import { pruneInvites } from '../../teams/invites.ts';
import { pruneInvitations } from '../../users/signup-invitations.ts';
import { pruneWebhooks } from '../../webhooks/prune.ts';
import type { Deps } from '../shared/deps.ts';
import { liftEndedBans } from './lift-bans.ts';

/** Ended sessions stay visible to their user, and to an operator, for a while. */
const KEEP_ENDED_SESSIONS_SECONDS = 7 * 86_400;

/** Ended service tokens stay visible to the operator for a while. */
const KEEP_ENDED_TOKENS_SECONDS = 30 * 86_400;

/** Milliseconds that a guarded statement may run longer than `statement_timeout` allows. */
const RUNAWAY_MARGIN_MS = 60_000;

/**
 * Makes a successor for an ending key, ends statements of the application that do not end by themselves, and deletes what expired.
 * Safe to repeat and to run on every replica.
 */
export async function keepHouse(deps: Deps): Promise<void> {
  const successor = await ensureSuccessor(deps);
  if (successor !== null) deps.log.info({ keyId: successor.id }, 'A signing key was generated.');
  await stopRunaways(deps);
  await prune(deps);
}

async function stopRunaways({ db, config, log }: Deps): Promise<void> {
  const connections = await endRunaways(db, config.database.statementTimeoutMs + RUNAWAY_MARGIN_MS);
  if (connections > 0)
    log.warn({ connections }, 'Code of the application did not end: a trigger, or what CLAIMS_SQL reads.');
}

/**
 * Lifts bans that have ended, and deletes what expired: keys, sessions with their tokens, service tokens, counters, mailed tokens and
 * codes, challenges and unused second factors, states of sign-ins, invites, old events, webhooks. Each round a bounded number of rows;
 * what fails for one kind does not keep the others.
 * @throws AggregateError of what failed
 */
async function prune(deps: Deps): Promise<void> {
  const { db } = deps;
  const chores = [
    () => liftEndedBans(deps),
    () => deleteExpiredKeys(deps),
    () => pruneSessions(db, KEEP_ENDED_SESSIONS_SECONDS),
    () => pruneServiceTokens(db, KEEP_ENDED_TOKENS_SECONDS),
    () => pruneRateLimits(db),
    () => pruneOneTimeTokens(db),
    () => pruneChallenges(db),
    () => pruneFactors(db),
    () => pruneOneTimeCodes(db),
    () => pruneFlowStates(db),
    () => pruneUsedIdTokens(db),
    () => pruneInvites(db),
    () => pruneInvitations(db),
    () => pruneSecurityEvents(db, deps.config.securityEventDays),
    () => pruneWebhooks(deps),
  ];
  const failures: unknown[] = [];
  for (const chore of chores)
    try {
      await chore();
    } catch (error) {
      failures.push(error);
    }
  if (failures.length > 0)
    throw new AggregateError(failures, 'Some of what expired could not be deleted.', { cause: failures[0] });
}
