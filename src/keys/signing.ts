import { desc, eq, gt, sql } from 'drizzle-orm';
import { type CryptoKey, importJWK, type JWK, type JWTPayload, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { publicationLeadSeconds } from '../config/key-schedule.ts';
import { type Database, statement } from '../db/client.ts';
import { jwks, privateJwks } from '../db/tables/keys.ts';
import { AuthError } from '../errors.ts';
import type { KeysDeps } from './jwks.ts';

/** How many imported keys are cached. A key never changes under its id. Whether it has expired is looked up each time. */
const KEPT_KEYS = 100;

export type SigningKey = { id: string; alg: string; key: CryptoKey; expiresAt: Date };

type StoredKey = { id: string; alg: string; jwe: string };

export type Signer = {
  /**
   * Chooses the key to sign with: the newest one that every verifier's cache holds by now, and preferably outlives the
   * token. If every key is too new, it is the oldest one. A key in its last second does not sign: its tokens would expire at
   * once.
   * @throws AuthError `no_signing_key`
   */
  currentKey(tokenSeconds: number): Promise<SigningKey>;
  /** Signs a compact JWS (RFC 7515) with the key's `kid` and `alg`. */
  sign(key: SigningKey, payload: JWTPayload): Promise<string>;
};

const currentKeyRow = statement((db) => {
  const lead = sql`make_interval(secs => ${sql.placeholder('leadSeconds')})`;
  const isPublished = sql`${jwks.createdAt} <= now() - ${lead}`;
  const outlives = sql`${jwks.expiresAt} >= now() + make_interval(secs => ${sql.placeholder('tokenSeconds')})`;
  return (
    db
      .select({ id: jwks.id, alg: jwks.alg, expiresAt: jwks.expiresAt, jwe: privateJwks.jwe })
      .from(jwks)
      // One query reads both halves: between two queries, another process might delete the key.
      .innerJoin(privateJwks, eq(privateJwks.id, jwks.id))
      .where(gt(jwks.expiresAt, sql`now() + interval '1 second'`))
      .orderBy(
        desc(isPublished),
        desc(outlives),
        desc(sql`case when ${isPublished} then ${jwks.createdAt} end`),
        jwks.createdAt,
        jwks.id,
      )
      .limit(1)
      .prepare('current_signing_key')
  );
});

/** Creates a signer that uses the private keys in the database. */
export function createSigner(deps: KeysDeps): Signer {
  const imported = new LRUCache<string, CryptoKey>({ max: KEPT_KEYS });

  async function importPrivateKey({ id, alg, jwe }: StoredKey): Promise<CryptoKey> {
    const kept = imported.get(id);
    if (kept !== undefined) return kept;
    const decrypted = await deps.keyEncryption.decrypt(jwe).catch((cause: unknown) => {
      throw new AuthError('no_signing_key', { cause });
    });
    const jwk = JSON.parse(decrypted) as JWK;
    // A private key that was moved to another row must not sign in that row's name.
    if (jwk.kid !== id || jwk.alg !== alg) throw new AuthError('no_signing_key');
    const key = (await importJWK(jwk, alg)) as CryptoKey;
    imported.set(id, key);
    return key;
  }

  return {
    async currentKey(tokenSeconds) {
      const [row] = await currentKeyRow(deps.db).execute({
        leadSeconds: publicationLeadSeconds(deps.config.keys),
        tokenSeconds,
      });
      if (row === undefined) throw new AuthError('no_signing_key');
      const { id, alg, expiresAt } = row;
      return { id, alg, expiresAt, key: await importPrivateKey(row) };
    },
    sign: (key, payload) =>
      new SignJWT(payload).setProtectedHeader({ alg: key.alg, kid: key.id, typ: 'JWT' }).sign(key.key),
  };
}

/** Finds the public key of a `kid` and its algorithm; null if not found. It does not check whether the key has expired. */
export type PublicKeyFinder = (kid: string) => Promise<{ alg: string; key: CryptoKey } | null>;

const publicKeyRow = statement((db) =>
  db
    .select({ alg: jwks.alg, publicJwk: jwks.publicJwk })
    .from(jwks)
    .where(eq(jwks.id, sql.placeholder('id')))
    .prepare('public_jwk'),
);

/** Creates a finder of public keys. It caches found keys in memory, since a key never changes. */
export function createPublicKeyFinder(db: Database): PublicKeyFinder {
  const kept = new LRUCache<string, { alg: string; key: CryptoKey }>({ max: KEPT_KEYS });
  return async (kid) => {
    const known = kept.get(kid);
    if (known !== undefined) return known;
    if (!/^jwk_[0-9a-f]{32}$/.test(kid)) return null;
    const [row] = await publicKeyRow(db).execute({ id: kid });
    if (row === undefined) return null;
    const found = { alg: row.alg, key: (await importJWK(row.publicJwk, row.alg)) as CryptoKey };
    kept.set(kid, found);
    return found;
  };
}
