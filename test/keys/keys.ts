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

/** Verifies with a standard client that fetches the gateway's JWKS each time. */
export function verify(gateway: TestGateway, token: string): Promise<JWTVerifyResult> {
  const keys = createRemoteJWKSet(new URL(gateway.url + JWKS_PATH));
  return jwtVerify(token, keys, { issuer: PUBLIC_URL, audience: 'hasura', typ: 'JWT' });
}

export async function generateKey(gateway: TestGateway): Promise<string> {
  const { body } = await gateway.post('/api/_jwk-gen', undefined, { authorization: gateway.secret });
  return (body as { jwk: { id: string } }).jwk.id;
}

/** Moves the creation of a key into the past; without an id, of every key. */
export async function ageKey({ sql }: TestGateway, seconds: number, id?: string): Promise<void> {
  await sql`update portcullis.jwks set created_at = now() - make_interval(secs => ${seconds})
    where ${id ?? null}::text is null or id = ${id ?? null}`;
}

/** Sets the expiry of a key as an admin does in the console, in seconds from now; without an id, of every key. */
export async function expireKey({ sql }: TestGateway, id?: string, inSeconds = 0): Promise<void> {
  await sql`update portcullis.jwks set expires_at = now() + make_interval(secs => ${inSeconds})
    where ${id ?? null}::text is null or id = ${id ?? null}`;
}

/** Lets time pass for the keys: moves their times into the past. */
export async function passForKeys({ sql }: TestGateway, seconds: number): Promise<void> {
  await sql`update portcullis.jwks set created_at = created_at - make_interval(secs => ${seconds}),
    expires_at = expires_at - make_interval(secs => ${seconds})`;
}

/** Runs a round of housekeeping. */
export async function keepHouse(gateway: TestGateway): Promise<void> {
  const { status } = await gateway.post(
    '/hasura/cron/prune',
    {},
    { 'x-hasura-gateway-secret': gateway.secret },
  );
  if (status !== 200) throw new Error(`Housekeeping answers ${status}.`);
}

/** The age in seconds from which a new key signs, with the test gateway's JWKS_MAX_AGE of 300. */
export const PUBLISHED = 751;
