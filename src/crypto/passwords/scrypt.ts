import { scrypt } from 'node:crypto';
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

/** 128 · N · r bytes. */
const MAX_MEMORY = 64 * 1024 * 1024;
const MAX_LANES = 4;
/** Django's default. */
const MAX_DJANGO_LANES = 5;

/** The cost of scrypt (RFC 7914): N, r and p. */
export type ScryptCost = Readonly<{ n: number; r: number; p: number }>;

/** Checks the cost. @throws HashError `bad_hash` if N is not a power of two above 1, `hash_too_costly` */
export function checkScryptCost({ n, r, p }: ScryptCost, maxLanes = MAX_LANES): ScryptCost {
  if (n < 2 || !Number.isInteger(Math.log2(n)) || r < 1 || p < 1) throw new HashError('bad_hash');
  if (128 * n * r > MAX_MEMORY || p > maxLanes) throw new HashError('hash_too_costly');
  return { n, r, p };
}

/** Derives a key in the thread pool. */
export function deriveByScrypt(
  password: string,
  { salt, length, cost: { n, r, p } }: { salt: Buffer; length: number; cost: ScryptCost },
): Promise<Buffer> {
  // Node's default for maxmem is too small for costs that are allowed here.
  const options = { N: n, r, p, maxmem: 128 * r * (n + p + 2) + 4096 };
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, options, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}

type Parts = { cost: ScryptCost; salt: Buffer; key: Buffer; text?: 'typed' | 'nfkc'; maxLanes?: number };

function scryptHash({ cost, salt, key, text = 'typed', maxLanes = MAX_LANES }: Parts): StoredHash {
  const { n, r, p } = checkScryptCost(cost, maxLanes);
  checkSalt(salt);
  checkKey(key);
  return {
    kind: `scrypt ${n},${r},${p},${key.length}`,
    text,
    signerKeyId: null,
    fits: async (password) =>
      isSameKey(await deriveByScrypt(password, { salt, length: key.length, cost }), key),
  };
}

const PHC = /^\$scrypt\$ln=(?<ln>\d+),r=(?<r>\d+),p=(?<p>\d+)\$(?<salt>[^$]+)\$(?<key>[^$]+)$/;

/** Reads a scrypt hash in PHC format. @throws HashError */
export function readScrypt(hash: string): StoredHash {
  const parts = PHC.exec(hash)?.groups;
  if (parts === undefined) throw new HashError('bad_hash');
  const cost = { n: 2 ** readCost(parts.ln, 30), ...lanes(parts) };
  return scryptHash({ cost, salt: decodeBase64(parts.salt ?? ''), key: decodeBase64(parts.key ?? '') });
}

/** Spells a scrypt hash in PHC format. @throws HashError */
export function spellScrypt({ cost, salt, key }: Pick<Parts, 'cost' | 'salt' | 'key'>): string {
  const { n, r, p } = checkScryptCost(cost);
  const unpadded = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
  return `$scrypt$ln=${Math.log2(n)},r=${r},p=${p}$${unpadded(salt)}$${unpadded(key)}`;
}

const MAX_N = 2 ** 30;
const lanes = ({ r, p }: Record<string, string>) => ({ r: readCost(r, 2 ** 20), p: readCost(p, 2 ** 20) });

const DJANGO = /^scrypt\$(?<n>\d+)\$(?<salt>[^$]+)\$(?<r>\d+)\$(?<p>\d+)\$(?<key>[^$]+)$/;

/** Reads Django's scrypt hash: the salt is a text. @throws HashError */
export function readDjangoScrypt(hash: string): StoredHash {
  const parts = DJANGO.exec(hash)?.groups;
  if (parts === undefined) throw new HashError('bad_hash');
  const cost = { n: readCost(parts.n, MAX_N), ...lanes(parts) };
  const [salt, key] = [Buffer.from(parts.salt ?? ''), decodeBase64(parts.key ?? '')];
  return scryptHash({ cost, salt, key, maxLanes: MAX_DJANGO_LANES });
}

const WERKZEUG = /^scrypt:(?<n>\d+):(?<r>\d+):(?<p>\d+)\$(?<salt>[^$]+)\$(?<key>[^$]+)$/;

/** Reads Werkzeug's scrypt hash: the salt is a text, and the key is in hexadecimal digits. @throws HashError */
export function readWerkzeugScrypt(hash: string): StoredHash {
  const parts = WERKZEUG.exec(hash)?.groups;
  if (parts === undefined) throw new HashError('bad_hash');
  const cost = { n: readCost(parts.n, MAX_N), ...lanes(parts) };
  return scryptHash({ cost, salt: Buffer.from(parts.salt ?? ''), key: decodeHex(parts.key ?? '') });
}

/** The form of better-auth's hash: the salt and the key in hexadecimal digits. */
export const BETTER_AUTH = /^(?<salt>[0-9a-f]{32}):(?<key>[0-9a-f]{128})$/;

/** Reads better-auth's scrypt hash. The salt is the text of the digits, and the password is in NFKC. @throws HashError */
export function readBetterAuth(hash: string): StoredHash {
  const parts = BETTER_AUTH.exec(hash)?.groups;
  if (parts === undefined) throw new HashError('bad_hash');
  const [salt, key] = [Buffer.from(parts.salt ?? ''), decodeHex(parts.key ?? '')];
  return scryptHash({ cost: { n: 16_384, r: 16, p: 1 }, salt, key, text: 'nfkc' });
}
