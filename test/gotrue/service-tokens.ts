import { randomBytes } from 'node:crypto';
import { type JWTPayload, SignJWT } from 'jose';

/** A secret for GOTRUE_JWT_SECRET: it signs HS256 tokens of administrators, as GoTrue's operators do. */
export const JWT_SECRET = randomBytes(32).toString('hex');

/** A token without `kid` that was signed with the secret. */
export const signed = (claims: JWTPayload, secret = JWT_SECRET): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(Buffer.from(secret));

/** A token of an administrator as the stock client's own tests make it: without `exp`, for no user. */
export const adminToken = (): Promise<string> => signed({ role: 'service_role', sub: '1234567890' });
