import { type SQL, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { type Device, storableUserAgent } from '../audit/device.ts';
import { insertSecurityEvent } from '../audit/security-events.ts';
import type { ApplicationClaims } from '../claims/claims.ts';
import type { Config } from '../config/config.ts';
import { sha256 } from '../crypto/secrets.ts';
import type { Queryable } from '../db/client.ts';
import { rolesOfMembers, rolesOfUsers } from '../db/tables/roles.ts';
import {
  type AssuranceLevel,
  refreshTokens,
  type SessionOpener,
  sessions,
  type UsedMethod,
} from '../db/tables/sessions.ts';
import { memberships, teams } from '../db/tables/teams.ts';
import { passwords, users } from '../db/tables/users.ts';
import { AuthError } from '../errors.ts';
import { insertMailJob } from '../mail/queue.ts';
import { splitRoles } from '../roles/token-roles.ts';
import { hasSecondFactor } from '../second-factors/factors.ts';
import { insertWebhookJobs } from '../webhooks/queue.ts';
import type { RefreshTokens } from './refresh-token-format.ts';
import { type TeamRow, teamOf } from './team-row.ts';
import type { TokenTeam } from './tokens.ts';

export type OpenedSession = {
  sessionId: string;
  refreshToken: string;
  /** The active team: the one that the user joined first. Null if the user has no team. */
  team: TokenTeam | null;
  /** The roles of Hasura that the operator gave to the user. */
  roles: string[];
  /** What CLAIMS_SQL returned for the user. */
  claims: ApplicationClaims;
  level: AssuranceLevel;
  /** Seconds until the absolute end of the session. */
  secondsLeft: number;
};

/**
 * What opens a session besides a checked password.
 * `proven`: whether it shows that the person holds the mailbox of the account.
 */
export type Opener = Readonly<{
  opener: Exclude<SessionOpener, 'access_token'>;
  proven: boolean;
}>;

/** The way in which a person has signed in, as GoTrue names it: `password`, `otp`, `magiclink`, `oauth`, … */
export type SignInMethod = Omit<UsedMethod, 'timestamp'>;

export const newPassword: Opener = { opener: 'password', proven: false };
export const mailedToken: Opener = { opener: 'mailed_token', proven: true };

/** A sign-in: the person, their device, and what they signed in with. */
export type Opening = {
  userId: string;
  device: Device;
  action: 'signup' | 'login';
  /** A checked password, with its hash, or what else opens the session. */
  by: { passwordHash: string } | Opener;
  /** Unless given: `password` for a password, `otp` for a mailed token. */
  method?: SignInMethod;
  /** What CLAIMS_SQL returned for the user, in this transaction. */
  claims: ApplicationClaims;
  /** Whether the device has shown its mark: then no notice is mailed. */
  knownDevice?: boolean;
};

type OpenedRow = TeamRow & { user_roles: string | null };

type OpeningDeps = {
  config: Pick<Config, 'sessions' | 'webhooks' | 'secondFactor'>;
  refreshTokens: RefreshTokens;
};

/**
 * Opens a session with its first refresh token, in one statement. A person who has signed in on another device before gets a
 * notice by mail. The session is proven if what opens it is: a proven password, or a mailed token.
 *
 * @throws AuthError `invalid_credentials` if the person was just disabled, or their password just changed or suspended
 */
export async function openSession(
  db: Queryable,
  { config, refreshTokens: tokens }: OpeningDeps,
  { userId, device, action, by, method = methodOf(by), claims, knownDevice = false }: Opening,
): Promise<OpenedSession> {
  const sessionId = uuidv7();
  const refreshToken = tokens.first(sessionId);
  const { refreshTtlSeconds, ttlSeconds } = config.sessions;
  const openedBy: SessionOpener = 'opener' in by ? by.opener : 'password';
  const [opened] = await db.execute<OpenedRow>(sql`
    with permitted as (
      ${permission(userId, by)}
    ), member as (
      select m.team_id, m.role from ${memberships} m join ${teams} t on t.id = m.team_id
      where m.user_id = (select id from permitted) order by m.created_at, m.team_id limit 1 for key share of t, m
    ), opened as (
      insert into ${sessions} (id, user_id, active_team_id, user_agent, address, expires_at, opened_by, proven_at, methods)
      select ${sessionId}::uuid, permitted.id, (select team_id from member), ${storableUserAgent(device.userAgent)},
        ${device.address}::inet, now() + make_interval(secs => ${ttlSeconds}), ${openedBy},
        case when permitted.proven then now() end,
        jsonb_build_array(${JSON.stringify(method)}::text::jsonb
          || jsonb_build_object('timestamp', floor(extract(epoch from now()))::bigint))
      from permitted
      returning id
    ), recorded as (
      ${insertSecurityEvent({ action, userId, sessionId, device }, sql`opened`)}
    ), issued as (
      insert into ${refreshTokens} (token_hash, session_id, expires_at)
      select ${sha256(refreshToken)}, id,
        now() + make_interval(secs => ${Math.min(refreshTtlSeconds, ttlSeconds)}) from opened
    ), noticed as (
      ${insertMailJob({ kind: 'new_sign_in', userId, sessionId }, knownDevice ? sql`false` : isNewDevice(userId, device))}
    ), announced as (
      ${announcement({ config }, { userId, sessionId, action })}
    )
    select member.team_id, member.role, (select count(*) from noticed) as notices,
      (select string_agg(role, ',' order by role) from ${rolesOfUsers} where user_id = ${userId}) as user_roles,
      (select string_agg(role, ',' order by role) from ${rolesOfMembers}
        where user_id = ${userId} and team_id = member.team_id) as member_roles,
      (select count(*) from announced) as webhooks
    from opened left join member on true`);
  if (opened === undefined) throw new AuthError('invalid_credentials');
  const roles = splitRoles(opened.user_roles);
  const held = { team: teamOf(opened), roles, claims };
  return { sessionId, refreshToken, ...held, level: 'aal1', secondsLeft: ttlSeconds };
}

const methodOf = (by: Opening['by']): SignInMethod => ({
  method: 'opener' in by && by.opener !== 'password' ? methods[by.opener] : 'password',
});

const methods = {
  mailed_token: 'otp',
  phone_code: 'otp',
  provider: 'oauth',
  anonymous: 'anonymous',
} as const;

/**
 * Locks the account until the session is inserted: a password reset, a disabling or a deletion then finds the session
 * and ends it. The statement also sees a change that came first: it reads the locked rows as they are now, not as they
 * were when the password was checked. The team is locked after the account (src/db/README.md has the order of locks).
 */
const permission = (userId: string, by: Opening['by']): SQL =>
  'opener' in by
    ? sql`select u.id, ${by.proven}::boolean as proven from ${users} u
        where u.id = ${userId} and u.disabled_at is null for share of u`
    : sql`select u.id, p.proven_at is not null as proven from ${users} u join ${passwords} p on p.user_id = u.id
        where u.id = ${userId} and u.disabled_at is null
          and p.hash = ${by.passwordHash} and p.suspended_at is null for share of u, p`;

/** Queues the webhook of a sign-in. A sign-up has one of its own. A sign-in that waits for a second factor is announced after it. */
const announcement = (
  deps: Pick<OpeningDeps, 'config'>,
  { userId, sessionId, action }: { userId: string; sessionId: string; action: Opening['action'] },
): SQL =>
  insertWebhookJobs(
    deps,
    { type: 'user.signed_in', data: { userId, sessionId } },
    sql`opened where ${action === 'login'}::boolean
      and not (${deps.config.secondFactor.required}::boolean and ${hasSecondFactor(sql`${userId}::uuid`)})`,
  );

/**
 * True if the person has signed in before, but not with this user agent from this address. An unknown address always
 * counts as new; otherwise no sign-in through Hasura would cause a notice.
 */
const isNewDevice = (userId: string, { userAgent, address }: Device): SQL => sql`
  exists (select from opened) and exists (select from ${sessions} where user_id = ${userId})
  and not exists (
    select from ${sessions} where user_id = ${userId}
      and user_agent is not distinct from ${storableUserAgent(userAgent)}
      and address = ${address}::inet)`;
