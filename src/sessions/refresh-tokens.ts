import { sql } from 'drizzle-orm';
import { type Device, storableUserAgent } from '../audit/device.ts';
import { sha256 } from '../crypto/secrets.ts';
import type { Queryable } from '../db/client.ts';
import type { StatementClient } from '../db/driver/postgres.ts';
import {
  type ExchangeDeps,
  KEPT_GENERATIONS,
  KEPT_SECONDS,
  REFRESH_BURST,
  type Rotation,
  type RotationDeps,
  type RotationWithClaims,
  refreshed,
  type SessionRow,
} from './rotation.ts';
import { recognizeSpentToken } from './spent-refresh-tokens.ts';

/** The rate limit of a session: a burst of refreshes, then one in ten seconds. It bounds the number of stored tokens. */
const SECONDS_PER_REFRESH = 10;

/** Deletion starts this much later, so that it deletes several tokens at once. */
const KEPT_SLACK_SECONDS = 3600;

/**
 * Exchanges a refresh token for its successor, in one statement (RFC 9700 4.14.2).
 *
 * - A repeat within the reuse interval gets the session's live token, even after further exchanges.
 * - After the interval, the parent of the live token still gets it for 24 hours, from the same user agent: the client never
 *   got the answer.
 * - The use of any other spent token is reported as reused.
 * - A token that was spent ten exchanges and 24 hours ago is reported as stale.
 *
 * With CLAIMS_SQL it is a transaction, which reads the claims before it spends a live token. It looks at another token first: that
 * spends nothing, and a theft is found even if the claims cannot be read.
 * @throws AuthError `claims_failed`
 */
export async function rotateRefreshToken(
  { db, claims: reader, ...others }: RotationDeps,
  device: Device,
  token: string,
): Promise<RotationWithClaims> {
  if (reader === null)
    return { rotation: await rotateIn({ ...others, client: db.$client }, device, token), claims: {} };
  return db.$client.begin(async (client): Promise<RotationWithClaims> => {
    const userId = await findUserOfLiveToken(client, token);
    const early = userId === null ? null : await reader.read(client, userId);
    const rotation = await rotateIn({ ...others, client }, device, token);
    if (rotation.kind !== 'refreshed') return { rotation, claims: {} };
    return { rotation, claims: early ?? (await reader.read(client, rotation.user.id)) };
  });
}

async function rotateIn(deps: ExchangeDeps, device: Device, token: string): Promise<Rotation> {
  const successor = deps.refreshTokens.successorOf(token);
  const row = await exchange(deps, device, { token, successor });
  return row === null ? recognizeSpentToken(deps, device, token) : refreshed(row, successor, null);
}

/**
 * Exchanges the live token of a live session, and deletes tokens that need no recognition any more. Null if the token is not
 * live: of many requests at once, one finds it live. Locks the session before its tokens (src/db/README.md).
 */
async function exchange(
  { client, config, rateLimited }: ExchangeDeps,
  { userAgent, address }: Device,
  { token, successor }: { token: string; successor: string },
): Promise<SessionRow | null> {
  const [row] = await client<SessionRow[]>`
    with live as (
      select s.active_team_id, s.level, s.expires_at as session_end, s.created_at as session_start,
        u.id, u.email, u.name, u.email_verified_at, u.created_at, u.updated_at
      from portcullis_private.refresh_tokens t
      join portcullis.sessions s on s.id = t.session_id
      join portcullis.users u on u.id = s.user_id
      where t.token_hash = ${sha256(token)} and t.rotated_at is null and t.expires_at > now()
        and s.revoked_at is null and s.expires_at > now() and u.disabled_at is null
      for no key update of s
    ), presented as (
      update portcullis_private.refresh_tokens t set rotated_at = now(),
        user_agent = ${storableUserAgent(userAgent)}::text, address = ${address}::inet
      from live
      where t.token_hash = ${sha256(token)} and t.rotated_at is null
        and (not ${rateLimited}::boolean or t.generation
          < ${REFRESH_BURST}::int + extract(epoch from now() - session_start) / ${SECONDS_PER_REFRESH}::int)
      returning t.session_id, t.generation, live.*
    ), issued as (
      insert into portcullis_private.refresh_tokens (token_hash, session_id, generation, expires_at)
      select ${sha256(successor)}, session_id, generation + 1,
        least(now() + make_interval(secs => ${config.sessions.refreshTtlSeconds}::int), session_end) from presented
    ), touched as (
      update portcullis.sessions set last_used_at = now() where id = (select session_id from presented)
    ), forgotten as (
      delete from portcullis_private.refresh_tokens t using presented p
      where t.session_id = p.session_id and t.generation < p.generation - ${KEPT_GENERATIONS}::int
        and t.rotated_at < now() - make_interval(secs => ${KEPT_SECONDS}::int)
        and (select o.rotated_at from portcullis_private.refresh_tokens o where o.session_id = p.session_id
          order by o.generation limit 1) < now() - make_interval(secs => ${KEPT_SECONDS + KEPT_SLACK_SECONDS}::int)
    )
    select p.session_id, p.generation, p.id, p.email, p.name, p.email_verified_at, p.created_at, p.updated_at, p.level,
      exists (select from portcullis_private.second_factors
        where user_id = p.id and verified_at is not null) as has_second_factor,
      floor(extract(epoch from p.session_end - now()))::int as seconds_left, m.team_id, m.role,
      (select string_agg(role, ',' order by role) from portcullis.user_roles where user_id = p.id) as user_roles,
      (select string_agg(role, ',' order by role) from portcullis.membership_roles
        where user_id = p.id and team_id = m.team_id) as member_roles
    from presented p left join lateral (
      select team_id, role from portcullis.memberships where user_id = p.id
      order by team_id is not distinct from p.active_team_id desc, created_at, team_id limit 1) m on true`;
  return row ?? null;
}

/** Finds the user of a refresh token that can be exchanged; null if the token is spent or not valid. */
async function findUserOfLiveToken(client: StatementClient, token: string): Promise<string | null> {
  const [live] = await client<{ user_id: string }[]>`
    select s.user_id from portcullis_private.refresh_tokens t
    join portcullis.sessions s on s.id = t.session_id
    join portcullis.users u on u.id = s.user_id
    where t.token_hash = ${sha256(token)} and t.rotated_at is null and t.expires_at > now()
      and s.revoked_at is null and s.expires_at > now() and u.disabled_at is null`;
  return live?.user_id ?? null;
}

/** Finds the session of a refresh token, live or not, to log out without an access token. Null if not found. */
export async function findSessionOfRefreshToken(
  db: Queryable,
  token: string,
): Promise<{ sessionId: string; userId: string } | null> {
  const [found] = await db.execute<{ session_id: string; user_id: string }>(sql`
    select s.id as session_id, s.user_id from portcullis_private.refresh_tokens t
    join portcullis.sessions s on s.id = t.session_id
    where t.token_hash = ${sha256(token)}`);
  return found === undefined ? null : { sessionId: found.session_id, userId: found.user_id };
}
