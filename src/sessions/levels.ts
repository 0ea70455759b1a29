import { and, asc, eq, inArray, ne, type SQL, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { type Device, storableUserAgent } from '../audit/device.ts';
import type { ApplicationClaims } from '../claims/claims.ts';
import type { Config } from '../config/config.ts';
import { sha256 } from '../crypto/secrets.ts';
import type { Transaction } from '../db/client.ts';
import { rolesOfMembers, rolesOfUsers } from '../db/tables/roles.ts';
import { refreshTokens, sessions } from '../db/tables/sessions.ts';
import { memberships, teams } from '../db/tables/teams.ts';
import { splitRoles } from '../roles/token-roles.ts';
import type { OpenedSession } from './opening.ts';
import type { RefreshTokens } from './refresh-token-format.ts';
import { type TeamRow, teamOf } from './team-row.ts';

/** The ways of showing a second factor, as the claim `amr` names them. */
export const SECOND_FACTOR_METHODS = ['totp', 'recovery_code'] as const;
export type SecondFactorMethod = (typeof SECOND_FACTOR_METHODS)[number];

type Raising = {
  userId: string;
  /** The session of the first factor. */
  sessionId: string;
  device: Device;
  method: SecondFactorMethod;
  /** What CLAIMS_SQL returned for the user, in this transaction. */
  claims: ApplicationClaims;
};

type RaisedRow = TeamRow & { user_roles: string | null; seconds_left: number };

/**
 * Replaces a live session by one at level `aal2`, in one statement. The session gets a new id and a new refresh token, and its
 * former tokens end: a person who stole them before must not gain the second factor. The active team, the absolute end, and what opened
 * the session stay. The transaction has locked the account.
 * @returns null if the session has ended
 */
export async function raiseSession(
  tx: Transaction,
  { config, refreshTokens: tokens }: { config: Pick<Config, 'sessions'>; refreshTokens: RefreshTokens },
  { userId, sessionId: formerId, device, method, claims }: Raising,
): Promise<OpenedSession | null> {
  const sessionId = uuidv7();
  const refreshToken = tokens.first(sessionId);
  const [raised] = await tx.execute<RaisedRow>(sql`
    with member as (
      select m.team_id, m.role from ${memberships} m join ${teams} t on t.id = m.team_id
      where m.user_id = ${userId}
      order by m.team_id is not distinct from (select active_team_id from ${sessions} where id = ${formerId}) desc,
        m.created_at, m.team_id limit 1 for key share of t, m
    ), former as (
      update ${sessions} set revoked_at = now()
      where id = ${formerId} and user_id = ${userId} and opened_by <> 'access_token'
        and revoked_at is null and expires_at > now() and (select count(*) from member) >= 0
      returning user_id, expires_at, opened_by, proven_at, created_at, methods
    ), raised as (
      insert into ${sessions}
        (id, user_id, active_team_id, user_agent, address, expires_at, opened_by, proven_at, methods, level)
      select ${sessionId}::uuid, user_id, (select team_id from member), ${storableUserAgent(device.userAgent)},
        ${device.address}::inet, expires_at, opened_by, proven_at, ${methodsWith(method)}, 'aal2'
      from former
      returning id, expires_at
    ), issued as (
      insert into ${refreshTokens} (token_hash, session_id, expires_at)
      select ${sha256(refreshToken)}, id,
        least(now() + make_interval(secs => ${config.sessions.refreshTtlSeconds}), expires_at) from raised
    )
    select member.team_id, member.role, floor(extract(epoch from raised.expires_at - now()))::int as seconds_left,
      (select string_agg(role, ',' order by role) from ${rolesOfUsers} where user_id = ${userId}) as user_roles,
      (select string_agg(role, ',' order by role) from ${rolesOfMembers}
        where user_id = ${userId} and team_id = member.team_id) as member_roles
    from raised left join member on true`);
  if (raised === undefined) return null;
  const held = { team: teamOf(raised), roles: splitRoles(raised.user_roles), claims };
  return { sessionId, refreshToken, ...held, level: 'aal2', secondsLeft: raised.seconds_left };
}

/** The methods of the former session, with the second factor first. An earlier version stored only what opened the session. */
const methodsWith = (method: SecondFactorMethod): SQL => sql`
  jsonb_build_array(jsonb_build_object('method', ${method}::text, 'timestamp', floor(extract(epoch from now()))::bigint))
  || case when methods = '[]' then jsonb_build_array(jsonb_build_object(
      'method', case opened_by when 'password' then 'password' else 'otp' end,
      'timestamp', floor(extract(epoch from created_at))::bigint))
    else (select coalesce(jsonb_agg(used order by place), '[]')
      from jsonb_array_elements(methods) with ordinality as each (used, place) where used ->> 'method' <> ${method}) end`;

/**
 * Takes the second factor from the sign-ins of a person, after a factor was removed. Personal access tokens keep their level. The
 * transaction has locked the account.
 * @param input.keptSession a session that keeps its level; null if all lose it
 */
export async function lowerSessions(
  tx: Transaction,
  { userId, keptSession }: { userId: string; keptSession: string | null },
): Promise<void> {
  const raised = and(
    eq(sessions.userId, userId),
    eq(sessions.level, 'aal2'),
    ne(sessions.openedBy, 'access_token'),
    keptSession === null ? undefined : ne(sessions.id, keptSession),
  );
  const locked = tx
    .select({ id: sessions.id })
    .from(sessions)
    .where(raised)
    .orderBy(asc(sessions.id))
    .for('no key update');
  await tx
    .update(sessions)
    .set({
      level: 'aal1',
      methods: sql`(select coalesce(jsonb_agg(used order by place), '[]')
        from jsonb_array_elements(${sessions.methods}) with ordinality as each (used, place)
        where used ->> 'method' not in ${SECOND_FACTOR_METHODS})`,
    })
    .where(and(raised, inArray(sessions.id, locked)));
}
