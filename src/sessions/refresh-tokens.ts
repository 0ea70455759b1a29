import { sql } from 'drizzle-orm';
import { createSecretDeriver, type SecretDeriver } from '../crypto/derived-secrets.ts';
import { sha256 } from '../crypto/secrets.ts';
import type { Database, Queryable } from '../db/client.ts';
import type { MembershipRole } from '../teams/tables.ts';
import type { User } from '../users/users.ts';
import type { SessionSettings } from './sessions.ts';

/**
 * Refresh tokens of one session follow each other: every use exchanges the token for its successor. The successor is
 * derived from the token under a key that only the gateway has, so whoever asks twice (several tabs, a lost answer) gets
 * the same one, and there is one live token per session however many ask.
 */
export const createSuccessorDeriver = (keys: readonly Uint8Array[]): SecretDeriver =>
  createSecretDeriver(keys, 'refresh token', 'prt');

/** For how long the use of an exchanged token is a repetition; later it is a theft (RFC 9700 4.14.2). */
export const REFRESH_GRACE_SECONDS = 30;

/** A session may refresh this often at once, and this often in the long run: what it leaves behind stays bounded. */
const REFRESH_BURST = 500;
const SECONDS_PER_REFRESH = 10;

/** Tokens of one session that were exchanged within the grace: as many as may be walked through. */
const MAX_STEPS = REFRESH_BURST + 100;

export type RefreshedSession = {
  kind: 'refreshed';
  sessionId: string;
  user: User;
  team: { teamId: string; role: MembershipRole } | null;
  refreshToken: string;
};

/** What came of presenting a token. A theft is recorded by the caller, and only then answered. */
export type Rotation =
  | RefreshedSession
  | { kind: 'invalid' }
  | { kind: 'too_often' }
  | { kind: 'reused'; sessionId: string; userId: string };

type RotationDeps = {
  db: Database;
  sessions: SessionSettings;
  successors: SecretDeriver;
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
};

const moment = (text: string): Date => new Date(text);

function refreshed(row: SessionRow, refreshToken: string): RefreshedSession {
  const { session_id: sessionId, team_id: teamId, role, id, email, name } = row;
  const user: User = {
    id,
    email,
    name,
    emailVerifiedAt: row.email_verified_at === null ? null : moment(row.email_verified_at),
    disabledAt: null, // or the row would not have been found
    createdAt: moment(row.created_at),
    updatedAt: moment(row.updated_at),
  };
  const team = teamId === null || role === null ? null : { teamId, role };
  return { kind: 'refreshed', sessionId, user, team, refreshToken };
}

/**
 * Exchanges a refresh token for its successor, in one statement. A repetition within the grace ends with the session's
 * live token, however many exchanges ago it was; the use of an older one is reported as reused.
 */
export async function rotateRefreshToken(deps: RotationDeps, token: string): Promise<Rotation> {
  const row = await exchange(deps, token);
  if (row !== null) return refreshed(row, deps.successors.derive(token));
  return recognize(deps, token);
}

/**
 * The statement: exchange the live token of a live session. Of many at once, one finds it live. The session is locked before
 * its token, as src/db/README.md has it.
 */
async function exchange(
  { db, sessions, successors, rateLimited }: RotationDeps,
  token: string,
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
      update portcullis_private.refresh_tokens t set rotated_at = now() from live
      where t.token_hash = ${sha256(token)} and t.rotated_at is null
        and (not ${rateLimited}::boolean or t.generation
          < ${REFRESH_BURST}::int + extract(epoch from now() - session_start) / ${SECONDS_PER_REFRESH}::int)
      returning t.session_id, t.generation, live.*
    ), issued as (
      insert into portcullis_private.refresh_tokens (token_hash, session_id, generation, expires_at)
      select ${sha256(successors.derive(token))}, session_id, generation + 1,
        least(now() + make_interval(secs => ${sessions.refreshTtlSeconds}::int), session_end) from presented
    ), touched as (
      update portcullis.sessions set last_used_at = now() where id = (select session_id from presented)
    )
    select p.session_id, p.generation, p.id, p.email, p.name, p.email_verified_at, p.created_at, p.updated_at,
      m.team_id, m.role
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
};

/** Why the token was not live: exchanged just now, exchanged long ago, or no good at all. */
async function recognize(deps: RotationDeps, token: string): Promise<Rotation> {
  const [known] = await deps.db.$client<KnownToken[]>`
    select t.session_id, t.generation, t.rotated_at is not null as rotated,
      extract(epoch from now() - t.rotated_at)::float8 as seconds_ago,
      t.expires_at > now() and s.revoked_at is null and s.expires_at > now() and u.disabled_at is null as usable,
      s.user_id, u.id, u.email, u.name, u.email_verified_at, u.created_at, u.updated_at, m.team_id, m.role
    from portcullis_private.refresh_tokens t
    join portcullis.sessions s on s.id = t.session_id
    join portcullis.users u on u.id = s.user_id
    left join lateral (
      select team_id, role from portcullis.memberships where user_id = u.id
      order by team_id is not distinct from s.active_team_id desc, created_at, team_id limit 1) m on true
    where t.token_hash = ${sha256(token)}`;
  if (known === undefined || !known.usable) return { kind: 'invalid' };
  if (!known.rotated) return { kind: 'too_often' };
  if ((known.seconds_ago ?? 0) > REFRESH_GRACE_SECONDS)
    return { kind: 'reused', sessionId: known.session_id, userId: known.user_id };
  const live = await followSuccessors(deps, known, token);
  return live === null ? { kind: 'invalid' } : refreshed(known, live);
}

/** Derives successor after successor until the live one, each checked against what is stored. */
async function followSuccessors(
  { db, successors }: RotationDeps,
  from: KnownToken,
  token: string,
): Promise<string | null> {
  const rows = await db.$client<{ token_hash: Buffer; live: boolean }[]>`
    select token_hash, rotated_at is null as live from portcullis_private.refresh_tokens
    where session_id = ${from.session_id} and generation > ${from.generation} order by generation limit ${MAX_STEPS}`;
  let current = token;
  for (const row of rows) {
    const next = successors.deriveAll(current).find((candidate) => sha256(candidate).equals(row.token_hash));
    if (next === undefined) return null;
    if (row.live) return next;
    current = next;
  }
  return null;
}

/** Which session a refresh token belongs to, live or not: for logging out with nothing else at hand. */
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
