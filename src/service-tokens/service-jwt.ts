import { decodeJwt } from 'jose';
import type { Config } from '../config/config.ts';
import { isUuid } from '../db/uuid.ts';
import type { PublicKeyFinder, Signer, SigningKey } from '../keys/signing.ts';
import { MAX_TOKEN_LENGTH, TokenError, verifySigned } from '../sessions/tokens.ts';

/**
 * The audience of service tokens. It is not that of people's tokens, so that Hasura and every other verifier refuse them (RFC 8725 3.9).
 */
const SERVICE_AUDIENCE = 'portcullis-service';

type Issuer = Readonly<{ config: Pick<Config, 'tokens'> }>;

/** Signs a service token. It has no subject, no session and no claims for Hasura. */
export const signServiceToken = (
  { signer, config }: Issuer & { signer: Signer },
  { key, id, role, expiresAt }: { key: SigningKey; id: string; role: string; expiresAt: Date },
): Promise<string> =>
  signer.sign(key, {
    iss: config.tokens.issuer,
    aud: SERVICE_AUDIENCE,
    jti: id,
    role,
    iat: Math.floor(Date.now() / 1000),
    exp: Math.floor(expiresAt.getTime() / 1000),
  });

/** Whether a token says that it is a service token. It proves nothing. */
export function isServiceToken(token: string): boolean {
  if (token.length > MAX_TOKEN_LENGTH) return false;
  try {
    return decodeJwt(token).aud === SERVICE_AUDIENCE;
  } catch {
    return false;
  }
}

/**
 * Verifies a service token as verifyToken does a person's. It does not check whether the token is revoked, nor whether its key has
 * expired: useServiceToken does.
 * @throws TokenError
 */
export async function verifyServiceToken(
  { findPublicKey, config }: Issuer & { findPublicKey: PublicKeyFinder },
  token: string,
): Promise<{ id: string; keyId: string }> {
  const { payload, keyId } = await verifySigned({ findPublicKey }, token, {
    issuer: config.tokens.issuer,
    audience: SERVICE_AUDIENCE,
    requiredClaims: ['jti', 'role', 'exp', 'iat'],
  });
  const { jti: id } = payload;
  if (!isUuid(id)) throw new TokenError('The token is not valid.');
  return { id, keyId };
}
