import { desc, eq, gt, sql } from 'drizzle-orm';
import { type CryptoKey, importJWK, type JWK, type JWTPayload, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { publicationLeadSeconds } from '../config/key-schedule.ts';
import { type Database, statement } from '../db/client.ts';
import { jwks, privateJwks } from '../db/tables/keys.ts';
import { AuthError } from '../errors.ts';
import type { KeysDeps } from './jwks.ts';

/** Keys never change under one id, so imported ones may be kept; whether they are still good is asked every time. */
const KEPT_KEYS = 100;

export type SigningKey = { id: string; alg: string; key: CryptoKey; expiresAt: Date };

type StoredKey = { id: string; alg: string; jwe: string };

export type Signer = {
  /**
   * The key to sign with: the newest that every verifier's cache holds by now, preferring one that outlives the token.
   * Where every key is too new, the oldest of them. One in its last second signs no more: nothing could use the token.
   * @throws AuthError `no_signing_key`
   */
  currentKey(tokenSeconds: number): Promise<SigningKey>;
  /** A compact JWS (RFC 7515) with the key's `kid` and `alg`. */
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
      // With its private half in one look: between two, the key might be deleted.
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

/** Signs with the private keys of the database. */
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
        leadSeconds: publicationLeadSeconds(deps.keys),
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

/** The public key of a `kid`, with the algorithm it is for, or null when there is none. Says nothing about expiry. */
export type PublicKeyFinder = (kid: string) => Promise<{ alg: string; key: CryptoKey } | null>;

const publicKeyRow = statement((db) =>
  db
    .select({ alg: jwks.alg, publicJwk: jwks.publicJwk })
    .from(jwks)
    .where(eq(jwks.id, sql.placeholder('id')))
    .prepare('public_jwk'),
);

/**
 * Finds the public key of a token by its `kid`. Keys are kept in memory, since a key never changes; a key that is not known is null.
 */
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
