import { type Device, storableUserAgent } from '../audit/device.ts';
import type { Config } from '../config/config.ts';
import { sha256 } from '../crypto/secrets.ts';
import {
  type ExchangeDeps,
  KEPT_GENERATIONS,
  KEPT_SECONDS,
  REFRESH_BURST,
  type Repeat,
  type Rotation,
  refreshed,
  type SessionRow,
} from './rotation.ts';

/**
 * How long the parent of an unused live token stays good for the device that exchanged it. The answer with the live
 * token may be lost, and the client may retry much later.
 */
const LOST_ANSWER_SECONDS = 86_400;

/** The maximum number of successors to follow: as many as one session may exchange within the reuse interval. */
const MAX_STEPS = REFRESH_BURST + 100;

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

/** Finds out why a token is not live: it was exchanged just now or long ago, or it is not valid. */
export async function recognizeSpentToken(
  deps: ExchangeDeps,
  device: Device,
  token: string,
): Promise<Rotation> {
  const [known] = await deps.client<KnownToken[]>`
    select t.session_id, t.generation, t.rotated_at is not null as rotated,
      extract(epoch from now() - t.rotated_at)::float8 as seconds_ago,
      t.user_agent as exchanged_by, host(t.address) as exchanged_from,
      (select max(l.generation) from portcullis_private.refresh_tokens l
        where l.session_id = t.session_id and l.rotated_at is null) - t.generation as age,
      t.expires_at > now() and s.revoked_at is null and s.expires_at > now() and u.disabled_at is null as usable,
      floor(extract(epoch from s.expires_at - now()))::int as seconds_left,
      s.user_id, s.level, u.id, u.email, u.name, u.email_verified_at, u.created_at, u.updated_at, m.team_id, m.role,
      exists (select from portcullis_private.second_factors
        where user_id = u.id and verified_at is not null) as has_second_factor,
      (select string_agg(role, ',' order by role) from portcullis.user_roles where user_id = u.id) as user_roles,
      (select string_agg(role, ',' order by role) from portcullis.membership_roles
        where user_id = u.id and team_id = m.team_id) as member_roles
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
async function recognizeDeleted({ client, refreshTokens }: ExchangeDeps, token: string): Promise<Rotation> {
  const sessionId = refreshTokens.sessionOf(token);
  if (sessionId === null) return { kind: 'invalid' };
  const [session] = await client<{ user_id: string }[]>`
    select user_id from portcullis.sessions where id = ${sessionId} and revoked_at is null and expires_at > now()`;
  return session === undefined ? { kind: 'invalid' } : { kind: 'stale', sessionId, userId: session.user_id };
}

/** Derives the successors of a token up to the live one, each checked against its stored hash. Null if that fails. */
async function followSuccessors(
  { client, refreshTokens }: ExchangeDeps,
  from: KnownToken,
  token: string,
): Promise<string | null> {
  const rows = await client<{ token_hash: Buffer; live: boolean }[]>`
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
