import { decodeProtectedHeader, type JWTPayload, jwtVerify } from 'jose';
import { JOSEError } from 'jose/errors';
import type { Config } from '../config/config.ts';
import { MAX_TOKEN_LENGTH, TokenError, tokenErrorOf } from '../sessions/tokens.ts';

type Secrets = Readonly<{ config: Pick<Config, 'serviceRole'> }>;

/** A token that is signed with GOTRUE_JWT_SECRET. The holder of the secret chose everything in it. */
export type SharedSecretToken = Readonly<{
  role: string | null;
  /** Not an id of ours: an administrator's token may name `1234567890`. Null without one. */
  subject: string | null;
  /** The claim `session_id`; null without it. */
  sessionId: string | null;
}>;

/** Whether the header says that the shared secret signed the token: HS256, and no key is named. It proves nothing. */
export function claimsSharedSecret({ config }: Secrets, token: string): boolean {
  if (config.serviceRole.secrets.length === 0 || token.length > MAX_TOKEN_LENGTH) return false;
  try {
    const { alg, kid } = decodeProtectedHeader(token);
    return alg === 'HS256' && kid === undefined;
  } catch {
    return false;
  }
}

/**
 * Verifies a token that is signed with one of the shared secrets. Its times are checked if it has them.
 * @throws TokenError
 */
export async function verifySharedSecret({ config }: Secrets, token: string): Promise<SharedSecretToken> {
  let failure = new TokenError('The token is not valid.');
  for (const secret of config.serviceRole.secrets)
    try {
      const { payload } = await jwtVerify(token, new TextEncoder().encode(secret), { algorithms: ['HS256'] });
      return read(payload);
    } catch (error) {
      if (!(error instanceof JOSEError)) throw error;
      failure = tokenErrorOf(error);
      if (error.code !== 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED') break;
    }
  throw failure;
}

const textOf = (claim: unknown): string | null => (typeof claim === 'string' && claim !== '' ? claim : null);

const read = ({ role, sub, session_id }: JWTPayload): SharedSecretToken => ({
  role: textOf(role),
  subject: textOf(sub),
  sessionId: textOf(session_id),
});
