import { createHash } from 'node:crypto';
import { compare } from 'bcrypt';
import { checkSalt, decodeBase64, HashError, type StoredHash } from './hash-parts.ts';

const MIN_COST = 4;
const MAX_COST = 13;
const BCRYPT = /^\$2[aby]\$(?<cost>\d\d)\$[./A-Za-z0-9]{53}$/;

/**
 * Reads a bcrypt hash: `$2a$`, `$2b$` and `$2y$` name one algorithm. The first 72 bytes of a password count.
 * @param prepare turns the password into what was hashed
 * @throws HashError
 */
export function readBcrypt(
  hash: string,
  prepare: (password: string) => string | Buffer = (text) => text,
): StoredHash {
  const cost = Number(BCRYPT.exec(hash)?.groups?.cost);
  if (!(cost >= MIN_COST)) throw new HashError('bad_hash');
  if (cost > MAX_COST) throw new HashError('hash_too_costly');
  // The library does not know `$2y$`.
  const known = hash.replace('$2y$', '$2b$');
  return {
    kind: `bcrypt ${cost}`,
    text: 'typed',
    signerKeyId: null,
    async fits(password) {
      const fits = await compare(prepare(password), known);
      // Many libraries end the text at a NUL, so that texts with the same start would fit.
      return fits && !password.includes('\0');
    },
  };
}

/** Reads Django's bcrypt of the SHA-256 in hexadecimal digits. @throws HashError */
export const readBcryptOfSha256 = (hash: string): StoredHash =>
  readBcrypt(hash, (password) => createHash('sha256').update(password).digest('hex'));

const SALTED = /^salted\$(?<prefix>[A-Za-z0-9+/=]*)\$(?<suffix>[A-Za-z0-9+/=]*)\$(?<hash>\$2.*)$/s;

/** Reads the gateway's form of a bcrypt hash that was made of a salt and the password. @throws HashError */
export function readSaltedBcrypt(text: string): StoredHash {
  const parts = SALTED.exec(text)?.groups;
  if (parts === undefined) throw new HashError('bad_hash');
  const [prefix, suffix] = [parts.prefix, parts.suffix].map((salt = '') => decodeBase64(salt));
  for (const salt of [prefix, suffix]) checkSalt(salt ?? Buffer.alloc(0), 0);
  return readBcrypt(parts.hash ?? '', (password) =>
    Buffer.concat([prefix ?? Buffer.alloc(0), Buffer.from(password), suffix ?? Buffer.alloc(0)]),
  );
}

/** Spells a bcrypt hash that was made of a salt and the password. */
export const spellSaltedBcrypt = (
  hash: string,
  { prefix, suffix }: { prefix: Buffer; suffix: Buffer },
): string => `salted$${prefix.toString('base64')}$${suffix.toString('base64')}$${hash}`;
