import type { SigningKey } from '../../keys/signing.ts';
import { findGotrueClaims } from '../../sessions/gotrue-claims.ts';
import type { OpenedSession } from '../../sessions/opening.ts';
import { type IssuedTokens, issueTokens, type SignInKind, type TokenSubject } from '../../sessions/tokens.ts';
import type { User } from '../../users/users.ts';
import type { Deps } from './deps.ts';

/** What a person gets who has signed in. */
export type SignedIn = IssuedTokens & { refreshToken: string; user: User; sessionId: string };

/** Which tokens an edge hands out. */
export type TokenOptions = {
  /** Seconds; an access token's own lifetime unless given. */
  ttlSeconds?: number;
  /** `access` unless given. */
  kind?: SignInKind;
  /** `gotrue`: the access token also has the claims that clients of GoTrue read. */
  form?: TokenForm;
};

export type TokenForm = 'gateway' | 'gotrue';

/** What the tokens of a session say about its user. */
export const subjectOf = (
  { id: userId, emailVerifiedAt }: User,
  { sessionId, roles, claims, level }: Pick<TokenSubject, 'sessionId' | 'roles' | 'claims' | 'level'>,
): TokenSubject => ({ userId, sessionId, emailVerified: emailVerifiedAt !== null, roles, claims, level });

/** Signs the tokens of a session that was just opened. The caller has chosen the key before it wrote anything. */
export async function completeSignIn(
  deps: Deps,
  input: { user: User; session: OpenedSession; key: SigningKey; ttlSeconds: number } & TokenOptions,
): Promise<SignedIn> {
  const { user, session, key, ttlSeconds, kind = 'access', form = 'gateway' } = input;
  const { id: userId } = user;
  const gotrueClaims =
    form === 'gotrue' ? await findGotrueClaims(deps, { userId, sessionId: session.sessionId }) : null;
  const tokens = await issueTokens(deps, {
    key,
    ttlSeconds,
    kind,
    secondsLeft: session.secondsLeft,
    subject: subjectOf(user, session),
    team: session.team,
    gotrueClaims,
  });
  const { refreshToken, sessionId } = session;
  return { ...tokens, refreshToken, sessionId, user };
}
