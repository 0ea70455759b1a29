import type { SigningKey } from '../../keys/signing.ts';
import type { OpenedSession } from '../../sessions/opening.ts';
import { type IssuedTokens, issueTokens, type SignInKind, type TokenSubject } from '../../sessions/tokens.ts';
import type { User } from '../../users/users.ts';
import type { Deps } from './deps.ts';

/** What a person gets who has signed in. */
export type SignedIn = IssuedTokens & { refreshToken: string; user: User };

/** Which tokens an edge hands out. */
export type TokenOptions = {
  /** Seconds; an access token's own lifetime unless given. */
  ttlSeconds?: number;
  /** `access` unless given. */
  kind?: SignInKind;
};

/** What the tokens of a session say about its user. */
export const subjectOf = (
  { id: userId, emailVerifiedAt }: User,
  { sessionId, roles, claims }: Pick<TokenSubject, 'sessionId' | 'roles' | 'claims'>,
): TokenSubject => ({ userId, sessionId, emailVerified: emailVerifiedAt !== null, roles, claims });

/** Signs the tokens of a session that was just opened. The caller has chosen the key before it wrote anything. */
export async function completeSignIn(
  deps: Deps,
  input: { user: User; session: OpenedSession; key: SigningKey; ttlSeconds: number; kind?: SignInKind },
): Promise<SignedIn> {
  const { user, session, key, ttlSeconds, kind = 'access' } = input;
  const tokens = await issueTokens(deps, {
    key,
    ttlSeconds,
    kind,
    secondsLeft: session.secondsLeft,
    subject: subjectOf(user, session),
    team: session.team,
  });
  return { ...tokens, refreshToken: session.refreshToken, user };
}
