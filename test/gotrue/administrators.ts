import { createHash } from 'node:crypto';
import { type JWTPayload, SignJWT } from 'jose';
import type { TestGateway } from '../support/gateway.ts';
import { bearer, send, type WireAnswer } from './wire.ts';

/** A secret that other services share with the gateway: GOTRUE_JWT_SECRET. */
export const JWT_SECRET = createHash('sha256').update('shared with other services').digest('hex');

/** Signs a token as a service with the shared secret does. Without `exp` it has no end. */
export const signShared = (payload: JWTPayload, secret = JWT_SECRET, header: object = {}): Promise<string> =>
  new SignJWT(payload)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT', ...header })
    .sign(new TextEncoder().encode(secret));

/** A token of an administrator as the stock client's own tests make it: without `exp`, for no user. */
export const adminToken = (): Promise<string> => signShared({ role: 'service_role', sub: '1234567890' });

/** Sends a request as an administrator: with a token of role service_role by the shared secret. */
export async function administrate(
  gateway: Pick<TestGateway, 'url'>,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<WireAnswer> {
  return send(gateway, method, path, { body, headers: { ...bearer(await adminToken()), ...headers } });
}
