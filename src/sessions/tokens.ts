import { type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose';
import { JOSEError } from 'jose/errors';
import type { ApplicationClaims } from '../claims/claims.ts';
import type { Config } from '../config/config.ts';
import type { AssuranceLevel } from '../db/tables/sessions.ts';
import type { MembershipRole } from '../db/tables/teams.ts';
import { isUuid } from '../db/uuid.ts';
import type { PublicKeyFinder, Signer, SigningKey } from '../keys/signing.ts';
import { type TokenRoles, tokenRoles } from '../roles/token-roles.ts';

/** The claim in which Hasura finds its own claims (hasura/README.md, "JWT claims"). */
const HASURA_CLAIMS = 'https://hasura.io/jwt/claims';

/** What a token says about its user. The user cannot choose any of it. */
export type TokenSubject = {
  userId: string;
  sessionId: string;
  emailVerified: boolean;
  /** The roles of Hasura that the operator gave to the user. */
  roles: readonly string[];
  /** The roles in the token, if it may not have all that the user has. */
  onlyRoles?: TokenRoles;
  /** What CLAIMS_SQL returned for the user. */
  claims: ApplicationClaims;
  /** Whether the person of the session has shown one factor or two. */
  level: AssuranceLevel;
};
/** The team of a team token: the member's role in it, and the roles of Hasura that the operator gave to the member. */
export type TokenTeam = { teamId: string; role: MembershipRole; roles: readonly string[] };

/**
 * What a token is for. An `access` token allows everything that the person may do. A `team` token allows work in its
 * team, but no change of the account or its sessions. A `portal` token is both, since clients of the portal hold one
 * token. A program gets a `personal` token for a personal access token: it does not change the account either.
 */
const tokenKinds = ['access', 'team', 'portal', 'personal'] as const;
export type TokenKind = (typeof tokenKinds)[number];

/**
 * The claim that holds the kind. Hasura passes it on to the gateway as a session variable. A token without claims for Hasura has it
 * beside `sub`: that tells it from other JWTs that the gateway signs.
 */
export const TOKEN_KIND_CLAIM = 'x-hasura-token-kind';

/**
 * Parses the kind of a token from a claim or session variable. Null if it is missing, as in tokens of earlier versions.
 * @throws TokenError for an unknown kind
 */
export function parseTokenKind(claim: unknown): TokenKind | null {
  if (claim === undefined || claim === null) return null;
  const kind = tokenKinds.find((known) => known === claim);
  if (kind === undefined) throw new TokenError('The token is of an unknown kind.');
  return kind;
}

export type IssuedTokens = {
  accessToken: string;
  teamToken: string | null;
  issuedAt: Date;
  expiresAt: Date;
};

/**
 * Makes the claims for Hasura. Every value but the list of roles is a string: Hasura refuses other claims. A member's roles of
 * Hasura stand in team tokens only: these are short.
 */
export function hasuraClaims(
  config: Pick<Config, 'roles'>,
  { userId, sessionId, roles: given, onlyRoles, claims, level }: TokenSubject,
  team: TokenTeam | null,
  kind: TokenKind,
): Record<string, string | readonly string[]> {
  const ofMember = kind === 'team' && team !== null ? team.roles : [];
  const roles = onlyRoles ?? tokenRoles(config, [...given, ...ofMember]);
  return {
    // The gateway's own claims come later, so that no other claim replaces them.
    ...claims,
    'x-hasura-allowed-roles': roles,
    'x-hasura-default-role': roles[0],
    'x-hasura-user-id': userId,
    'x-hasura-session-id': sessionId,
    [TOKEN_KIND_CLAIM]: kind,
    'x-hasura-auth-level': level,
    ...(team !== null && { 'x-hasura-team-id': team.teamId, 'x-hasura-team-role': team.role }),
  };
}

type TokenDeps = { signer: Signer; config: Pick<Config, 'tokens' | 'roles' | 'gotrue'> };

/** The kind of tokens that a client asks for when it signs in. Clients of the portal get one kind. */
export type SignInKind = 'access' | 'portal';

/**
 * Signs an access token (RFC 7519, ES256 by default). If the session has an active team, it signs a team token too. A
 * token never outlives its signing key or its session.
 * @param input.secondsLeft seconds until the absolute end of the session
 */
export async function issueTokens(
  { signer, config }: TokenDeps,
  input: {
    key: SigningKey;
    subject: TokenSubject;
    team: TokenTeam | null;
    kind: SignInKind | 'personal';
    ttlSeconds: number;
    secondsLeft: number;
    /** Whether the person must show the second factor first. Hasura then gets no claims, and the session gets no team token. */
    secondFactorRequired?: boolean;
    /** The form of the GoTrue dialect: further claims, in tokens of another audience. */
    gotrueClaims?: Readonly<Record<string, unknown>> | null;
  },
): Promise<IssuedTokens> {
  const { key, subject, kind, ttlSeconds, secondsLeft, gotrueClaims = null } = input;
  const { secondFactorRequired = false } = input;
  const team = secondFactorRequired ? null : input.team;
  const issuedAt = Math.floor(Date.now() / 1000);
  const keyEnds = Math.floor(key.expiresAt.getTime() / 1000);
  const expires = Math.min(issuedAt + Math.min(ttlSeconds, Math.max(0, secondsLeft)), keyEnds);
  const payload = (ofKind: Record<string, unknown>): JWTPayload => ({
    // The gateway's own claims come later, so that no other claim replaces them.
    ...gotrueClaims,
    iss: config.tokens.issuer,
    aud: gotrueClaims === null ? config.tokens.audience : config.gotrue.audience,
    sub: subject.userId,
    sid: subject.sessionId,
    iat: issuedAt,
    exp: expires,
    email_verified: subject.emailVerified,
    ...ofKind,
  });
  const sign = (forTeam: TokenTeam | null, as: TokenKind) =>
    signer.sign(
      key,
      payload(
        secondFactorRequired
          ? { [TOKEN_KIND_CLAIM]: as }
          : { [HASURA_CLAIMS]: hasuraClaims(config, subject, forTeam, as) },
      ),
    );
  const teamKind = kind === 'portal' ? kind : 'team';
  const [accessToken, teamToken] = await Promise.all([
    sign(null, kind),
    team === null ? null : sign(team, teamKind),
  ]);
  return { accessToken, teamToken, issuedAt: new Date(issuedAt * 1000), expiresAt: new Date(expires * 1000) };
}

/** Every token of the gateway is shorter, and fits into a header of 8 KB. A longer token is not decoded. */
export const MAX_TOKEN_LENGTH = 7168;

export type VerifiedToken = {
  userId: string;
  sessionId: string;
  keyId: string;
  /** Null for a token of an earlier version, which had no kinds. */
  kind: TokenKind | null;
};

/** What the tokens of the gateway may name as their audience. */
const audiences = ({ tokens, gotrue, dialects }: Pick<Config, 'tokens' | 'gotrue' | 'dialects'>): string[] =>
  dialects.includes('gotrue') ? [tokens.audience, gotrue.audience] : [tokens.audience];

/** Why a token was refused. The message may be shown to the caller. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
}

/** Reads the kind of a token. @throws TokenError if it is not an access token */
function kindIn(payload: JWTPayload): TokenKind | null {
  if (HASURA_CLAIMS in payload) {
    const claims = payload[HASURA_CLAIMS] as Record<string, unknown> | null;
    return parseTokenKind(claims?.[TOKEN_KIND_CLAIM]);
  }
  if (TOKEN_KIND_CLAIM in payload) return parseTokenKind(payload[TOKEN_KIND_CLAIM]);
  throw new TokenError('The token is not valid.');
}

/** The error for a token that jose refuses. */
export const tokenErrorOf = (error: JOSEError): TokenError =>
  new TokenError(error.code === 'ERR_JWT_EXPIRED' ? 'The token has expired.' : 'The token is not valid.');

/**
 * Verifies that one of our keys signed a token, and what the options ask for (RFC 8725). It does not check whether the key has
 * expired.
 * @returns the claims, and the id of the key
 * @throws TokenError
 */
export async function verifySigned(
  { findPublicKey }: { findPublicKey: PublicKeyFinder },
  token: string,
  options: JWTVerifyOptions,
): Promise<{ payload: JWTPayload; keyId: string }> {
  if (token.length > MAX_TOKEN_LENGTH) throw new TokenError('The token is not valid.');
  let keyId = '';
  try {
    const { payload } = await jwtVerify(
      token,
      async ({ kid, alg }) => {
        const found = typeof kid === 'string' ? await findPublicKey(kid) : null;
        // The stored key decides the algorithm, never the token.
        if (found === null || found.alg !== alg)
          throw new TokenError('The token is signed with an unknown key.');
        keyId = kid as string;
        return found.key;
      },
      { algorithms: ['ES256', 'RS256', 'EdDSA'], typ: 'JWT', ...options },
    );
    return { payload, keyId };
  } catch (error) {
    if (!(error instanceof JOSEError)) throw error; // an unavailable database does not make the token invalid
    throw tokenErrorOf(error);
  }
}

/**
 * Verifies the signature, algorithm, issuer, audience and times of a token (RFC 8725). It does not check the session,
 * nor whether the key has expired: findLiveSession does.
 * @throws TokenError
 */
export async function verifyToken(
  {
    findPublicKey,
    config,
  }: { findPublicKey: PublicKeyFinder; config: Pick<Config, 'tokens' | 'gotrue' | 'dialects'> },
  token: string,
  { toleranceSeconds = 0 }: { toleranceSeconds?: number } = {},
): Promise<VerifiedToken> {
  const { payload, keyId } = await verifySigned({ findPublicKey }, token, {
    issuer: config.tokens.issuer,
    audience: audiences(config),
    clockTolerance: toleranceSeconds,
    requiredClaims: ['sub', 'sid', 'exp', 'iat'],
  });
  const { sub, sid } = payload;
  if (!isUuid(sub) || !isUuid(sid)) throw new TokenError('The token names no session.');
  return { userId: sub, sessionId: sid, keyId, kind: kindIn(payload) };
}
