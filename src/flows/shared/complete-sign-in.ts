import type { SigningKey } from '../../keys/signing.ts';
import { hasVerifiedFactor } from '../../second-factors/factors.ts';
import { findGotrueSession } from '../../sessions/gotrue-claims.ts';
import type { OpenedSession } from '../../sessions/opening.ts';
import { type IssuedTokens, issueTokens, type SignInKind, type TokenSubject } from '../../sessions/tokens.ts';
import type { Account } from '../../users/accounts.ts';
import type { User } from '../../users/users.ts';
import type { Deps } from './deps.ts';

/** What a person gets who has signed in. */
export type SignedIn = IssuedTokens & {
  refreshToken: string;
  sessionId: string;
  user: User;
  /** Whether the person must show the second factor first. The access token then allows little else, and Hasura refuses it. */
  secondFactorRequired: boolean;
  /** The account as clients of GoTrue see it. Null for tokens of the gateway's own form. */
  account: Account | null;
};

/** Which tokens an edge hands out. */
export type TokenOptions = {
  /** Seconds; an access token's own lifetime unless given. */
  ttlSeconds?: number;
  /** `access` unless given. */
  kind?: SignInKind | undefined;
  /** `gotrue`: the access token also has the claims that clients of GoTrue read. */
  form?: 'gateway' | 'gotrue' | undefined;
};

/** What the tokens of a session say about its user. */
export const subjectOf = (
  { id: userId, emailVerifiedAt }: User,
  { sessionId, roles, claims, level }: Pick<TokenSubject, 'sessionId' | 'roles' | 'claims' | 'level'>,
): TokenSubject => ({ userId, sessionId, emailVerified: emailVerifiedAt !== null, roles, claims, level });

/** A session that was just opened or refreshed. */
type Completed = OpenedSession & {
  /** Looked up unless given. */
  hasSecondFactor?: boolean;
};

/** Signs the tokens of a session that was just opened. The caller has chosen the key before it wrote anything. */
export async function completeSignIn(
  deps: Deps,
  input: { user: User; session: Completed; key: SigningKey; ttlSeconds: number } & TokenOptions,
): Promise<SignedIn> {
  const { user, session, key, ttlSeconds, kind = 'access', form = 'gateway' } = input;
  const { id: userId } = user;
  const { refreshToken, sessionId } = session;
  const found = form === 'gotrue' ? await findGotrueSession(deps, { userId, sessionId }) : null;
  const account = found?.account ?? null;
  const secondFactorRequired = await isSecondFactorRequired(deps, session, { userId, account });
  const tokens = await issueTokens(deps, {
    key,
    ttlSeconds,
    kind,
    secondsLeft: session.secondsLeft,
    subject: subjectOf(user, session),
    team: session.team,
    gotrueClaims: found?.claims ?? null,
    secondFactorRequired,
  });
  return { ...tokens, refreshToken, sessionId, user, secondFactorRequired, account };
}

/**
 * Whether the person must show the second factor first. The account is read by a statement after the opening, which sees a factor that
 * was verified while the opening waited for the account.
 */
async function isSecondFactorRequired(
  { config, db }: Pick<Deps, 'config' | 'db'>,
  { level, hasSecondFactor }: Completed,
  { userId, account }: { userId: string; account: Account | null },
): Promise<boolean> {
  if (!config.secondFactor.required || level === 'aal2') return false;
  if (hasSecondFactor !== undefined) return hasSecondFactor;
  if (account === null) return hasVerifiedFactor(db, userId);
  return account.factors.some(({ verifiedAt }) => verifiedAt !== null);
}
