import { pbkdf2 } from 'node:crypto';
import {
  checkKey,
  checkSalt,
  decodeBase64,
  decodeHex,
  HashError,
  isSameKey,
  readCost,
  type StoredHash,
} from './hash-parts.ts';

/** The digests of SHA-1 and SHA-2, with their lengths in bytes. */
const DIGEST_BYTES: Readonly<Record<string, number>> = {
  sha1: 20,
  sha224: 28,
  sha256: 32,
  sha384: 48,
  sha512: 64,
};

/** Rounds of the digest: iterations, times the blocks of the key. */
const MAX_ROUNDS = 2_000_000;

type Parts = { digest: string; iterations: number; salt: Buffer; key: Buffer };

function pbkdf2Hash({ digest, iterations, salt, key }: Parts): StoredHash {
  const digestBytes = DIGEST_BYTES[digest];
  if (digestBytes === undefined) throw new HashError('hash_unsupported');
  checkSalt(salt);
  checkKey(key);
  if (iterations < 1) throw new HashError('bad_hash');
  if (iterations * Math.ceil(key.length / digestBytes) > MAX_ROUNDS) throw new HashError('hash_too_costly');
  return {
    kind: `pbkdf2-${digest} ${iterations},${key.length}`,
    text: 'typed',
    signerKeyId: null,
    fits: async (password) => isSameKey(await derive(password, { digest, iterations, salt, key }), key),
  };
}

const derive = (password: string, { digest, iterations, salt, key }: Parts): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    pbkdf2(password, salt, iterations, key.length, digest, (error, derived) =>
      error === null ? resolve(derived) : reject(error),
    );
  });

const PHC =
  /^\$pbkdf2-(?<digest>[a-z0-9-]+)(?:\$(?<parameters>(?:i=\d+|l=\d+)(?:,(?:i=\d+|l=\d+))?))?\$(?<salt>[^$=]+=*)\$(?<key>[^$=]+=*)$/;

/** What Auth0 takes for parameters that are left out. */
const DEFAULTS = { i: '100000', l: '64' };

/** Reads Auth0's form: `$pbkdf2-<digest>$i=…,l=…$salt$key`. @throws HashError */
export function readPbkdf2(hash: string): StoredHash {
  const parts = PHC.exec(hash)?.groups;
  if (parts === undefined) throw new HashError('bad_hash');
  const { digest = '', parameters = '', salt = '', key: keyText = '' } = parts;
  const given = Object.fromEntries(parameters.split(',').map((pair) => pair.split('=')));
  const { i, l }: Record<string, string> = { ...DEFAULTS, ...given };
  const key = decodeBase64(keyText);
  // A length far above the bound is too long for the key as well.
  if (readCost(l, Number.MAX_SAFE_INTEGER) !== key.length) throw new HashError('bad_hash');
  return pbkdf2Hash({ digest, iterations: readCost(i, MAX_ROUNDS), salt: decodeBase64(salt), key });
}

const DJANGO = /^pbkdf2_(?<digest>[a-z0-9]+)\$(?<iterations>\d+)\$(?<salt>[^$]+)\$(?<key>[^$]+)$/;

/** Reads Django's form: the salt is a text. @throws HashError */
export function readDjangoPbkdf2(hash: string): StoredHash {
  const parts = DJANGO.exec(hash)?.groups;
  if (parts === undefined) throw new HashError('bad_hash');
  const { digest = '', iterations, salt = '', key = '' } = parts;
  return pbkdf2Hash({
    digest,
    iterations: readCost(iterations, MAX_ROUNDS),
    salt: Buffer.from(salt),
    key: decodeBase64(key),
  });
}

const WERKZEUG = /^pbkdf2:(?<digest>[a-z0-9]+):(?<iterations>\d+)\$(?<salt>[^$]+)\$(?<key>[^$]+)$/;

/** Reads Werkzeug's form: the salt is a text, and the key is in hexadecimal digits. @throws HashError */
export function readWerkzeugPbkdf2(hash: string): StoredHash {
  const parts = WERKZEUG.exec(hash)?.groups;
  if (parts === undefined) throw new HashError('bad_hash');
  const { digest = '', iterations, salt = '', key = '' } = parts;
  return pbkdf2Hash({
    digest,
    iterations: readCost(iterations, MAX_ROUNDS),
    salt: Buffer.from(salt),
    key: decodeHex(key),
  });
}

/** The digests of ASP.NET Core Identity, by the number in the hash. */
const PRF = ['sha1', 'sha256', 'sha512'];
const V3_HEADER_BYTES = 13;
const V2 = { salt: 16, key: 32, iterations: 1000 };

/** Tells whether a text is base64 that begins as a hash of ASP.NET Identity does: version 2 or 3. */
export function isAspNetIdentity(hash: string): boolean {
  if (!/^[A-Za-z0-9+/]{60,}={0,2}$/.test(hash) || hash.length % 4 !== 0) return false;
  const bytes = Buffer.from(hash, 'base64');
  return bytes[0] === 0 ? bytes.length === 1 + V2.salt + V2.key : bytes.readUInt32BE(0) === 0x01_00_00_00;
}

/** Reads a hash of ASP.NET Core Identity, version 2 or 3. @throws HashError */
export function readAspNetIdentity(hash: string): StoredHash {
  const bytes = decodeBase64(hash);
  if (bytes[0] === 0) {
    const salt = bytes.subarray(1, 1 + V2.salt);
    return pbkdf2Hash({ digest: 'sha1', iterations: V2.iterations, salt, key: bytes.subarray(1 + V2.salt) });
  }
  if (bytes[0] !== 1 || bytes.length < V3_HEADER_BYTES) throw new HashError('bad_hash');
  const digest = PRF[bytes.readUInt32BE(1)];
  const iterations = bytes.readUInt32BE(5);
  const keyStart = V3_HEADER_BYTES + bytes.readUInt32BE(9);
  if (digest === undefined || keyStart > bytes.length) throw new HashError('bad_hash');
  return pbkdf2Hash({
    digest,
    iterations,
    salt: bytes.subarray(V3_HEADER_BYTES, keyStart),
    key: bytes.subarray(keyStart),
  });
}
