import { type SQL, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { Database, Queryable } from '../db/client.ts';
import { CLOCK } from '../db/clock.ts';
import { deleteOldRows } from '../db/prune.ts';
import { securityEvents } from '../db/tables/security-events.ts';
import { type Device, storableUserAgent } from './device.ts';

/** The actions that are recorded. The list in README.md of this folder is generated from these. */
export const securityActions = [
  'signup',
  'login',
  'refresh_token_reused',
  'refresh_token_repeated',
  'refresh_token_stale',
  'tokens_renewed',
  'logout',
  'session_revoked',
  'email_verification_requested',
  'email_verified',
  'email_unverified',
  'phone_verified',
  'phone_change_requested',
  'phone_changed',
  'password_suspended',
  'signup_disowned',
  'password_reset_requested',
  'password_reset',
  'password_changed',
  'code_requested',
  'email_change_requested',
  'email_change_half_confirmed',
  'email_changed',
  'profile_updated',
  'access_token_created',
  'access_token_used',
  'access_token_revoked',
  'identity_linked',
  'identity_unlinked',
  'account_reclaimed',
  'second_factor_enrolled',
  'second_factor_added',
  'second_factor_shown',
  'second_factor_removed',
  'recovery_codes_created',
  'recovery_code_used',
  'service_token_created',
  'service_token_revoked',
  'account_created',
  'user_invited',
  'invitation_accepted',
  'account_deleted',
  'account_disabled',
  'account_locked',
  'account_enabled',
  'roles_changed',
  'users_imported',
  'team_created',
  'team_renamed',
  'team_deleted',
  'team_switched',
  'project_created',
  'project_renamed',
  'project_deleted',
  'member_invited',
  'invite_revoked',
  'invite_accepted',
  'invite_declined',
  'member_role_changed',
  'member_removed',
  'member_left',
  'jwk_generated',
  'jwk_edited',
  'internal_secret_refused',
] as const;
export type SecurityAction = (typeof securityActions)[number];

export type SecurityEvent = {
  action: SecurityAction;
  outcome?: 'success' | 'failure';
  userId?: string | null;
  sessionId?: string | null;
  teamId?: string | null;
  /** The device that the action came from. */
  device?: Device;
  /** Facts about the action. They must not hold an address, a token, or text that a person typed. */
  details?: Record<string, string | number | boolean | null>;
};

/** Inserts a security event, in the transaction of the change that it records. */
export async function recordSecurityEvent(tx: Queryable, event: SecurityEvent): Promise<void> {
  await tx.insert(securityEvents).values({
    id: uuidv7(),
    createdAt: CLOCK,
    action: event.action,
    outcome: event.outcome ?? 'success',
    userId: event.userId ?? null,
    sessionId: event.sessionId ?? null,
    teamId: event.teamId ?? null,
    address: event.device?.address ?? null,
    userAgent: storableUserAgent(event.device?.userAgent ?? null),
    details: event.details ?? {},
  });
}

/**
 * Makes the same insert as a part of a larger statement (`with … as (…)`), for frequent ones.
 * @param from yields the rows that are recorded, one event for each
 */
export function insertSecurityEvent(event: SecurityEvent, from: SQL): SQL {
  return sql`
    insert into ${securityEvents} (id, created_at, action, outcome, user_id, session_id, address, user_agent)
    select ${uuidv7()}::uuid, ${CLOCK}, ${event.action}, ${event.outcome ?? 'success'}, ${event.userId ?? null}::uuid,
      ${event.sessionId ?? null}::uuid, ${event.device?.address ?? null}::inet,
      ${storableUserAgent(event.device?.userAgent ?? null)}
    from ${from}`;
}

/** Deletes events that are older than `keepDays` days, a bounded number each time. */
export const pruneSecurityEvents = (db: Database, keepDays: number): Promise<void> =>
  deleteOldRows(db, {
    table: securityEvents,
    key: securityEvents.id,
    where: sql`${securityEvents.createdAt} < now() - make_interval(days => ${keepDays})`,
  });
