import { timingSafeEqual } from 'node:crypto';

/**
 * Why a hash is refused. `bad_hash`: its text is broken. `hash_too_costly`: to verify it would take too much time or memory.
 * `hash_unsupported`: the gateway does not verify this algorithm.
 */
export type HashFault = 'bad_hash' | 'hash_too_costly' | 'hash_unsupported';

/** A hash that the gateway does not verify. The message holds no part of the hash. */
export class HashError extends Error {
  override readonly name = 'HashError';
  readonly fault: HashFault;

  constructor(fault: HashFault) {
    super(`The password hash is refused: ${fault}.`);
    this.fault = fault;
  }
}

/** A hash as it is stored, ready to be verified. */
export type StoredHash = Readonly<{
  /** The algorithm with its cost. Hashes of one kind take the same time. */
  kind: string;
  /**
   * What the hash was made of. Other systems hash the text as typed (`typed`), some in NFKC (`nfkc`) as the gateway does. A plain
   * argon2id hash does not tell who made it (`either`).
   */
  text: 'typed' | 'nfkc' | 'either';
  /** The id of the key that the hash needs, which is stored once for all hashes of a Firebase project; null for other hashes. */
  signerKeyId: string | null;
  /** Tells whether a password fits. It runs in the thread pool. */
  fits(password: string, signerKey: Buffer | null): Promise<boolean>;
}>;

const MAX_SALT_BYTES = 128;
const MIN_KEY_BYTES = 16;
const MAX_KEY_BYTES = 128;

/**
 * Reads a number that a pattern has matched as digits.
 * @throws HashError `hash_too_costly` above the limit, `bad_hash` below 1
 */
export function readCost(digits: string | undefined, limit: number): number {
  const significant = (digits ?? '').replace(/^0+/, '');
  if (significant === '') throw new HashError('bad_hash');
  // Compared by length first: Number would round a long text.
  const value = significant.length > 10 ? Number.POSITIVE_INFINITY : Number(significant);
  if (value > limit) throw new HashError('hash_too_costly');
  return value;
}

/** Decodes base64 of either alphabet, padded or not. @throws HashError `bad_hash` */
export function decodeBase64(text: string): Buffer {
  const digits = text.replace(/={0,2}$/, '');
  if (!/^[A-Za-z0-9+/_-]*$/.test(digits) || digits.length % 4 === 1) throw new HashError('bad_hash');
  return Buffer.from(digits, 'base64');
}

/** Decodes hexadecimal digits of either case. @throws HashError `bad_hash` */
export function decodeHex(text: string): Buffer {
  if (!/^(?:[0-9A-Fa-f]{2})*$/.test(text)) throw new HashError('bad_hash');
  return Buffer.from(text, 'hex');
}

/** Returns a salt whose length is bounded. @throws HashError `bad_hash` */
export function checkSalt(salt: Buffer, shortest = 1): Buffer {
  if (salt.length < shortest || salt.length > MAX_SALT_BYTES) throw new HashError('bad_hash');
  return salt;
}

/** Returns a derived key whose length is bounded. @throws HashError `bad_hash` */
export function checkKey(key: Buffer): Buffer {
  if (key.length < MIN_KEY_BYTES || key.length > MAX_KEY_BYTES) throw new HashError('bad_hash');
  return key;
}

/** Compares two keys in constant time. */
export const isSameKey = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);
