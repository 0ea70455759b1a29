import { createRemoteJWKSet, decodeProtectedHeader, type JWK, type JWTVerifyResult, jwtVerify } from 'jose';
import { PUBLIC_URL, type TestGateway } from '../support/gateway.ts';

export const JWKS_PATH = '/.well-known/jwks.json';

export const keyOf = (token: string): string => decodeProtectedHeader(token).kid ?? '';

/** The gateway's JWKS as a verifier downloads it. */
export async function readJwks(
  gateway: Pick<TestGateway, 'url'>,
  path = JWKS_PATH,
): Promise<{ keys: JWK[]; ids: string[]; cacheControl: string | null }> {
  const response = await fetch(gateway.url + path);
  const { keys } = (await response.json()) as { keys: JWK[] };
  return { keys, ids: keys.map(({ kid }) => kid ?? ''), cacheControl: response.headers.get('cache-control') };
}

/** Verifies with a stock client that fetches the gateway's JWKS anew. */
export function verify(gateway: TestGateway, token: string): Promise<JWTVerifyResult> {
  const keys = createRemoteJWKSet(new URL(gateway.url + JWKS_PATH));
  return jwtVerify(token, keys, { issuer: PUBLIC_URL, audience: 'hasura', typ: 'JWT' });
}

export async function generateKey(gateway: TestGateway): Promise<string> {
  const { body } = await gateway.post('/api/_jwk-gen', undefined, { authorization: gateway.secret });
  return (body as { jwk: { id: string } }).jwk.id;
}

/** Moves a key's birth into the past, or every key's. */
export async function ageKey({ sql }: TestGateway, seconds: number, id?: string): Promise<void> {
  await sql`update portcullis.jwks set created_at = now() - make_interval(secs => ${seconds})
    where ${id ?? null}::text is null or id = ${id ?? null}`;
}

/** Edits a key's expiry as an admin does in the console: so many seconds from now. Without an id, every key's. */
export async function expireKey({ sql }: TestGateway, id?: string, inSeconds = 0): Promise<void> {
  await sql`update portcullis.jwks set expires_at = now() + make_interval(secs => ${inSeconds})
    where ${id ?? null}::text is null or id = ${id ?? null}`;
}

/** Time passes for the keys: all that was, was so much earlier. */
export async function passForKeys({ sql }: TestGateway, seconds: number): Promise<void> {
  await sql`update portcullis.jwks set created_at = created_at - make_interval(secs => ${seconds}),
    expires_at = expires_at - make_interval(secs => ${seconds})`;
}

/** A round of housekeeping, now. */
export async function keepHouse(gateway: TestGateway): Promise<void> {
  const { status } = await gateway.post(
    '/hasura/cron/prune',
    {},
    { 'x-hasura-gateway-secret': gateway.secret },
  );
  if (status !== 200) throw new Error(`Housekeeping answers ${status}.`);
}

/** Seconds beyond which a new key signs, with the test gateway's JWKS_MAX_AGE of 300. */
export const PUBLISHED = 751;
