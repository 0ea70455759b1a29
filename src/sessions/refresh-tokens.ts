import { sql } from 'drizzle-orm';
import { type Device, storableUserAgent } from '../audit/device.ts';
import type { Config } from '../config/config.ts';
import { sha256 } from '../crypto/secrets.ts';
import type { Database, Queryable } from '../db/client.ts';
import type { MembershipRole } from '../db/tables/teams.ts';
import type { User } from '../users/users.ts';
import type { RefreshTokens } from './refresh-token-format.ts';

/**
 * How long the parent of an unused live token stays good for the device that exchanged it. The answer with the live
 * token may be lost, and the client may retry much later.
 */
const LOST_ANSWER_SECONDS = 86_400;

/** A spent token is kept for at least ten exchanges and 24 hours, so that its reuse is recognised. */
const KEPT_GENERATIONS = 10;
const KEPT_SECONDS = 86_400;
/** Deletion starts this much later, so that it deletes several tokens at once. */
const KEPT_SLACK_SECONDS = 3600;

/** Rate limit of a session: a burst of refreshes, then one in ten seconds. It bounds the number of stored tokens. */
const REFRESH_BURST = 500;
const SECONDS_PER_REFRESH = 10;

/** The maximum number of successors to follow: as many as one session may exchange within the reuse interval. */
const MAX_STEPS = REFRESH_BURST + 100;

export type RefreshedSession = {
  kind: 'refreshed';
  sessionId: string;
  user: User;
  team: { teamId: string; role: MembershipRole } | null;
  refreshToken: string;
  /** Seconds until the absolute end of the session. */
  secondsLeft: number;
  /** How a repeat differs from the exchange that it repeats; null for a first exchange. */
  repeat: Repeat | null;
};

/** The use of a token that was exchanged before. */
type Repeat = {
  /** Whether the repeat came after the reuse interval. */
  late: boolean;
  /** Whether the user agent is not that of the exchange; `otherAddress` tells the same about the address. */
  otherUserAgent: boolean;
  otherAddress: boolean;
};

/** The result of presenting a token. The caller records a theft before it answers. */
export type Rotation =
  | RefreshedSession
  | { kind: 'invalid' }
  /** The token was spent so long ago that the session continues. */
  | { kind: 'stale'; sessionId: string; userId: string }
  | { kind: 'too_often' }
  | { kind: 'reused'; sessionId: string; userId: string };

type RotationDeps = {
  db: Database;
  config: Pick<Config, 'sessions'>;
  refreshTokens: RefreshTokens;
  rateLimited: boolean;
};

type SessionRow = {
  session_id: string;
  generation: number;
  id: string;
  email: string | null;
  name: string | null;
  email_verified_at: string | null;
  created_at: string;
  updated_at: string;
  team_id: string | null;
  role: MembershipRole | null;
  seconds_left: number;
};

const moment = (text: string): Date => new Date(text);

function refreshed(row: SessionRow, refreshToken: string, repeat: Repeat | null): RefreshedSession {
  const { session_id: sessionId, team_id: teamId, role, id, email, name } = row;
  const user: User = {
    id,
    email,
    name,
    emailVerifiedAt: row.email_verified_at === null ? null : moment(row.email_verified_at),
    disabledAt: null, // both queries find enabled users only
    createdAt: moment(row.created_at),
    updatedAt: moment(row.updated_at),
  };
  const team = teamId === null || role === null ? null : { teamId, role };
  return { kind: 'refreshed', sessionId, user, team, refreshToken, secondsLeft: row.seconds_left, repeat };
}

/**
 * Exchanges a refresh token for its successor, in one statement (RFC 9700 4.14.2).
 *
 * - A repeat within the reuse interval gets the session's live token, even after further exchanges.
 * - After the interval, the parent of the live token still gets it for 24 hours, from the same user agent: the client never
 *   got the answer.
 * - The use of any other spent token is reported as reused.
 * - A token that was spent ten exchanges and 24 hours ago is reported as stale.
 */
export async function rotateRefreshToken(
  deps: RotationDeps,
  device: Device,
  token: string,
): Promise<Rotation> {
  const successor = deps.refreshTokens.successorOf(token);
  const row = await exchange(deps, device, { token, successor });
  return row === null ? recognize(deps, device, token) : refreshed(row, successor, null);
}

/**
 * Exchanges the live token of a live session, and deletes tokens that need no recognition any more. Null if the token is not
 * live: of many requests at once, one finds it live. Locks the session before its tokens (src/db/README.md).
 */
async function exchange(
  { db, config, rateLimited }: RotationDeps,
  { userAgent, address }: Device,
  { token, successor }: { token: string; successor: string },
): Promise<SessionRow | null> {
  const [row] = await db.$client<SessionRow[]>`
    with live as (
      select s.active_team_id, s.expires_at as session_end, s.created_at as session_start,
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
    select p.session_id, p.generation, p.id, p.email, p.name, p.email_verified_at, p.created_at, p.updated_at,
      floor(extract(epoch from p.session_end - now()))::int as seconds_left, m.team_id, m.role
    from presented p left join lateral (
      select team_id, role from portcullis.memberships where user_id = p.id
      order by team_id is not distinct from p.active_team_id desc, created_at, team_id limit 1) m on true`;
  return row ?? null;
}

type KnownToken = SessionRow & {
  rotated: boolean;
  seconds_ago: number | null;
  usable: boolean;
  user_id: string;
  /** How many exchanges ago the token was spent, counted back from the live token. */
  age: number | null;
  exchanged_by: string | null;
  exchanged_from: string | null;
};

/** Finds out why the token was not live: it was exchanged just now or long ago, or it is not valid. */
async function recognize(deps: RotationDeps, device: Device, token: string): Promise<Rotation> {
  const [known] = await deps.db.$client<KnownToken[]>`
    select t.session_id, t.generation, t.rotated_at is not null as rotated,
      extract(epoch from now() - t.rotated_at)::float8 as seconds_ago,
      t.user_agent as exchanged_by, host(t.address) as exchanged_from,
      (select max(l.generation) from portcullis_private.refresh_tokens l
        where l.session_id = t.session_id and l.rotated_at is null) - t.generation as age,
      t.expires_at > now() and s.revoked_at is null and s.expires_at > now() and u.disabled_at is null as usable,
      floor(extract(epoch from s.expires_at - now()))::int as seconds_left,
      s.user_id, u.id, u.email, u.name, u.email_verified_at, u.created_at, u.updated_at, m.team_id, m.role
    from portcullis_private.refresh_tokens t
    join portcullis.sessions s on s.id = t.session_id
    join portcullis.users u on u.id = s.user_id
    left join lateral (
      select team_id, role from portcullis.memberships where user_id = u.id
      order by team_id is not distinct from s.active_team_id desc, created_at, team_id limit 1) m on true
    where t.token_hash = ${sha256(token)}`;
  if (known === undefined) return recognizeDeleted(deps, token);
  if (!known.usable) return { kind: 'invalid' };
  if (!known.rotated) return { kind: 'too_often' };
  const repeat = compare(deps.config.sessions, device, known);
  if (isStale(known)) return { kind: 'stale', sessionId: known.session_id, userId: known.user_id };
  if (repeat.late && !isLostAnswer(known, repeat))
    return { kind: 'reused', sessionId: known.session_id, userId: known.user_id };
  const live = await followSuccessors(deps, known, token);
  return live === null ? { kind: 'invalid' } : refreshed(known, live, repeat);
}

function compare(
  { reuseIntervalSeconds }: Config['sessions'],
  { userAgent, address }: Device,
  { seconds_ago, exchanged_by, exchanged_from }: KnownToken,
): Repeat {
  return {
    late: (seconds_ago ?? 0) > reuseIntervalSeconds,
    otherUserAgent: storableUserAgent(userAgent) !== exchanged_by,
    otherAddress: address !== exchanged_from,
  };
}

/** An unknown user agent does not equal another unknown one. */
const isLostAnswer = ({ age, seconds_ago, exchanged_by }: KnownToken, { otherUserAgent }: Repeat): boolean =>
  age === 1 && exchanged_by !== null && !otherUserAgent && (seconds_ago ?? 0) <= LOST_ANSWER_SECONDS;

const isStale = ({ age, seconds_ago }: KnownToken): boolean =>
  (age ?? 0) > KEPT_GENERATIONS && (seconds_ago ?? 0) > KEPT_SECONDS;

/** Classifies a token that is not stored: its tag tells whether the gateway made it. */
async function recognizeDeleted({ db, refreshTokens }: RotationDeps, token: string): Promise<Rotation> {
  const sessionId = refreshTokens.sessionOf(token);
  if (sessionId === null) return { kind: 'invalid' };
  const [session] = await db.$client<{ user_id: string }[]>`
    select user_id from portcullis.sessions where id = ${sessionId} and revoked_at is null and expires_at > now()`;
  return session === undefined ? { kind: 'invalid' } : { kind: 'stale', sessionId, userId: session.user_id };
}

/** Derives the successors of a token up to the live one, each checked against its stored hash. Null if that fails. */
async function followSuccessors(
  { db, refreshTokens }: RotationDeps,
  from: KnownToken,
  token: string,
): Promise<string | null> {
  const rows = await db.$client<{ token_hash: Buffer; live: boolean }[]>`
    select token_hash, rotated_at is null as live from portcullis_private.refresh_tokens
    where session_id = ${from.session_id} and generation > ${from.generation} order by generation limit ${MAX_STEPS}`;
  let current = token;
  for (const row of rows) {
    const next = refreshTokens
      .successorsOf(current)
      .find((candidate) => sha256(candidate).equals(row.token_hash));
    if (next === undefined) return null;
    if (row.live) return next;
    current = next;
  }
  return null;
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
