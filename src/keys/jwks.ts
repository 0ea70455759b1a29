import { randomBytes } from 'node:crypto';
import { asc, count, gt, sql } from 'drizzle-orm';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import type { Device } from '../audit/device.ts';
import { recordSecurityEvent } from '../audit/security-events.ts';
import type { Config, KeyConfig } from '../config/config.ts';
import { publicationLeadSeconds, renewalSeconds } from '../config/key-schedule.ts';
import type { KeyEncryption } from '../crypto/key-encryption.ts';
import { type Database, type Queryable, statement } from '../db/client.ts';
import { CLOCK } from '../db/clock.ts';
import { jwks, privateJwks } from '../db/tables/keys.ts';
import { AuthError } from '../errors.ts';

export type KeysDeps = Readonly<{
  db: Database;
  keyEncryption: KeyEncryption;
  config: Pick<Config, 'keys'>;
}>;

export type GeneratedJwk = { id: string; expiresAt: Date };

/** The number of the advisory lock. Nothing else in the database locks it. */
const KEYS_LOCK = 7_046_203_312;
/** Bounds the JWKS document, which every verifier downloads. */
const MAX_UNEXPIRED_KEYS = 50;

/** Locks the keys, so that only one replica at a time generates, re-encrypts or deletes keys. */
export const lockKeys = (tx: Queryable) => tx.execute(sql`select pg_advisory_xact_lock(${KEYS_LOCK})`);

async function createKeyPair(
  algorithm: KeyConfig['algorithm'],
): Promise<{ id: string; publicJwk: JWK; privateJwk: JWK }> {
  const id = `jwk_${randomBytes(16).toString('hex')}`;
  const pair = await generateKeyPair(algorithm, { extractable: true, modulusLength: 2048 });
  const named = { kid: id, alg: algorithm, use: 'sig' };
  return {
    id,
    publicJwk: { ...(await exportJWK(pair.publicKey)), ...named },
    privateJwk: { ...(await exportJWK(pair.privateKey)), ...named },
  };
}

async function insertKey(tx: Queryable, { keyEncryption, config }: KeysDeps): Promise<GeneratedJwk> {
  const { keys } = config;
  const { id, publicJwk, privateJwk } = await createKeyPair(keys.algorithm);
  const jwe = await keyEncryption.encrypt(JSON.stringify(privateJwk));
  const [row] = await tx
    .insert(jwks)
    .values({
      id,
      alg: keys.algorithm,
      publicJwk,
      // The clock, not the transaction's start: the key is visible only after the commit.
      createdAt: CLOCK,
      expiresAt: sql`${CLOCK} + make_interval(secs => ${keys.ttlSeconds})`,
    })
    .returning({ id: jwks.id, expiresAt: jwks.expiresAt });
  if (row === undefined) throw new Error('The inserted key was not returned.');
  await tx.insert(privateJwks).values({ id, jwe });
  return row;
}

/**
 * Generates a signing key. It is published at once. It signs as soon as every verifier's cache holds it.
 * @param by the device that asked for it, for the security event
 * @throws AuthError `too_many_keys`
 */
export function generateJwk(deps: KeysDeps, by: { device?: Device } = {}): Promise<GeneratedJwk> {
  return deps.db.transaction(async (tx) => {
    await lockKeys(tx);
    const [unexpired] = await tx.select({ n: count() }).from(jwks).where(gt(jwks.expiresAt, sql`now()`));
    if ((unexpired?.n ?? 0) >= MAX_UNEXPIRED_KEYS) throw new AuthError('too_many_keys');
    const generated = await insertKey(tx, deps);
    await recordSecurityEvent(tx, { action: 'jwk_generated', ...by, details: { keyId: generated.id } });
    return generated;
  });
}

/**
 * Generates a new key if the newest one expires too soon. Replicas take turns: the second one finds the key of the first.
 * @returns the new key; null if it was not needed
 */
export async function ensureSuccessor(deps: KeysDeps): Promise<GeneratedJwk | null> {
  const needed = renewalSeconds(deps.config.keys);
  const lasting = (db: Queryable) =>
    db
      .select({ id: jwks.id })
      .from(jwks)
      .where(gt(jwks.expiresAt, sql`now() + make_interval(secs => ${needed})`))
      .limit(1);
  if ((await lasting(deps.db)).length > 0) return null;
  return deps.db.transaction(async (tx) => {
    await lockKeys(tx);
    return (await lasting(tx)).length > 0 ? null : insertKey(tx, deps);
  });
}

const unexpiredKeys = statement((db) =>
  db
    .select({
      publicJwk: jwks.publicJwk,
      secondsLeft: sql<number>`extract(epoch from ${jwks.expiresAt} - now())::float8`,
    })
    .from(jwks)
    .where(gt(jwks.expiresAt, sql`now()`))
    .orderBy(asc(jwks.createdAt), asc(jwks.id))
    .limit(2 * MAX_UNEXPIRED_KEYS)
    .prepare('unexpired_jwks'),
);

const PUBLIC_MEMBERS = ['kty', 'kid', 'alg', 'use', 'crv', 'x', 'y', 'n', 'e'] as const;

/**
 * Reads the JWK Set (RFC 7517) of the unexpired keys, and for how many seconds it may be cached. The cache time never passes
 * the next expiry, so that an expired key leaves every cache in time.
 */
export async function readJwks({
  db,
  config,
}: Pick<KeysDeps, 'db' | 'config'>): Promise<{ keys: JWK[]; maxAgeSeconds: number }> {
  const rows = await unexpiredKeys(db).execute();
  const untilExpiry = Math.floor(
    Math.min(...rows.map((row) => row.secondsLeft), config.keys.jwksMaxAgeSeconds),
  );
  return {
    keys: rows.map(({ publicJwk }) =>
      Object.fromEntries(
        PUBLIC_MEMBERS.flatMap((name) => (publicJwk[name] === undefined ? [] : [[name, publicJwk[name]]])),
      ),
    ) as JWK[],
    // If no key exists, the next one signs at once: no cache may keep the empty set.
    maxAgeSeconds: rows.length === 0 ? 1 : Math.max(1, untilExpiry),
  };
}

/** Deletes keys that expired so long ago that no token signed by them can still be valid. Returns how many it deleted. */
export async function deleteExpiredKeys({ db, config }: Pick<KeysDeps, 'db' | 'config'>): Promise<number> {
  const { keys } = config;
  const grace = keys.longestTokenSeconds + publicationLeadSeconds(keys);
  return db.transaction(async (tx) => {
    await lockKeys(tx);
    const deleted = await tx
      .delete(jwks)
      .where(sql`${jwks.expiresAt} < now() - make_interval(secs => ${grace})`)
      .returning({ id: jwks.id });
    return deleted.length;
  });
}
