import { readArgon2 } from './argon2.ts';
import { readBcrypt, readBcryptOfSha256, readSaltedBcrypt } from './bcrypt.ts';
import { readFirebaseScrypt } from './firebase.ts';
import { HashError, type StoredHash } from './hash-parts.ts';
import {
  isAspNetIdentity,
  readAspNetIdentity,
  readDjangoPbkdf2,
  readPbkdf2,
  readWerkzeugPbkdf2,
} from './pbkdf2.ts';
import { BETTER_AUTH, readBetterAuth, readDjangoScrypt, readScrypt, readWerkzeugScrypt } from './scrypt.ts';

const MAX_HASH_LENGTH = 1024;

/** Django puts the name of its own algorithm before the hash of another library. */
const afterName = (hash: string): string => hash.slice(hash.indexOf('$') + 1);

/** The forms of hashes, by how they begin. The first match counts. */
const forms: readonly (readonly [start: RegExp, read: (hash: string) => StoredHash])[] = [
  [/^\$argon2(?:id|i|d)\$/, (hash) => readArgon2(hash)],
  [/^\$2[aby]\$/, (hash) => readBcrypt(hash)],
  [/^\$scrypt\$/, readScrypt],
  [/^\$fbscrypt\$/, readFirebaseScrypt],
  [/^\$pbkdf2-/, readPbkdf2],
  // Django. The import spells plain argon2 hashes so, too: they were made of the text as typed.
  [/^argon2\$/, (hash) => readArgon2(`$${afterName(hash).replace(/^\$/, '')}`, 'typed')],
  [/^bcrypt\$/, (hash) => readBcrypt(afterName(hash))],
  [/^salted\$/, readSaltedBcrypt],
  [/^bcrypt_sha256\$/, (hash) => readBcryptOfSha256(afterName(hash))],
  [/^pbkdf2_/, readDjangoPbkdf2],
  [/^scrypt\$/, readDjangoScrypt],
  [/^scrypt:/, readWerkzeugScrypt],
  [/^pbkdf2:/, readWerkzeugPbkdf2],
  [BETTER_AUTH, readBetterAuth],
];

/**
 * Reads a password hash of the gateway or of another system by its text. It checks the cost before a hash is verified: a stored
 * text must not decide how much time and memory a login takes.
 * @throws HashError
 */
export function readStoredHash(hash: string): StoredHash {
  if (hash.length > MAX_HASH_LENGTH) throw new HashError('bad_hash');
  const read = forms.find(([start]) => start.test(hash))?.[1];
  if (read !== undefined) return read(hash);
  if (isAspNetIdentity(hash)) return readAspNetIdentity(hash);
  throw new HashError('hash_unsupported');
}
