import type { ApplicationClaims, ClaimsReader } from '../claims/claims.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/client.ts';
import type { StatementClient } from '../db/driver/postgres.ts';
import type { AssuranceLevel } from '../db/tables/sessions.ts';
import { splitRoles } from '../roles/token-roles.ts';
import type { User } from '../users/users.ts';
import type { RefreshTokens } from './refresh-token-format.ts';
import { type TeamRow, teamOf } from './team-row.ts';
import type { TokenTeam } from './tokens.ts';

/** A spent token is kept for at least ten exchanges and 24 hours, so that its reuse is recognised. */
export const KEPT_GENERATIONS = 10;
export const KEPT_SECONDS = 86_400;

/** The burst of refreshes that the rate limit of a session allows. */
export const REFRESH_BURST = 500;

export type RefreshedSession = {
  kind: 'refreshed';
  sessionId: string;
  user: User;
  team: TokenTeam | null;
  /** The roles of Hasura that the operator gave to the user. */
  roles: string[];
  level: AssuranceLevel;
  /** Whether the user has a verified second factor. */
  hasSecondFactor: boolean;
  refreshToken: string;
  /** Seconds until the absolute end of the session. */
  secondsLeft: number;
  /** How a repeat differs from the exchange that it repeats; null for a first exchange. */
  repeat: Repeat | null;
};

/** The use of a token that was exchanged before. */
export type Repeat = {
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

/** What an exchange works with: a client, or the transaction that also reads claims. */
export type ExchangeDeps = {
  client: StatementClient;
  config: Pick<Config, 'sessions'>;
  refreshTokens: RefreshTokens;
  rateLimited: boolean;
};

export type RotationDeps = Omit<ExchangeDeps, 'client'> & { db: Database; claims: ClaimsReader | null };

/** The result, and the claims of the user if the session was refreshed. */
export type RotationWithClaims = { rotation: Rotation; claims: ApplicationClaims };

/** A session and its user, as both queries select them. */
export type SessionRow = TeamRow & {
  session_id: string;
  generation: number;
  id: string;
  email: string | null;
  name: string | null;
  email_verified_at: string | null;
  created_at: string;
  updated_at: string;
  /** The roles of Hasura that the operator gave to the user, separated by commas. */
  user_roles: string | null;
  level: AssuranceLevel;
  has_second_factor: boolean;
  seconds_left: number;
};

const moment = (text: string): Date => new Date(text);

/** Makes the result from a row of either query. */
export function refreshed(row: SessionRow, refreshToken: string, repeat: Repeat | null): RefreshedSession {
  const { session_id: sessionId, id, email, name } = row;
  const user: User = {
    id,
    email,
    name,
    emailVerifiedAt: row.email_verified_at === null ? null : moment(row.email_verified_at),
    disabledAt: null, // both queries find enabled users only
    createdAt: moment(row.created_at),
    updatedAt: moment(row.updated_at),
  };
  const held = { team: teamOf(row), roles: splitRoles(row.user_roles) };
  const factors = { level: row.level, hasSecondFactor: row.has_second_factor };
  const session = { sessionId, user, ...held, ...factors, refreshToken, secondsLeft: row.seconds_left };
  return { kind: 'refreshed', ...session, repeat };
}
