import { argon2id, verify } from 'argon2';
import { checkKey, checkSalt, decodeBase64, HashError, readCost, type StoredHash } from './hash-parts.ts';

/** OWASP's minimum for argon2id: 19 MiB, two passes, one lane. */
export const ARGON2_PARAMETERS = { type: argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** The kind of the hashes that the gateway makes today. */
export const OWN_KIND = 'argon2id v=19,m=19456,t=2,p=1';
const OWN_HASH = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/;

/** Tells whether the gateway would make the same kind of hash today. It looks at the type, the version and all costs. */
export const isOwnHash = (hash: string): boolean => OWN_HASH.test(hash);

const MAX_MEMORY_KIB = 128 * 1024;
const MAX_PASSES = 10;
const MAX_LANES = 16;

const PHC =
  /^\$argon2(?<type>id|i|d)\$v=(?<version>\d{1,4})\$m=(?<m>\d+),t=(?<t>\d+),p=(?<p>\d+)(?<more>(?:,[a-z]+=[A-Za-z0-9+/]*)*)\$(?<salt>[A-Za-z0-9+/]+)\$(?<key>[A-Za-z0-9+/]+)$/;

/**
 * Reads an argon2i or argon2id hash in PHC format.
 * @param text what it was made of, if that is known
 * @throws HashError
 */
export function readArgon2(hash: string, text: StoredHash['text'] = 'either'): StoredHash {
  const parts = PHC.exec(hash)?.groups;
  if (parts === undefined) throw new HashError('bad_hash');
  const { type = '', version = '', more, salt = '', key = '' } = parts;
  if (type === 'd' || more !== '' || !['16', '19'].includes(version)) throw new HashError('hash_unsupported');
  const [m, t, p] = [
    readCost(parts.m, MAX_MEMORY_KIB),
    readCost(parts.t, MAX_PASSES),
    readCost(parts.p, MAX_LANES),
  ];
  if (m < 8 * p) throw new HashError('bad_hash');
  checkSalt(decodeBase64(salt), 8);
  checkKey(decodeBase64(key));
  return {
    kind: `argon2${type} v=${version},m=${m},t=${t},p=${p}`,
    text,
    signerKeyId: null,
    fits: (password) => verify(hash, password),
  };
}
