import { spellSaltedBcrypt } from '../../../crypto/passwords/bcrypt.ts';
import { decodeHex, HashError } from '../../../crypto/passwords/hash-parts.ts';
import { spellImportedHash } from '../../../crypto/passwords/imported-hash.ts';
import { spellScrypt } from '../../../crypto/passwords/scrypt.ts';
import { readObject, readText } from './fields.ts';
import type { Fields } from './records.ts';
import { RowFault } from './row-fault.ts';

/** The password of an imported person. */
export type ImportedPassword = Readonly<{
  /** What is stored; null for no password. */
  hash: string | null;
  /** A signer key that was in the text of the hash. It is stored once. */
  signerKey: Buffer | null;
  /** Whether the hash was of an algorithm that is never stored: the person sets a new password by mail. */
  unsupported: boolean;
}>;

export const NO_PASSWORD: ImportedPassword = { hash: null, signerKey: null, unsupported: false };

/** Turns faults of hashes into faults of rows. A hash that is not supported leaves the person without a password. */
function reading(read: () => ImportedPassword): ImportedPassword {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof HashError)) throw error;
    if (error.fault === 'hash_unsupported') return { ...NO_PASSWORD, unsupported: true };
    throw new RowFault(error.fault);
  }
}

const checked = (text: string): ImportedPassword => ({ ...NO_PASSWORD, ...spellImportedHash(text) });

/** Reads a hash by its text. Django marks accounts without a password by a `!`. @throws RowFault */
export const readHash = (text: string | null): ImportedPassword =>
  text === null || text.startsWith('!') ? NO_PASSWORD : reading(() => checked(text));

/** Reads bytes in an encoding that Auth0 names. @throws HashError `bad_hash` */
function decode(part: Fields, byDefault: 'utf8' | 'base64'): Buffer {
  const text = readText(part.value) ?? '';
  switch (readText(part.encoding) ?? byDefault) {
    case 'utf8':
      return Buffer.from(text);
    case 'hex':
      return decodeHex(text);
    case 'base64':
      if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) throw new HashError('bad_hash');
      return Buffer.from(text, 'base64');
    default:
      throw new HashError('hash_unsupported');
  }
}

/** Reads Auth0's `custom_password_hash`. @throws RowFault */
export const readCustomHash = (custom: Fields): ImportedPassword =>
  reading(() => {
    const hash = readObject(custom.hash) ?? {};
    const salt = readObject(custom.salt);
    const encoding = readText(readObject(custom.password)?.encoding);
    if (encoding !== null && encoding !== 'utf8') throw new HashError('hash_unsupported');
    switch (readText(custom.algorithm)) {
      case 'bcrypt':
        return checked(readAuth0Bcrypt(hash, salt));
      case 'argon2':
      case 'pbkdf2':
        if (salt !== null) throw new HashError('hash_unsupported');
        return checked(decode(hash, 'utf8').toString());
      case 'scrypt':
        return checked(readAuth0Scrypt(custom, hash, salt ?? {}));
      default:
        throw new HashError('hash_unsupported');
    }
  });

function readAuth0Bcrypt(hash: Fields, salt: Fields | null): string {
  const text = decode(hash, 'utf8').toString();
  if (salt === null) return text;
  const bytes = decode(salt, 'utf8');
  const none = Buffer.alloc(0);
  const isSuffix = readText(salt.position) === 'suffix';
  return spellSaltedBcrypt(
    text,
    isSuffix ? { prefix: none, suffix: bytes } : { prefix: bytes, suffix: none },
  );
}

const SCRYPT = { keylen: 64, cost: 16_384, blockSize: 8, parallelization: 1 };

function readAuth0Scrypt(custom: Fields, hash: Fields, salt: Fields): string {
  const number = (name: keyof typeof SCRYPT): number => {
    const digits = String(custom[name] ?? SCRYPT[name]);
    if (!/^\d+$/.test(digits)) throw new HashError('bad_hash');
    return Number(digits);
  };
  const key = decode(hash, 'base64');
  if (key.length !== number('keylen')) throw new HashError('bad_hash');
  const cost = { n: number('cost'), r: number('blockSize'), p: number('parallelization') };
  return spellScrypt({ cost, salt: decode(salt, 'utf8'), key });
}
